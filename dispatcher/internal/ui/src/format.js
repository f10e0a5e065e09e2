// Numbers, times and texts as people read them.

const two = (n) => String(n).padStart(2, "0");

export const dateOf = (t) => t.getFullYear() + "-" + two(t.getMonth() + 1) + "-" + two(t.getDate());
export const clockOf = (t) => two(t.getHours()) + ":" + two(t.getMinutes()) + ":" + two(t.getSeconds());

// timeOf is a time of this day by its clock, any other with its date.
export function timeOf(t, now = new Date()) {
  return dateOf(t) === dateOf(now) ? clockOf(t) : dateOf(t) + " " + clockOf(t);
}

// relative says how far a time is from now.
export function relative(t, now) {
  const seconds = Math.round((t - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return "now";
  const text = spanOf(size);
  return seconds < 0 ? text + " ago" : "in " + text;
}

// spanOf is a length of time in its two largest units at most.
export function spanOf(seconds) {
  if (seconds < 60) return Math.round(seconds) + " s";
  if (seconds < 3600) return Math.round(seconds / 60) + " min";
  if (seconds < 86400) {
    const minutes = Math.round(seconds / 60);
    return Math.floor(minutes / 60) + " h" + (minutes % 60 && minutes < 600 ? " " + (minutes % 60) + " min" : "");
  }
  const hours = Math.round(seconds / 3600);
  return Math.floor(hours / 24) + " d" + (hours % 24 && hours < 240 ? " " + (hours % 24) + " h" : "");
}

// durationOf is how long something took.
export function durationOf(seconds) {
  if (!seconds) return "0 ms";
  if (seconds < 0.001) return Math.round(seconds * 1e6) + " µs";
  if (seconds < 0.01) return (seconds * 1000).toFixed(1) + " ms";
  if (seconds < 1) return Math.round(seconds * 1000) + " ms";
  if (seconds < 10) return seconds.toFixed(2) + " s";
  if (seconds < 120) return seconds.toFixed(1) + " s";
  return spanOf(seconds);
}

export const count = (n) => (n ?? 0).toLocaleString("en").replaceAll(",", "\u2009");
export const plural = (n, one, many = one + "s") => count(n) + "\u00a0" + (n === 1 ? one : many);

export function bytesOf(text) {
  const n = new TextEncoder().encode(text).length;
  return n < 1024 ? n + " B" : (n / 1024).toFixed(1) + " KiB";
}

// headersOf reads "Name: value" lines.
export function headersOf(text) {
  return (text || "").split("\n").filter(Boolean).map((line) => {
    const at = line.indexOf(":");
    return at < 0 ? { name: line, value: "" } : { name: line.slice(0, at), value: line.slice(at + 1).trim() };
  });
}

// positionOf is the line and column of an offset, both from 1.
export function positionOf(text, offset) {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

// checkJSON says what is wrong with a text that is to be a JSON object; empty if nothing.
export function checkJSON(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(error.message);
    const reason = error.message.replace(/\s*(in JSON )?at position \d+.*$/s, "");
    if (!at) return reason + ".";
    const { line, column } = positionOf(text, Number(at[1]));
    return "Line " + line + ", column " + column + ": " + reason + ".";
  }
  return value === null || typeof value !== "object" || Array.isArray(value) ? "The data must be a JSON object, such as {\"id\": 1}." : "";
}
