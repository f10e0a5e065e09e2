// The delivery log: a table with filters, older pages, and a live tail.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, paths, rowOf } from "./api.js";
import { durationOf, plural } from "./format.js";
import { useLoad } from "./load.js";
import { Badge, ErrorNote, Loaded, Table, Text, Time } from "./parts.jsx";
import { refine, to } from "./route.js";
import { announce } from "./store.js";
import { Export } from "./export.jsx";
import { clear, Filters, isFiltered, wanted } from "./filters.jsx";
import { follow } from "./tail.js";
import { toneOf } from "./words.js";

const page = 50;

export function Deliveries({ ns, query }) {
  return <><h1 tabIndex={-1}>Deliveries</h1><DeliveriesOf ns={ns} query={query} /></>;
}

// DeliveriesOf are those of a namespace, or of one of its Webhooks.
export function DeliveriesOf({ ns, webhook, query }) {
  const tailing = query.tail === "on";
  const filter = JSON.stringify({ ...query, tail: undefined });
  const Rows = tailing ? Tail : Log;
  return <>
    <Filters query={query} webhook={webhook} tailing={tailing} />
    <div class="bar">
      <button type="button" class="toggle" aria-pressed={tailing} onClick={() => refine({ tail: tailing ? "" : "on" })}><span class="dot" aria-hidden="true" />Live tail</button>
      {isFiltered(query) && <button type="button" onClick={clear}>Clear filters</button>}
      <Export ns={ns} filter={() => wanted(query, webhook)} />
    </div>
    <Rows key={filter} ns={ns} webhook={webhook} query={query} />
  </>;
}

function Log({ ns, webhook, query }) {
  const path = paths.namespace(ns) + "/deliveries";
  const [older, setOlder] = useState({ items: [] });
  const filter = useRef(wanted(query, webhook)); // older pages are of the same span of time
  const loaded = useLoad((signal) => {
    filter.current = wanted(query, webhook);
    setOlder({ items: [] });
    return get(path, { ...filter.current, limit: page }, signal);
  }, []);
  const more = async (cursor) => {
    setOlder({ ...older, busy: true, error: undefined });
    try {
      const next = await get(path, { ...filter.current, limit: page, cursor });
      setOlder({ items: older.items.concat(next.items || []), cursor: next.cursor, some: true });
    } catch (error) {
      setOlder({ ...older, busy: false, error });
    }
  };
  return <Loaded of={loaded}>{(first) => {
    const rows = (first.items || []).concat(older.items).map(rowOf);
    const cursor = older.some ? older.cursor : first.cursor;
    return <>
      <div class="bar"><p class="quiet" role="status">{plural(rows.length, "delivery", "deliveries")}, the newest first{cursor ? "" : "; there are no older ones"}</p><button type="button" class="small" onClick={loaded.reload}>Refresh</button></div>
      <Rows ns={ns} webhook={webhook} rows={rows} empty={cursor ? "Nothing found yet; there is more to look through." : isFiltered(query) ? "No delivery fits the filters." : "There is no delivery yet."} />
      <ErrorNote error={older.error} />
      {cursor && <div class="buttons"><button type="button" disabled={older.busy} onClick={() => more(cursor)}>{older.busy ? "Looking…" : "Older"}</button></div>}
    </>;
  }}</Loaded>;
}

const atFirst = 50;
const most = 500; // rows that a tail shows

