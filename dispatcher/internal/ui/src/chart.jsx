// A chart over time: painted by uPlot, with a legend in words, what the pointer is on,
// and all of its numbers as a table.
import uPlot from "uplot";
import { useEffect, useRef, useState } from "preact/hooks";
import { colours } from "./themes.jsx";
import { clockOf, dateOf } from "./format.js";
import { useStore } from "./store.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--chart-" + name).trim();

// resolved turns a colour with light-dark() into one that a canvas knows.
function resolved(name) {
  const probe = document.createElement("i");
  probe.style.color = colour(name);
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// Chart shows series, which are {name, colour, values}, at times, which are in seconds.
// With stacked they are bars on top of each other. format writes a value.
export function Chart({ title, times, step, series, stacked, format, total }) {
  const box = useRef();
  const [at, setAt] = useState(null);
  const paint = useStore(colours);
  const data = JSON.stringify([times, series.map((s) => s.values)]);
  useEffect(() => {
    const element = box.current;
    const plot = new uPlot(options({ element, series, stacked, format, step, onPoint: setAt }), values(times, series, stacked), element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightOf(element) }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [data, paint]);
  const any = series.some((s) => s.values.some((v) => v));
  return <section class="card chart">
    <h3>{title}</h3>
    <ul class="legend">{series.map((s) => <li key={s.name}><span class="swatch" style={{ background: "var(--chart-" + s.colour + ")" }} aria-hidden="true" />{s.name} <b>{at === null ? total(s.values) : s.values[at] === null ? "–" : format(s.values[at])}</b></li>)}
      <li class="when quiet">{at === null ? "" : spanText(times[at], step)}</li></ul>
    <div class="plot" ref={box} role="img" aria-label={title + ". " + (any ? series.map((s) => s.name + ": " + total(s.values)).join(", ") : "Nothing in this time") + ". The table below has all numbers."} />
    {!any && <p class="nothing">Nothing in this time</p>}
    <Numbers title={title} times={times} step={step} series={series} format={format} />
  </section>;
}

// Numbers is the chart as a table. It is made when it is opened.
function Numbers({ title, times, step, series, format }) {
  const [open, setOpen] = useState(false);
  return <details class="numbers" onToggle={(e) => setOpen(e.currentTarget.open)}>
    <summary>Numbers<span class="hidden"> of {title}</span></summary>
    {open && <div class="scroll" tabIndex={0} role="region" aria-label={"Numbers of " + title}><table>
      <caption class="hidden">{title}</caption>
      <thead><tr><th scope="col">From</th>{series.map((s) => <th key={s.name} scope="col">{s.name}</th>)}</tr></thead>
      <tbody>{times.map((t, i) => series.some((s) => s.values[i]) && <tr key={t}><th scope="row">{spanText(t, step)}</th>{series.map((s) => <td key={s.name}>{s.values[i] === null ? "–" : format(s.values[i])}</td>)}</tr>)}</tbody>
    </table></div>}
  </details>;
}

function spanText(seconds, step) {
  const from = new Date(seconds * 1000);
  const till = new Date((seconds + step) * 1000);
  return dateOf(from) + " " + clockOf(from).slice(0, 5) + "–" + clockOf(till).slice(0, 5);
}

const heightOf = (element) => (element.clientWidth < 420 ? 150 : 180);

// values are what uPlot paints. Bars of a stack are painted from the highest sum down, so
// that the lower ones cover the feet of those above.
function values(times, series, stacked) {
  if (!stacked) return [times, ...series.map((s) => s.values)];
  const sums = [];
  let below = times.map(() => 0);
  for (const s of series) {
    below = below.map((v, i) => v + (s.values[i] || 0));
    sums.unshift(below);
  }
  return [times, ...sums];
}

function options({ element, series, stacked, format, step, onPoint }) {
  const painted = stacked ? [...series].reverse() : series;
  const text = resolved("text");
  const grid = { stroke: resolved("grid"), width: 1 };
  const bars = stacked ? uPlot.paths.bars({ size: [0.85, 40], align: 1 }) : undefined;
  return {
    width: element.clientWidth || 300, height: heightOf(element), legend: { show: false }, padding: [8, 16, 0, 0],
    cursor: { y: false, points: { show: !stacked, size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: (u, min, max) => [min, max + step] }, y: { range: (u, min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { stroke: text, grid: { show: false }, ticks: grid, size: 34, font: "11px system-ui, sans-serif", values: axisTimes },
      { stroke: text, grid, ticks: { show: false }, size: 56, font: "11px system-ui, sans-serif", incrs: stacked ? whole : undefined, values: (u, ticks) => ticks.map(format) },
    ],
    series: [{}, ...painted.map((s) => ({
      label: s.name, stroke: resolved(s.colour), fill: stacked ? resolved(s.colour) : undefined, width: stacked ? 0 : 1.8, dash: s.dash,
      paths: bars, points: stacked ? { show: false } : { show: true, size: 5, width: 0, fill: resolved(s.colour), filter: alone }, spanGaps: false,
    }))],
    hooks: { setCursor: [(u) => onPoint(u.cursor.left >= 0 ? u.cursor.idx ?? null : null)] },
  };
}

// alone are the points without neighbours, which no line would show.
const alone = (u, series) => u.data[series].flatMap((v, i, all) => ((v ?? null) !== null && (all[i - 1] ?? null) === null && (all[i + 1] ?? null) === null ? [i] : []));

// whole are the distances between the marks of an axis that counts.
const whole = [...Array(10)].flatMap((_, exponent) => [1, 2, 5].map((n) => n * 10 ** exponent));

// axisTimes writes clock times, and a date where a day begins.
function axisTimes(u, ticks) {
  let day = "";
  return ticks.map((seconds) => {
    const t = new Date(seconds * 1000);
    const clock = clockOf(t).slice(0, 5);
    const date = dateOf(t).slice(5);
    const text = date === day ? clock : clock === "00:00" || day !== "" ? date : clock;
    day = date;
    return text;
  });
}
