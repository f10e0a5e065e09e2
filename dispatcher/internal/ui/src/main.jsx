// Where the page starts: the frame around all views, and which view it is.
import { render, Component } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { loadSession, logout, network, session } from "./api.js";
import { link, to, useRoute } from "./route.js";
import { announcement, useStore } from "./store.js";
import { ErrorNote } from "./parts.jsx";
import { Theme } from "./themes.jsx";
import { Login } from "./login.jsx";
import { Namespaces } from "./namespaces.jsx";
import { Overview } from "./overview.jsx";
import { Webhooks } from "./webhooks.jsx";
import { Webhook } from "./webhook.jsx";
import { Deliveries } from "./deliveries.jsx";
import { Call } from "./call.jsx";

// viewOf is the view of a path: an element, and what its tab in the browser is called.
function viewOf(path, query) {
  const [first, ns, kind, name, tab, id] = path;
  if (!path.length) return [<Namespaces />, "Namespaces"];
  if (first === "ns" && ns) {
    if (!kind) return [<Overview key={ns} ns={ns} query={query} />, ns];
    if (kind === "webhooks" && !name) return [<Webhooks key={ns} ns={ns} query={query} />, "Webhooks · " + ns];
    if (kind === "deliveries" && !name) return [<Deliveries key={ns} ns={ns} query={query} />, "Deliveries · " + ns];
    if (kind === "webhooks" && tab === "calls" && id) return [<Call key={id} ns={ns} webhook={name} id={id} />, "Call " + id];
    if (kind === "webhooks") return [<Webhook key={ns + "/" + name} ns={ns} name={name} tab={tab || ""} query={query} />, name + " · " + ns];
  }
  return [<NoView />, "Not found"];
}

const NoView = () => <><h1 tabIndex={-1}>There is no such view</h1><p>The address is not one of this page. <a href={link([])}>Choose a namespace</a></p></>;

// Fence keeps an error in one view from taking the whole page away.
class Fence extends Component {
  constructor() {
    super();
    this.state = {};
  }
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    console.error(error);
  }
  render({ children }, { error }) {
    return error ? <ErrorNote error={{ title: "This view has failed", detail: String(error.message || error) }} retry={() => this.setState({ error: undefined })} /> : children;
  }
}

// asked is under way before anything is painted.
let asked = loadSession();
asked.catch(() => {}); // it is handled when the frame is there

function App() {
  const { path, query } = useRoute();
  const who = useStore(session);
  const { lost, returns } = useStore(network);
  const [failure, setFailure] = useState();
  const [view, title] = viewOf(path, query);
  const ask = () => {
    (asked || loadSession()).then(() => setFailure(undefined), setFailure);
    asked = null;
  };
  useEffect(() => {
    if (!session.get()) ask();
  }, [returns]);
  useEffect(() => {
    document.title = title + " – Webhooks";
  }, [title]);
  // The tabs of a webhook are one place; each call is one.
  const place = path.slice(0, path[4] === "calls" ? 6 : 4).join("/");
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.querySelector("main h1")?.focus({ preventScroll: true });
    first.current = false;
    scrollTo(0, 0);
  }, [place]);
  const known = who && (who.authenticated || !who.loginNeeded);
  return <>
    <a class="skip" href="#main" onClick={skip}>Skip to content</a>
    <Header path={path} who={who} known={known} />
    {lost && <div class="banner" role="alert"><strong>The dispatcher cannot be reached.</strong> What is shown may be old; the page goes on by itself when it is back.</div>}
    <main id="main" tabIndex={-1}>
      <Fence key={place}>
        {known ? view : who ? <Login expired={who.expired} /> : failure && failure.status ? <ErrorNote error={failure} retry={ask} /> : <p class="loading" role="status">Loading…</p>}
      </Fence>
    </main>
    <footer><a href="/openapi.json">API description</a><a href="/ui/licenses.txt">Licences</a><span class="quiet">Press <kbd>/</kbd> to search</span></footer>
    <Announcer />
  </>;
}

function skip(event) {
  event.preventDefault(); // the fragment is the view's address
  document.getElementById("main").focus();
}

function Header({ path, who, known }) {
  const ns = path[0] === "ns" ? path[1] : "";
  const part = path[2] || "";
  const tab = (text, kind, href) => <a href={href} aria-current={part === kind ? "page" : undefined}>{text}</a>;
  return <header class="top">
    <a class="brand" href={link([])} aria-label="webhook-operator, all namespaces"><img src={document.querySelector("link[rel=icon]").href} alt="" width="20" height="20" /><span>webhook-operator</span></a>
    {known && ns && <>
      <a class="namespace" href={link([])} title="Choose another namespace"><span class="hidden">Namespace </span><bdi>{ns}</bdi><span aria-hidden="true"> ▾</span></a>
      <nav aria-label="Views of the namespace">{tab("Overview", "", to.namespace(ns))}{tab("Webhooks", "webhooks", to.webhooks(ns))}{tab("Deliveries", "deliveries", to.deliveries(ns))}</nav>
    </>}
    <div class="end">
      {who?.user && <span class="user" title={who.user}>{who.user.replace(/^system:serviceaccount:/, "")}</span>}
      <Theme />
      {who?.authenticated && who.loginNeeded && <button type="button" class="small" onClick={() => logout().catch(() => {})}>Log out</button>}
    </div>
  </header>;
}

// Announcer is what screen readers read out, and a note for the others.
function Announcer() {
  const { text, at } = useStore(announcement);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!text) return undefined;
    setShown(true);
    const timer = setTimeout(() => setShown(false), 4000);
    return () => clearTimeout(timer);
  }, [at]);
  return <div class={"announcer" + (shown && text ? " shown" : "")} role="status" aria-live="polite">{text}</div>;
}

// The key / goes to the view's search, unless one is typing.
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  const search = document.querySelector("[data-search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

render(<App />, document.getElementById("app"));
