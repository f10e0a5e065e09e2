// The filters of the delivery log. They are in the address.
import { useState } from "preact/hooks";
import { dateOf, clockOf } from "./format.js";
import { Field, Select } from "./parts.jsx";
import { refine } from "./route.js";
import { outcomes, reasons } from "./words.js";
import { Typed } from "./webhooks.jsx";

const spans = { "15m": 900, "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800 };

// rest are the filters that are folded away, and what they are called.
const rest = { till: "Till", integration: "Integration", transactionId: "Transaction id", statusCode: "HTTP status", outcome: "Outcome", reason: "Reason" };
const all = ["webhook", "since", "isSuccessful", "text", ...Object.keys(rest)];

// wanted is what the API is asked for. A span becomes a time when it is asked.
export function wanted(query, webhook) {
  const filter = Object.fromEntries(all.map((key) => [key, (query[key] || "").trim()]));
  if (webhook) filter.webhook = webhook;
  if (spans[filter.since]) filter.since = new Date(Date.now() - spans[filter.since] * 1000).toISOString();
  return filter;
}

// isFiltered reports whether anything is asked for beside the webhook of the page.
export const isFiltered = (query) => all.some((key) => query[key]);

// clear leaves nothing to ask for.
export const clear = () => refine(Object.fromEntries(all.map((key) => [key, ""])));

export function Filters({ query, webhook, tailing }) {
  const set = (key) => (value) => refine({ [key]: value.trim() });
  const folded = Object.keys(rest).filter((key) => query[key]);
  const [open, setOpen] = useState(folded.length > 0);
  const typed = (key, label, more) => <Field label={label}><Typed name={key} value={query[key] || ""} onSettled={set(key)} {...more} /></Field>;
  const custom = query.since && !spans[query.since];
  return <form class="filters" role="search" aria-label="Filters" onSubmit={(e) => e.preventDefault()}>
    <Field label="Text in URL or body" class="grow"><Typed data-search type="search" name="text" value={query.text || ""} onSettled={set("text")} /></Field>
    {!webhook && typed("webhook", "Webhook")}
    <Field label="Result"><Select name="isSuccessful" value={query.isSuccessful} options={[["", "All"], ["true", "Succeeded"], ["false", "Not succeeded"]]} onChange={set("isSuccessful")} /></Field>
    {!tailing && <Field label="Since"><Select name="since" value={custom ? "custom" : query.since} options={[["", "Any time"], ...Object.keys(spans).map((s) => [s, "Last " + s]), ["custom", "From a time…"]]}
      onChange={(v) => refine({ since: v === "custom" ? new Date(Date.now() - 3600e3).toISOString() : v })} /></Field>}
    {!tailing && custom && <Moment name="since" label="From" value={query.since} onChange={set("since")} />}
    <details class="more" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>More filters{folded.length > 0 && " (" + folded.length + ")"}</summary>
      <div class="filters">
        {!tailing && <Moment name="till" label="Till" value={query.till} onChange={set("till")} />}
        {!webhook && typed("integration", "Integration")}
        {typed("transactionId", "Transaction id", { class: "mono" })}
        {typed("statusCode", "HTTP status", { placeholder: "503, 5xx, 0" })}
        <Field label="Outcome"><Select name="outcome" value={query.outcome} options={[["", "All"], ...outcomes.map((o) => [o, o])]} onChange={set("outcome")} /></Field>
        <Field label="Reason"><Select name="reason" value={query.reason} options={[["", "All"], ...reasons.map((r) => [r, r])]} onChange={set("reason")} /></Field>
      </div>
    </details>
  </form>;
}

// Moment is a time of this place; the address has it in UTC.
function Moment({ name, label, value, onChange }) {
  const t = value ? new Date(value) : null;
  const local = t && !Number.isNaN(t.getTime()) ? dateOf(t) + "T" + clockOf(t) : "";
  const change = (event) => {
    const typed = event.currentTarget.value;
    onChange(typed ? new Date(typed).toISOString() : "");
  };
  return <Field label={label + ", local time"}><input type="datetime-local" step="1" name={name + "-at"} value={local} onChange={change} /></Field>;
}
