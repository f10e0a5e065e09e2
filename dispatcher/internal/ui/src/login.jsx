// The login: a token of Kubernetes, which the dispatcher keeps in a cookie.
import { useEffect, useRef, useState } from "preact/hooks";
import { login } from "./api.js";
import { Copy, ErrorNote, Field } from "./parts.jsx";

const command = "kubectl create token SERVICE-ACCOUNT --namespace NAMESPACE --audience webhook-dispatcher";

export function Login({ expired }) {
  const [token, setToken] = useState("");
  const [state, setState] = useState({});
  const input = useRef();
  useEffect(() => input.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    const wanted = token.replace(/\s+/g, "");
    if (!wanted) {
      setState({ error: { title: "There is no token", detail: "Paste the token that the command below prints." } });
      return;
    }
    setState({ busy: true });
    try {
      await login(wanted);
    } catch (error) {
      setState({ error });
      input.current?.focus();
    }
  };
  return <div class="login">
    <h1 tabIndex={-1}>Log in</h1>
    {expired && <p class="note warn" role="status">Your session has ended: the token has expired, or its rights were taken back. Log in with a new one to go on where you were.</p>}
    <form onSubmit={submit}>
      <Field label="Token">
        <input ref={input} type="password" name="token" autoComplete="off" spellcheck={false} required value={token} onInput={(e) => setToken(e.currentTarget.value)} />
      </Field>
      <ErrorNote error={state.error} />
      <button class="primary" disabled={state.busy}>{state.busy ? "Asking Kubernetes…" : "Log in"}</button>
    </form>
    <section class="card">
      <h2>How to get a token</h2>
      <p>Kubernetes makes one for a service account that may read calls. It lasts an hour, unless you give <code>--duration</code>.</p>
      <div class="command"><pre tabIndex={0}>{command}</pre><Copy text={command} what="the command" /></div>
      <p class="quiet">You see what the service account may <code>get</code> of <code>webhooks/calls</code>. To send test calls and redeliver it also needs <code>create</code>, to cancel <code>delete</code>. The token is kept in a cookie that scripts cannot read and goes to this address only.</p>
    </section>
  </div>;
}
