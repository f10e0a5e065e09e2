// The charts of a namespace, an integration or a webhook.
import { get, paths } from "./api.js";
import { Chart } from "./chart.jsx";
import { count, durationOf, spanOf } from "./format.js";
import { useLoad } from "./load.js";
import { Loaded, Time } from "./parts.jsx";
import { refine } from "./route.js";
import { outcomes } from "./words.js";

// ranges have steps that make between 60 and 96 bars, in seconds.
const ranges = {
  "1h": { seconds: 3600, step: 60, name: "1 hour" },
  "6h": { seconds: 21600, step: 300, name: "6 hours" },
  "24h": { seconds: 86400, step: 900, name: "24 hours" },
  "7d": { seconds: 604800, step: 7200, name: "7 days" },
};

export function Charts({ ns, webhook, integration, range }) {
  const { seconds, step } = ranges[range] || ranges["24h"];
  const chosen = ranges[range] ? range : "24h";
  const loaded = useLoad((signal) => {
    const till = Math.ceil(Date.now() / 1000 / step) * step;
    return get(paths.namespace(ns) + "/statistics", {
      webhook, integration, step, since: new Date((till - seconds) * 1000).toISOString(), till: new Date(till * 1000).toISOString(),
    }, signal);
  }, [ns, webhook, integration, chosen], { every: Math.max(step * 500, 30000) });
  return <section aria-labelledby="charts">
    <div class="heading"><h2 id="charts">Over time</h2>
      <div class="segments" role="group" aria-label="Span of time">{Object.entries(ranges).map(([key, r]) => <button type="button" key={key} aria-pressed={key === chosen} aria-label={key + ", the last " + r.name} onClick={() => refine({ range: key === "24h" ? "" : key })}>{key}</button>)}</div>
    </div>
    <Loaded of={loaded}>{(s) => <>
      {s.partial && <p class="note warn">There are more deliveries than are counted in one request; those after <Time at={s.countedTill} /> are left out. Choose a shorter time.</p>}
      <Three statistics={s} queue={!webhook} />
    </>}</Loaded>
  </section>;
}

function Three({ statistics: { steps, stepSeconds }, queue }) {
  const times = steps.map((s) => Date.parse(s.at) / 1000);
  const common = { times, step: stepSeconds };
  const sum = (values) => count(values.reduce((a, b) => a + b, 0));
  const present = outcomes.filter((o) => o === "Succeeded" || steps.some((s) => s.outcomes?.[o]));
  const largest = (values) => {
    const known = values.filter((v) => v !== null);
    return known.length ? "max " + durationOf(Math.max(...known)) : "–";
  };
  const some = (read) => steps.map((s) => (s.attempts ? read(s) : null));
  const sampled = queue && steps.some((s) => typeof s.oldestDueSeconds === "number");
  return <div class="charts">
    <Chart {...common} title="Outcomes of calls" stacked format={count} total={sum}
      series={present.map((o) => ({ name: o, colour: o, values: steps.map((s) => s.outcomes?.[o] || 0) }))} />
    <Chart {...common} title="Latency of attempts" format={durationOf} total={largest}
      series={[{ name: "p50", colour: "first", values: some((s) => s.durationP50) }, { name: "p95", colour: "second", dash: [6, 3], values: some((s) => s.durationP95) }]} />
    <Chart {...common} title="Age of the queue" format={spanOrZero} total={largest}
      series={[
        sampled && { name: "oldest due call", colour: "second", values: steps.map((s) => s.oldestDueSeconds ?? null) },
        { name: "waited before an attempt, p95", colour: "first", dash: [6, 3], values: some((s) => s.waitedP95) },
      ].filter(Boolean)} />
  </div>;
}

const spanOrZero = (seconds) => (seconds < 10 ? durationOf(seconds) : spanOf(seconds));
