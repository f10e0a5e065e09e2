// A Webhook as YAML, for kubectl apply or a repository, under another name.
import { useState } from "preact/hooks";
import { paths, request } from "./api.js";
import { useLoad } from "./load.js";
import { Copy, Field, Loaded, Text } from "./parts.jsx";
import { Typed } from "./webhooks.jsx";

export function Manifest({ ns, name }) {
  const [target, setTarget] = useState({ name: name + "-copy", namespace: ns });
  const path = paths.webhook(ns, name) + "/manifest";
  const query = { name: target.name.trim(), namespace: target.namespace.trim() };
  const loaded = useLoad(async (signal) => (await request("GET", path, { query, signal })).text(), [ns, name, query.name, query.namespace]);
  const file = (query.name || name) + ".yaml";
  return <section class="card">
    <h2>Copy as manifest</h2>
    <p class="quiet">Its status and whatever Kubernetes adds are left out, and so is a system name, which belongs to one Webhook. Secrets are references, as in the original.</p>
    <div class="filters">
      <Field label="New name" class="grow"><Typed name="name" value={target.name} onSettled={(v) => setTarget({ ...target, name: v })} /></Field>
      <Field label="Namespace" class="grow"><Typed name="namespace" value={target.namespace} onSettled={(v) => setTarget({ ...target, namespace: v })} /></Field>
    </div>
    <Loaded of={loaded}>{(text) => <>
      <div class="buttons"><Copy text={text} what="the manifest" /><a class="button small" href={path + "?" + new URLSearchParams(query)} download={file}>Download {file}</a></div>
      <pre class="manifest" tabIndex={0} role="region" aria-label="Manifest"><Text value={text} /></pre>
    </>}</Loaded>
  </section>;
}
