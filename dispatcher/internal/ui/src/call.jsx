// One call, with all of its attempts, live until it is finished.
import { useState } from "preact/hooks";
import { get, paths, rowOf, send } from "./api.js";
import { durationOf, headersOf, plural } from "./format.js";
import { useLoad } from "./load.js";
import { Body, Headers } from "./body.jsx";
import { Badge, Confirm, Copy, Facts, Loaded, Text, Time } from "./parts.jsx";
import { to } from "./route.js";
import { announce } from "./store.js";
import { Result } from "./deliveries.jsx";
import { meaningOf, toneOf } from "./words.js";

export function Call({ ns, webhook, id }) {
  const path = paths.call(ns, webhook, id);
  const [finished, setFinished] = useState(false);
  const loaded = useLoad(async (signal) => {
    const answer = await get(path + "/attempts", {}, signal);
    setFinished(answer.call.state === "Finished");
    return answer;
  }, [ns, webhook, id], { every: finished ? 0 : 1000 });
  return <>
    <p class="crumbs"><a href={to.webhooks(ns)}>Webhooks</a><span aria-hidden="true"> / </span><a href={to.webhook(ns, webhook)}><Text value={webhook} /></a><span aria-hidden="true"> /</span></p>
    <div class="heading"><h1 class="mono" tabIndex={-1}><span class="hidden">Call </span>{id}</h1><Copy text={id} what="the transaction id" /></div>
    <Loaded of={loaded}>{({ call, items }) => <>
      <State call={call} />
      <Actions call={call} path={path} onChange={loaded.reload} />
      <About ns={ns} call={call} first={items?.[0]} />
      <Attempts call={call} rows={(items || []).map(rowOf)} />
    </>}</Loaded>
  </>;
}

function State({ call }) {
  if (call.state === "Finished") {
    return <p class="lead" role="status"><Badge tone={toneOf(call.outcome)}>{call.outcome}</Badge> {meaningOf(call.outcome)}</p>;
  }
  return <p class="lead" role="status"><Badge tone="busy">Waiting</Badge> {call.nextAttemptAt ? <>The next attempt is due <Time at={call.nextAttemptAt} only="both" />.</> : call.attempts ? "The next attempt begins as soon as the limits allow." : "The first attempt begins as soon as the limits allow, or is under way."}</p>;
}

function Actions({ call, path, onChange }) {
  const [asking, setAsking] = useState("");
  const done = (what) => () => {
    announce(what);
    onChange();
  };
  const close = () => setAsking("");
  return <div class="buttons">
    {call.state === "Finished" ? <button type="button" onClick={() => setAsking("redeliver")}>Redeliver…</button> : <button type="button" class="danger" onClick={() => setAsking("cancel")}>Cancel…</button>}
    {asking === "redeliver" && <Confirm title="Deliver this call anew?" action="Redeliver" onClose={close} run={() => send("POST", path + "/redeliver")} onDone={done("The call is delivered anew")}>
      <p>The receiver gets the same bytes under the same transaction id, with retries counted from the start.{call.outcome === "Succeeded" && " It has succeeded already: the receiver gets it twice."}</p>
    </Confirm>}
    {asking === "cancel" && <Confirm title="Cancel this call?" action="Cancel the call" danger onClose={close} run={() => send("DELETE", path)} onDone={done("The call is cancelled")}>
      <p>No further attempt is made. An attempt that is under way is not taken back.</p>
    </Confirm>}
  </div>;
}

function About({ call, first }) {
  const row = first && rowOf(first);
  const variables = Object.entries(call.variables || {});
  return <div class="columns">
    <section class="card"><h2>Call</h2><Facts items={[
      ["Created", <Time at={call.createdAt} only="both" />],
      call.endedAt && ["Ended", <><Time at={call.endedAt} only="both" /> <span class="quiet">after {durationOf((Date.parse(call.endedAt) - Date.parse(call.createdAt)) / 1000)}</span></>],
      ["Attempts", plural(call.attempts, "attempt")],
      call.redelivered && ["Redelivered", plural(call.redelivered, "time")],
      row && ["Made by", row.sourceType === "Event" ? "an event" : <Text value={row.sourceName || "a caller"} />],
      call.branch && ["Branch", call.branch],
      call.response !== undefined && ["Response", "the whole document of the answer, below"],
      call.message && ["Message", <Text value={call.message} />],
    ]} /></section>
    {call.event && <section class="card"><h2>Event</h2><Facts items={[["Type", <Text value={call.event.type} />], ["Source", <Text value={call.event.source} />], ["Id", <Text value={call.event.id} />]]} /></section>}
    {variables.length > 0 && <section class="card"><h2>Variables</h2><Facts items={variables.map(([name, value]) => [<Text value={name} />, <span class="mono"><Text value={value} /></span>])} /></section>}
  </div>;
}

function Attempts({ call, rows }) {
  const last = rows[rows.length - 1];
  return <section aria-labelledby="attempts">
    <h2 id="attempts">Attempts</h2>
    {!rows.length && <p class="empty">{call.state === "Finished" ? "The log has no attempts of this call any more." : "No attempt has ended yet."}</p>}
    {rows.map((r) => <Attempt key={r.key} row={r} open={r === last} />)}
  </section>;
}

function Attempt({ row: r, open }) {
  return <details class="card attempt" open={open}>
    <summary><b>{r.number ? "Attempt " + r.number : "No attempt"}</b> <Result of={r} /> {r.number > 0 && <span>{r.status ? "HTTP " + r.status : "no answer"}</span>} <Time at={r.start} only="both" /> {r.number > 0 && <span class="quiet">took {durationOf(r.seconds)}</span>}</summary>
    {r.message && <p class="message"><Text value={r.message} /></p>}
    {r.number > 0 && <div class="columns two">
      <section aria-label={"Request of attempt " + r.number}>
        <h3>Request</h3>
        <p class="target mono"><b>{r.method}</b> <Text value={r.url} /></p>
        <Headers of={headersOf(r.requestHeaders)} what={"Headers of request " + r.number} />
        <Body text={r.requestBody} binary={r.requestBinary} what={"the body of request " + r.number} />
      </section>
      <section aria-label={"Answer to attempt " + r.number}>
        <h3>Answer</h3>
        {r.status ? <>
          <p class="target mono"><b>{r.status}</b></p>
          <Headers of={headersOf(r.responseHeaders)} what={"Headers of answer " + r.number} />
          <Body text={r.responseBody} binary={r.responseBinary} what={"the body of answer " + r.number}>
            {r.cut && <p class="note warn">Only the beginning of the body is kept.</p>}
            {r.dropped && <p class="note warn">The body is not kept: it could not be decompressed.</p>}
          </Body>
        </> : <p class="quiet">There was no answer.</p>}
      </section>
    </div>}
  </details>;
}
