// The small parts that all views are made of.
import { useEffect, useRef, useState } from "preact/hooks";
import { timeOf, relative, dateOf, clockOf } from "./format.js";
import { useNow } from "./load.js";
import { announce } from "./store.js";

const signs = { ok: "✓", bad: "✕", warn: "!", idle: "–", busy: "…" };

// Badge is a state, in a word and with a sign, so that it does not need its colour.
export function Badge({ tone, title, children }) {
  return <span class={"badge " + tone} title={title}><span class="sign" aria-hidden="true">{signs[tone]}</span>{children}</span>;
}

// Time shows a time of this place; its title has it in UTC, and how long ago that is.
export function Time({ at, only }) {
  const now = useNow();
  if (!at) return <span class="quiet">–</span>;
  const t = new Date(at);
  const ago = relative(t, now);
  const text = only === "relative" ? ago : timeOf(t);
  return <time dateTime={at} title={dateOf(t) + " " + clockOf(t) + " local time\n" + t.toISOString() + " (UTC)\n" + ago}>{text}{only === "both" && <span class="quiet"> · {ago}</span>}</time>;
}

// strange are characters that would change how the text around them is shown.
const strange = /(\*\*\*|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])/;

// Text shows what others have written: as text, with private values and invisible
// characters marked, and without effect on the direction of what is around it.
export function Text({ value }) {
  const pieces = (value ?? "").split(strange);
  return <bdi>{pieces.map((piece, i) => {
    if (i % 2 === 0) return piece;
    if (piece === "***") return <span key={i} class="masked" title="A private value, which is never shown">***</span>;
    if (piece === "\r") return "";
    const code = "U+" + piece.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return <span key={i} class="strange" title={"The character " + code}>{code}</span>;
  })}</bdi>;
}

// ErrorNote shows what went wrong, and how to try again.
export function ErrorNote({ error, retry }) {
  if (!error) return null;
  return <div class="note bad" role="alert">
    <strong><span aria-hidden="true">✕ </span>{error.title || "Something went wrong"}{error.status ? <span class="quiet"> {error.status}</span> : null}</strong>
    {(error.detail || !error.title) && <p>{error.detail || error.message}</p>}
    {error.missing && <Missing of={error.missing} />}
    {error.fields?.length > 0 && <ul class="fields">{error.fields.map((f, i) => <li key={i}><code>{f.field}</code>{f.line ? <span> line {f.line}, column {f.column}</span> : null}: <Text value={f.message} /></li>)}</ul>}
    {retry && <button type="button" onClick={retry}>Try again</button>}
  </div>;
}

// Missing says which right is missing, in the words of a Role.
function Missing({ of: { verb, namespace, webhook, role } }) {
  return <p>What is missing: the verb <code>{verb}</code> on <code>webhooks/calls</code> in the namespace <bdi>{namespace}</bdi>{webhook && <> for the Webhook <bdi>{webhook}</bdi></>}{role && <>; the ClusterRole <code>{role}</code> has it</>}.</p>;
}

// Loaded shows the children once there is data, and errors beside it.
export function Loaded({ of, children }) {
  return <>
    <ErrorNote error={of.error} retry={of.reload} />
    {of.data === undefined ? !of.error && <p class="loading" role="status">Loading…</p> : children(of.data)}
  </>;
}

// Table has a caption and column headings, and becomes cards on narrow screens. Columns
// are {head, cell, class, rowHead}.
export function Table({ caption, columns, rows, keyOf, empty, rowClass, ...events }) {
  if (!rows.length) return <p class="empty">{empty}</p>;
  return <table class="cards" role="table" {...events}>
    <caption class="hidden">{caption}</caption>
    <thead role="rowgroup"><tr role="row">{columns.map((c) => <th key={c.head} scope="col" role="columnheader" class={c.class}>{c.head}</th>)}</tr></thead>
    <tbody role="rowgroup">{rows.map((row) => <tr key={keyOf(row)} role="row" class={rowClass?.(row)}>
      {columns.map((c) => c.rowHead
        ? <th key={c.head} scope="row" role="rowheader" class={c.class} data-label={c.head}>{c.cell(row)}</th>
        : <td key={c.head} role="cell" class={c.class} data-label={c.head}><span class="value">{c.cell(row)}</span></td>)}
    </tr>)}</tbody>
  </table>;
}

// Copy copies a text to the clipboard.
export function Copy({ text, what }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    await toClipboard(text);
    setDone(true);
    announce("Copied " + what);
  };
  return <button type="button" class="small" aria-label={"Copy " + what} onClick={copy}>{done ? "Copied ✓" : "Copy"}</button>;
}

// toClipboard also works where the page was not reached by HTTPS.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// Dialog is a modal one; Escape and a click beside it close it.
export function Dialog({ title, onClose, children }) {
  const dialog = useRef();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.focus?.();
  }, []);
  return <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose} onClick={(e) => e.target === dialog.current && dialog.current.close()}>
    <div class="dialog"><h2 id="dialog-title">{title}</h2>{children}</div>
  </dialog>;
}

// Confirm asks before something is done, does it, and shows why it could not be done.
export function Confirm({ title, action, danger, run, onDone, onClose, children }) {
  const [state, setState] = useState({});
  const confirm = async () => {
    setState({ busy: true });
    try {
      onDone?.(await run());
      onClose();
    } catch (error) {
      setState({ error });
    }
  };
  return <Dialog title={title} onClose={onClose}>
    {children}
    <ErrorNote error={state.error} />
    <div class="buttons">
      <button type="button" class={danger ? "danger" : "primary"} disabled={state.busy} onClick={confirm}>{state.busy ? "Working…" : action}</button>
      <button type="button" onClick={onClose}>Leave it</button>
    </div>
  </Dialog>;
}

// Field is an input with its label above it.
export function Field({ label, hint, children, class: name }) {
  return <label class={"field " + (name || "")}><span>{label}</span>{children}{hint && <small>{hint}</small>}</label>;
}

// Facts is a list of names and values.
export function Facts({ items }) {
  return <dl class="facts">{items.filter(Boolean).map(([name, value], i) => <div key={i}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

export function Select({ value, options, onChange, ...rest }) {
  return <select value={value ?? ""} onChange={(e) => onChange(e.currentTarget.value)} {...rest}>
    {options.map(([v, text]) => <option key={v} value={v} selected={v === (value ?? "")}>{text}</option>)}
  </select>;
}
