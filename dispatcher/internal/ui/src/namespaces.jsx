// Choosing a namespace.
import { useState } from "preact/hooks";
import { get } from "./api.js";
import { useLoad } from "./load.js";
import { go, to } from "./route.js";
import { Field, Loaded } from "./parts.jsx";

export function Namespaces() {
  const loaded = useLoad((signal) => get("/v1/namespaces", {}, signal), []);
  const [text, setText] = useState("");
  const submit = (event) => {
    event.preventDefault();
    const name = text.trim();
    if (name) go(["ns", name]);
  };
  return <>
    <h1 tabIndex={-1}>Choose a namespace</h1>
    <form class="inline" onSubmit={submit}>
      <Field label="Namespace"><input data-search name="namespace" autoComplete="off" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} /></Field>
      <button class="primary">Open</button>
    </form>
    <Loaded of={loaded}>{({ items, partial }) => {
      const found = (items || []).filter((name) => name.includes(text.trim()));
      return <>
        {found.length > 0 && <ul class="choices" aria-label="Namespaces with Webhooks">{found.map((name) => <li key={name}><a href={to.namespace(name)}><bdi>{name}</bdi></a></li>)}</ul>}
        {!items?.length && <p class="empty">There is no namespace with Webhooks whose calls you may read. If you may read those of a single Webhook, type its namespace.</p>}
        {partial && <p class="quiet">There are more namespaces than are asked for; type the name of one that is missing.</p>}
      </>;
    }}</Loaded>
  </>;
}
