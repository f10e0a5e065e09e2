// The Webhooks of a namespace. There may be many thousands: they come by pages, and are
// searched by the dispatcher.
import { useEffect, useState } from "preact/hooks";
import { get, paths } from "./api.js";
import { count, plural } from "./format.js";
import { useLoad } from "./load.js";
import { Badge, Field, Loaded, Select, Table, Text, Time } from "./parts.jsx";
import { refine, to } from "./route.js";
import { Health } from "./overview.jsx";
import { healthOf, toneOf } from "./words.js";

const first = 50;
const further = 500;
const most = 1000;

export function Webhooks({ ns, query }) {
  const filter = { search: query.search, integration: query.integration, health: query.health };
  const [wanted, setWanted] = useState(first);
  const loaded = useLoad((signal) => pages(ns, filter, wanted, signal), [ns, query.search, query.integration, query.health], { every: 15000, soft: wanted });
  return <>
    <h1 tabIndex={-1}>Webhooks</h1>
    <Search ns={ns} query={query} onChange={() => setWanted(first)} />
    <Loaded of={loaded}>{({ items, total, cursor }) => <>
      <p class="quiet" role="status">{plural(total, "Webhook")}{items.length < total && ", the first " + count(items.length) + " of which are shown"}</p>
      <Table caption={"Webhooks of " + ns} columns={webhookColumns(ns)} rows={items} keyOf={(w) => w.name}
        empty={query.search || query.integration || query.health ? "No Webhook fits the search." : "There is no Webhook in this namespace."} />
      {cursor && <div class="buttons"><button type="button" disabled={loaded.busy} onClick={() => setWanted(items.length + further)}>{loaded.busy ? "Loading…" : "Show more"}</button></div>}
    </>}</Loaded>
  </>;
}

// pages gets as many as are shown, again.
async function pages(ns, filter, wanted, signal) {
  const all = { items: [], total: 0 };
  do {
    const page = await get(paths.webhooks(ns), { ...filter, limit: Math.min(most, wanted - all.items.length), cursor: all.cursor }, signal);
    all.items = all.items.concat(page.items || []);
    all.total = page.total;
    all.cursor = page.cursor;
  } while (all.cursor && all.items.length < wanted);
  return all;
}

function Search({ ns, query, onChange }) {
  const integrations = useLoad((signal) => get(paths.namespace(ns) + "/integrations", {}, signal), [ns]);
  const names = (integrations.data?.items || []).map((i) => i.namespace + "/" + i.name);
  if (query.integration && !names.includes(query.integration)) names.unshift(query.integration);
  const set = (change) => {
    refine(change);
    onChange();
  };
  return <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
    <Field label="Search" class="grow"><Typed data-search type="search" name="search" placeholder="Name, display name or URL" value={query.search || ""} onSettled={(search) => set({ search })} /></Field>
    <Field label="Integration"><Select value={query.integration} options={[["", "All"], ...names.map((n) => [n, n.startsWith(ns + "/") ? n.slice(ns.length + 1) : n])]} onChange={(integration) => set({ integration })} /></Field>
    <Field label="Health"><Select value={query.health} options={[["", "All"], ["unhealthy", "Unhealthy"], ["healthy", "Healthy"], ["notReady", "Not ready"]]} onChange={(health) => set({ health })} /></Field>
  </form>;
}

// Typed is an input that tells what was typed when the typing rests.
export function Typed({ value, onSettled, ...rest }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onSettled(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return <input autoComplete="off" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} onChange={(e) => e.currentTarget.value !== value && onSettled(e.currentTarget.value)} {...rest} />;
}

// webhookColumns are those of every list of Webhooks.
export const webhookColumns = (ns) => [
  { head: "Webhook", rowHead: true, cell: (w) => <><a href={to.webhook(ns, w.name)}><Text value={w.name} /></a>{w.displayName && <small><Text value={w.displayName} /></small>}</> },
  { head: "Health", cell: (w) => <Health of={healthOf(w)} /> },
  { head: "Request", class: "wide mono", cell: (w) => <><b>{w.method}</b> <Text value={w.urlView} /></> },
  { head: "Integration", class: "named", cell: (w) => <Text value={(w.integration || "").startsWith(ns + "/") ? w.integration.slice(ns.length + 1) : w.integration} /> },
  { head: "Waiting", class: "number", cell: (w) => count(w.waiting) },
  { head: "Failed, 24 h", class: "number", cell: (w) => count(w.health.failed) + " of " + count(w.health.calls) },
  { head: "Last call", cell: (w) => w.lastCall ? <><Badge tone={toneOf(w.lastCall.outcome)}>{w.lastCall.outcome}</Badge><small><a href={to.call(ns, w.name, w.lastCall.transactionId)}><span class="hidden">The last call of {w.name}, </span><Time at={w.lastCall.endedAt} only="relative" /></a></small></> : <span class="quiet">none</span> },
];
