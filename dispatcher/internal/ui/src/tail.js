// The live tail: Server-Sent Events, read with fetch, which tells why it was refused.
import { paths, request } from "./api.js";

const longest = 10000;

// follow reads the tail until the signal aborts, and connects again when it ends. It
// tells of each row (tell.row), of rows that were left out (tell.gap, with how many, or 0
// if nobody knows), and of how it is (tell.state: "on" or "lost", or an error that does
// not go away by trying again).
export async function follow(ns, filter, last, tell, signal) {
  const known = new Known();
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, longest)) {
    try {
      const response = await request("GET", paths.namespace(ns) + "/deliveries/tail", { query: { ...filter, last }, headers: { Accept: "text/event-stream" }, signal });
      tell.state("on");
      wait = 500;
      await read(response.body, receiver(known, last, tell));
    } catch (error) {
      if (signal.aborted) return;
      if (error.status && error.status < 500 && error.status !== 429) {
        tell.state(error);
        return;
      }
      tell.state(error.status ? error : "lost");
    }
    await pause(wait, signal);
  }
}

// receiver handles the events of one connection. After a lost one the newest rows come
// first: if all of them are new there may have been others.
function receiver(known, last, tell) {
  const again = known.any();
  let fresh = 0;
  let met = !again;
  return (event, data) => {
    if (event === "gap") return tell.gap(JSON.parse(data).dropped);
    if (event !== "delivery") return undefined;
    const row = JSON.parse(data);
    if (!known.add(row.WebhookLogTransactionId + row.WebhookLogRetryNumber + row.WebhookLogStartDateTimeUtc)) {
      met = true;
      return undefined;
    }
    if (!met && ++fresh === last) tell.gap(0);
    return tell.row(row);
  };
}

// Known remembers the rows that were told of last.
class Known {
  #keys = new Set();
  any() {
    return this.#keys.size > 0;
  }
  add(key) {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    if (this.#keys.size > 2000) this.#keys.delete(this.#keys.values().next().value);
    return true;
  }
}

// read splits a stream into events.
async function read(stream, handle) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = "";
  let data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.map((l) => l.replace(/\r$/, ""))) {
      if (line.startsWith("event:")) event = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      else if (line === "") {
        if (data.length) handle(event, data.join("\n"));
        event = "";
        data = [];
      }
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