function Tail({ ns, webhook, query }) {
  const [shown, setShown] = useState([]);
  const [status, setStatus] = useState("connecting");
  const [gap, setGap] = useState(null);
  const [held, setHeld] = useState(0);
  const waiting = useRef([]);
  const holding = useRef({ hover: false, focus: false });
  const flush = useRef();
  flush.current = (force) => {
    const pending = waiting.current;
    if (!pending.length) return;
    if (!force && (holding.current.hover || holding.current.focus || scrollY > 300)) {
      setHeld(pending.length);
      return;
    }
    waiting.current = [];
    setHeld(0);
    setShown((rows) => pending.reverse().concat(rows).slice(0, most));
  };
  useEffect(() => {
    const abort = new AbortController();
    const { since, till, ...filter } = wanted(query, webhook);
    let told = 0;
    let fresh = 0;
    const timer = setInterval(() => {
      flush.current(false);
      if (fresh && Date.now() - told > 5000) {
        announce(plural(fresh, "new delivery", "new deliveries"));
        told = Date.now();
        fresh = 0;
      }
    }, 150);
    const began = Date.now();
    follow(ns, filter, atFirst, {
      row(d) {
        if (waiting.current.push(rowOf(d)) > most) {
          waiting.current.shift();
          this.gap(1);
        }
        if (Date.now() - began > 2000) fresh++;
      },
      gap: (dropped) => setGap((before) => ({ dropped: (before?.dropped || 0) + dropped, unknown: before?.unknown || !dropped })),
      state: setStatus,
    }, abort.signal);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, []);
  const hold = (what, on) => () => {
    holding.current[what] = on;
    flush.current(false);
  };
  return <>
    <TailStatus status={status} held={held} show={() => { scrollTo(0, 0); flush.current(true); }} />
    {gap && <div class="note warn" role="status"><p><strong>There is a gap.</strong> {gap.dropped ? plural(gap.dropped, "delivery", "deliveries") + " could not be shown" : ""}{gap.dropped && gap.unknown ? ", and " : ""}{gap.unknown ? "the connection was lost for a while" : ""}: the log has what is missing here.</p><button type="button" class="small" onClick={() => setGap(null)}>Dismiss</button></div>}
    <Rows ns={ns} webhook={webhook} rows={shown} empty="Nothing yet. Deliveries appear here as they end." live
      onMouseEnter={hold("hover", true)} onMouseLeave={hold("hover", false)} onFocusIn={hold("focus", true)} onFocusOut={hold("focus", false)} />
  </>;
}

function TailStatus({ status, held, show }) {
  if (status?.title) return <ErrorNote error={status} />;
  const text = held ? "Paused while you read: " + held + " new" : status === "on" ? "Live" : status === "lost" ? "The connection was lost; connecting again…" : "Connecting…";
  return <div class="bar tail"><span class={"badge " + (held || status !== "on" ? "busy" : "ok")} role="status"><span class="sign" aria-hidden="true">{held ? "⏸" : status === "on" ? "●" : "…"}</span>{text}</span>{held > 0 && <button type="button" class="small" onClick={show}>Show</button>}</div>;
}

function Rows({ ns, webhook, rows, live, ...rest }) {
  const columns = [
    { head: "Time", rowHead: true, class: "time", cell: (r) => <a href={to.call(ns, r.webhook, r.id)}><Time at={r.start} /></a> },
    { head: "Result", cell: (r) => <Result of={r} /> },
    !webhook && { head: "Webhook", cell: (r) => <a href={to.webhook(ns, r.webhook)}><Text value={r.webhook} /></a> },
    { head: "HTTP", class: "number", cell: (r) => r.number === 0 ? "–" : r.status || "none" },
    { head: "Request", class: "wide mono clip", cell: (r) => r.url ? <><b>{r.method}</b> <Text value={r.url} /></> : "–" },
    { head: "Attempt", class: "number", cell: (r) => r.number || "none" },
    { head: "Took", class: "number", cell: (r) => r.number ? durationOf(r.seconds) : "–" },
    { head: "Transaction id", class: "mono id", cell: (r) => <a href={to.call(ns, r.webhook, r.id)} title={r.id}><span aria-hidden="true">{r.id.slice(0, 8)}…{r.id.slice(-6)}</span><span class="hidden">Call {r.id}</span></a> },
  ].filter(Boolean);
  return <Table caption="Deliveries" columns={columns} rows={rows} keyOf={(r) => r.key} rowClass={() => (live ? "live" : "")} {...rest} />;
}

// Result is how an attempt ended, and the call's outcome if it came with it.
export function Result({ of: r }) {
  const word = r.outcome || r.reason || (r.success ? "Success" : "Error");
  const tone = r.outcome ? toneOf(r.outcome) : r.success ? "ok" : "bad";
  return <><Badge tone={tone} title={r.message}>{word}</Badge>{r.outcome && !r.success && r.reason && r.reason !== r.outcome && <small class="quiet">{r.reason}</small>}{!r.outcome && !r.success && <small class="quiet">not final</small>}</>;
}
