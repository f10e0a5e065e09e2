// The view and its filters are the fragment of the address:
// #/ns/NAMESPACE/webhooks/WEBHOOK?filter=value. So reloading, back and forward, and
// sending somebody a link work, and the server, whose access logs others read, does not
// see what is searched for.
import { createStore, useStore } from "./store.js";

// decode reads a part of a path, also one that somebody has mistyped.
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parse(hash) {
  const [path, query = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  return { path: path.split("/").filter(Boolean).map(decode), query: Object.fromEntries(new URLSearchParams(query)) };
}

function splitOnce(text, by) {
  const at = text.indexOf(by);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

const route = createStore(parse(location.hash));
addEventListener("hashchange", () => route.set(parse(location.hash)));

export const useRoute = () => useStore(route);

// link is the address of a view. Parameters without a value are left out.
export function link(path, query = {}) {
  const wanted = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null && value !== false);
  const text = new URLSearchParams(wanted).toString();
  return "#/" + path.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

export function go(path, query) {
  location.hash = link(path, query);
}

// refine changes parameters of this view in place: Back leaves the view, whatever was
// typed into its filters.
export function refine(changes) {
  const { path, query } = parse(location.hash);
  history.replaceState(null, "", link(path, { ...query, ...changes }));
  route.set(parse(location.hash));
}

// The addresses of the views.
export const to = {
  namespace: (ns) => link(["ns", ns]),
  webhooks: (ns, query) => link(["ns", ns, "webhooks"], query),
  webhook: (ns, name, tab) => link(["ns", ns, "webhooks", name, ...(tab ? [tab] : [])]),
  call: (ns, webhook, id) => link(["ns", ns, "webhooks", webhook, "calls", id]),
  deliveries: (ns, query) => link(["ns", ns, "deliveries"], query),
};
