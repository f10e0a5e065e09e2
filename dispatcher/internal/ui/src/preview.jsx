// Preview: the request that data would make, without sending it. Test call: sending it.
import { useEffect, useState } from "preact/hooks";
import { paths, request, send } from "./api.js";
import { checkJSON, durationOf } from "./format.js";
import { pretty } from "./json.js";
import { Body, Headers } from "./body.jsx";
import { Badge, Confirm, ErrorNote, Facts, Text } from "./parts.jsx";
import { to } from "./route.js";
import { announce } from "./store.js";
import { meaningOf, toneOf } from "./words.js";

export function Preview({ ns, name, info }) {
  const [text, setText] = useState("");
  const [sample, setSample] = useState({});
  const [state, setState] = useState({});
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    request("GET", paths.webhook(ns, name) + "/manifest", { query: { part: "sampleData" }, signal: abort.signal })
      .then((response) => response.text())
      .then((data) => setText((typed) => typed || pretty(data)), (error) => error.name !== "AbortError" && setSample({ error }));
    return () => abort.abort();
  }, [ns, name]);
  const wrong = text.trim() ? checkJSON(text) : "The data is empty; {} is data without anything in it.";
  const preview = async () => {
    if (wrong) return;
    setState({ busy: true });
    try {
      const rendered = await send("POST", paths.webhook(ns, name) + "/render", { body: text });
      setState({ rendered });
      announce("The preview is there");
    } catch (error) {
      setState({ error });
    }
  };
  const keys = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    preview();
  };
  return <div class="columns two">
    <section class="card">
      <h2>Data</h2>
      <label class="field"><span>The call's data, a JSON object</span>
        <textarea data-search name="data" rows={16} spellcheck={false} autoComplete="off" value={text} aria-invalid={!!wrong} aria-describedby="data-wrong" onInput={(e) => setText(e.currentTarget.value)} onKeyDown={keys} />
      </label>
      <p id="data-wrong" class={wrong ? "wrong" : "quiet"} role="status">{wrong || "Ctrl+Enter shows the preview."}</p>
      <ErrorNote error={sample.error} />
      <div class="buttons">
        <button type="button" class="primary" disabled={!!wrong || state.busy} onClick={preview}>Preview</button>
        <button type="button" disabled={!!wrong} onClick={() => setAsking(true)}>Send a test call…</button>
      </div>
    </section>
    <section class="card" aria-label="Result">
      <h2>{state.sent ? "Test call" : "Request"}</h2>
      <ErrorNote error={state.error} />
      {state.rendered ? <Rendered of={state.rendered} /> : state.sent ? <Sent ns={ns} name={name} call={state.sent} />
        : !state.error && <p class="quiet">{state.busy ? "Working…" : "A preview shows the request as it would be sent. Nothing is sent, and nothing is kept."}</p>}
    </section>
    {asking && <Confirm title="Send a test call?" action="Send it" onClose={() => setAsking(false)} run={() => send("POST", paths.webhook(ns, name) + "/calls", { body: text, headers: { Prefer: "wait=30" } })}
      onDone={(sent) => { setState({ sent }); announce("The test call " + (sent.outcome || "waits")); }}>
      <p>It is a call like any other: the receiver gets it{info.idempotencyKey ? ", again after failures," : ""} and it is in the delivery log.</p>
      <p class="mono"><b>{info.method}</b> <Text value={info.urlView} /></p>
    </Confirm>}
  </div>;
}

function Rendered({ of: r }) {
  return <>
    <p class="target mono"><b>{r.method}</b> <Text value={r.url} /></p>
    {r.notes?.length > 0 && <ul class="note warn">{r.notes.map((n, i) => <li key={i}><Text value={n} /></li>)}</ul>}
    <p class="quiet">{r.idempotencyKey ? "With the idempotency key: failed attempts are tried again." : "Without the idempotency key: one attempt at most."}</p>
    <h3>Headers</h3>
    <Headers of={r.headers} what="Headers of the request" />
    <h3>Body</h3>
    <Body text={r.body ?? r.bodyBase64 ?? ""} binary={r.bodyBase64 !== undefined} what="the body of the preview" />
  </>;
}

function Sent({ ns, name, call }) {
  const done = call.state === "Finished";
  return <>
    <Facts items={[
      ["State", done ? <><Badge tone={toneOf(call.outcome)}>{call.outcome}</Badge> {meaningOf(call.outcome)}</> : <><Badge tone="busy">Waiting</Badge> It has no outcome yet.</>],
      call.statusCode ? ["HTTP status", call.statusCode] : null,
      call.message && ["Message", <Text value={call.message} />],
      done && ["From the call to its end", durationOf((Date.parse(call.endedAt) - Date.parse(call.createdAt)) / 1000)],
    ]} />
    <p><a href={to.call(ns, name, call.transactionId)}>See the request and the answer</a></p>
  </>;
}
