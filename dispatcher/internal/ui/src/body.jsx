// Headers and bodies of requests and answers.
import { useMemo, useState } from "preact/hooks";
import { bytesOf } from "./format.js";
import { isJSON, layOut, pretty } from "./json.js";
import { Copy, Text } from "./parts.jsx";

// colourful is up to where JSON is coloured, in characters: each token is an element.
const colourful = 30000;

export function Headers({ of, what }) {
  if (!of?.length) return <p class="quiet">No headers</p>;
  return <table class="headers">
    <caption class="hidden">{what}</caption>
    <thead class="hidden"><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
    <tbody>{of.map((h, i) => <tr key={i}><th scope="row"><Text value={h.name} /></th><td><Text value={h.value} /></td></tr>)}</tbody>
  </table>;
}

// Body shows a body: JSON laid out, unless one wants it as it came.
export function Body({ text, binary, what, children }) {
  const json = useMemo(() => !binary && isJSON(text), [text, binary]);
  const [raw, setRaw] = useState(false);
  if (!text) return <>{children || <p class="quiet">No body</p>}</>;
  return <div class="body">
    <div class="bar">
      <span class="quiet">{binary ? "Not UTF-8, shown as base64" : bytesOf(text)}</span>
      {json && <div class="segments" role="group" aria-label={"How " + what + " is shown"}><button type="button" aria-pressed={!raw} onClick={() => setRaw(false)}>Laid out</button><button type="button" aria-pressed={raw} onClick={() => setRaw(true)}>Raw</button></div>}
      <Copy text={json && !raw ? pretty(text) : text} what={what} />
    </div>
    {children}
    <pre tabIndex={0} role="region" aria-label={what}>{json && !raw ? <Json text={text} /> : <Text value={text} />}</pre>
  </div>;
}

function Json({ text }) {
  if (text.length > colourful) return <Text value={pretty(text)} />;
  return layOut(text).map(([kind, t], i) => kind === "plain" ? t : <span key={i} class={"json-" + kind}><Text value={t} /></span>);
}
