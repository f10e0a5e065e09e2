// A namespace: what needs attention, its integrations, charts.
import { get, paths } from "./api.js";
import { Charts } from "./charts.jsx";
import { count } from "./format.js";
import { useLoad } from "./load.js";
import { Badge, Loaded, Table, Text, Time } from "./parts.jsx";
import { to } from "./route.js";
import { integrationHealth } from "./words.js";
import { webhookColumns } from "./webhooks.jsx";

const every = 15000;
const needing = 5;

export function Overview({ ns, query }) {
  const loaded = useLoad(async (signal) => {
    const list = (health, limit) => get(paths.webhooks(ns), { health, limit }, signal);
    const [integrations, all, unhealthy, notReady] = await Promise.all([
      get(paths.namespace(ns) + "/integrations", {}, signal), list("", 1), list("unhealthy", needing), list("notReady", needing),
    ]);
    return { integrations: integrations.items || [], total: all.total, unhealthy, notReady };
  }, [ns], { every });
  return <>
    <h1 tabIndex={-1}><bdi>{ns}</bdi></h1>
    <Loaded of={loaded}>{(data) => <>
      <Tiles ns={ns} {...data} />
      <Attention ns={ns} {...data} />
      <Integrations ns={ns} items={data.integrations} />
    </>}</Loaded>
    {loaded.error?.status !== 403 && <Charts ns={ns} range={query.range} />}
  </>;
}

function Tiles({ ns, integrations, total, unhealthy, notReady }) {
  const waiting = integrations.reduce((n, i) => n + i.waiting, 0);
  const due = integrations.map((i) => i.oldestDueAt).filter(Boolean).sort()[0];
  return <ul class="tiles" aria-label="Now">
    <li><a href={to.webhooks(ns)}><b>{count(total)}</b><span>Webhooks</span></a></li>
    <li class={unhealthy.total ? "bad" : ""}><a href={to.webhooks(ns, { health: "unhealthy" })}><b>{count(unhealthy.total)}</b><span>unhealthy</span></a></li>
    <li class={notReady.total ? "warn" : ""}><a href={to.webhooks(ns, { health: "notReady" })}><b>{count(notReady.total)}</b><span>not ready</span></a></li>
    <li><div><b>{count(waiting)}</b><span>calls wait</span></div></li>
    <li><div><b>{due ? <Time at={due} only="relative" /> : "–"}</b><span>oldest due call</span></div></li>
  </ul>;
}

function Attention({ ns, unhealthy, notReady }) {
  const seen = new Set();
  const rows = [...(notReady.items || []), ...(unhealthy.items || [])].filter((w) => !seen.has(w.name) && seen.add(w.name)).slice(0, needing);
  if (!rows.length) return null;
  return <section aria-labelledby="attention">
    <h2 id="attention">Needs attention</h2>
    <Table caption="Webhooks that are unhealthy or not ready" columns={webhookColumns(ns)} rows={rows} keyOf={(w) => w.name} />
  </section>;
}

function Integrations({ ns, items }) {
  const columns = [
    { head: "Integration", rowHead: true, cell: (i) => <><a href={to.webhooks(ns, { integration: i.namespace + "/" + i.name })}><Text value={i.namespace === ns ? i.name : i.namespace + "/" + i.name} /></a>{i.displayName && <small><Text value={i.displayName} /></small>}{i.description && <small class="quiet"><Text value={i.description} /></small>}</> },
    { head: "Health", cell: (i) => <Health of={integrationHealth(i)} /> },
    { head: "Root URL", class: "wide mono", cell: (i) => <Text value={i.url} /> },
    { head: "Limit", class: "number", cell: (i) => i.requestsPerSecond ? count(i.requestsPerSecond) + "/s" : "none" },
    { head: "In flight", class: "number", cell: (i) => count(i.inFlight) + " of " + count(i.maxConcurrency) },
    { head: "Webhooks", class: "number", cell: (i) => count(i.webhooks) },
    { head: "Waiting", class: "number", cell: (i) => count(i.waiting) },
    { head: "Oldest due", cell: (i) => <Time at={i.oldestDueAt} only="relative" /> },
    { head: "Failed, 24 h", class: "number", cell: (i) => count(i.failed) + " of " + count(i.calls) },
  ];
  return <section aria-labelledby="integrations">
    <h2 id="integrations">Integrations</h2>
    <Table caption="Integrations" columns={columns} rows={items} keyOf={(i) => i.namespace + "/" + i.name} empty="No Webhook of this namespace has an integration yet." />
  </section>;
}

// Health is a badge, and why it is as it is if it is not well.
export function Health({ of, long }) {
  return <><Badge tone={of.tone} title={of.why}>{of.word}</Badge>{(of.tone === "warn" || of.tone === "bad" || long) && <small class="why"><Text value={of.why} /></small>}</>;
}
