// One Webhook, in tabs.
import { get, paths } from "./api.js";
import { Charts } from "./charts.jsx";
import { count, durationOf, plural } from "./format.js";
import { useLoad } from "./load.js";
import { Badge, Facts, Loaded, Text, Time } from "./parts.jsx";
import { to } from "./route.js";
import { DeliveriesOf } from "./deliveries.jsx";
import { Preview } from "./preview.jsx";
import { Manifest } from "./manifest.jsx";
import { Health } from "./overview.jsx";
import { healthOf, toneOf } from "./words.js";

const tabs = [["", "Overview"], ["deliveries", "Deliveries"], ["preview", "Preview and test"], ["manifest", "Copy as manifest"]];

export function Webhook({ ns, name, tab, query }) {
  const loaded = useLoad((signal) => get(paths.webhook(ns, name), {}, signal), [ns, name], { every: 10000 });
  const w = loaded.data;
  return <>
    <p class="crumbs"><a href={to.webhooks(ns)}>Webhooks</a><span aria-hidden="true"> /</span></p>
    <div class="heading"><h1 tabIndex={-1}><Text value={name} /></h1>{w && <Health of={healthOf(w)} />}</div>
    {w?.displayName && <p class="lead"><Text value={w.displayName} /></p>}
    <nav class="tabs" aria-label="Parts of the Webhook">{tabs.map(([key, text]) => <a key={key} href={to.webhook(ns, name, key)} aria-current={key === tab ? "page" : undefined}>{text}</a>)}</nav>
    {tab === "deliveries" ? <DeliveriesOf ns={ns} webhook={name} query={query} />
      : <Loaded of={loaded}>{(info) => tab === "preview" ? <Preview ns={ns} name={name} info={info} />
        : tab === "manifest" ? <Manifest ns={ns} name={name} />
          : <About ns={ns} info={info} query={query} />}</Loaded>}
  </>;
}

function About({ ns, info: w, query }) {
  const health = healthOf(w);
  return <>
    <div class="columns">
      <section class="card"><h2>Request</h2><Facts items={[
        ["Method and URL", <span class="mono"><b>{w.method}</b> <Text value={w.urlView} /></span>],
        ["Integration", w.integration ? <Text value={w.integration} /> : "none"],
        ["System name", <Text value={w.systemName} />],
        ["Idempotency key", w.idempotencyKey ? "yes: the receiver can recognise a repeat, so failed attempts are tried again" : "no: each call has one attempt at most"],
      ]} /></section>
      <section class="card"><h2>Health</h2><Facts items={[
        ["State", <><Badge tone={health.tone}>{health.word}</Badge> <Text value={health.why} /></>],
        ["Calls, 24 h", count(w.health.calls) + ", of which " + count(w.health.failed) + " failed"],
        ["Since the last success", w.health.consecutiveFailures ? plural(w.health.consecutiveFailures, "call") + " failed" : "no call failed"],
        ["Last success", <Time at={w.health.lastSuccessAt} only="both" />],
        ["Waiting", plural(w.waiting, "call")],
        ["Oldest due call", <Time at={w.oldestDueAt} only="both" />],
      ]} /></section>
      <section class="card"><h2>Last call</h2>{w.lastCall ? <LastCall ns={ns} webhook={w.name} call={w.lastCall} /> : <p class="quiet">No call has ended yet, as far as the dispatcher remembers.</p>}</section>
    </div>
    <Charts ns={ns} webhook={w.name} range={query.range} />
  </>;
}

function LastCall({ ns, webhook, call }) {
  return <Facts items={[
    ["Outcome", <><Badge tone={toneOf(call.outcome)}>{call.outcome}</Badge>{call.statusCode ? " HTTP " + call.statusCode : ""}</>],
    ["Ended", <Time at={call.endedAt} only="both" />],
    ["Attempts", plural(call.attempts, "attempt") + ", ended after " + durationOf(call.durationSeconds)],
    call.message && ["Message", <Text value={call.message} />],
    ["Call", <a class="mono" href={to.call(ns, webhook, call.transactionId)}>{call.transactionId}</a>],
  ]} />;
}
