// The HTTP API, as the page asks it. The session is a cookie that scripts cannot read.
import { createStore } from "./store.js";

// session is null until the dispatcher has said who this is.
export const session = createStore(null);

// network says whether the dispatcher can be reached, and counts how often it could
// again, for views to load anew.
export const network = createStore({ lost: false, returns: 0 });

// ApiError is an answer that is not a success, or none: status 0.
export class ApiError extends Error {
  constructor(status, problem, method = "", path = "") {
    super(problem.detail || problem.title);
    this.status = status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.fields = problem.errors || [];
    if (problem.type?.endsWith("/forbidden")) this.missing = rightOf(method, path);
  }
}

const unreachable = {
  title: "The dispatcher cannot be reached",
  detail: "The page tries again by itself. If you look at it through kubectl port-forward, see whether that still runs.",
};

// request performs one request and returns its response, which is a success.
export async function request(method, path, { query, body, headers = {}, signal } = {}) {
  const parameters = new URLSearchParams(Object.entries(query || {}).filter(([, v]) => v !== "" && v !== undefined && v !== null)).toString();
  let response;
  try {
    response = await fetch(path + (parameters ? "?" + parameters : ""), {
      method, signal, cache: "no-store", credentials: "same-origin", redirect: "error",
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers }, body,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lose();
    throw new ApiError(0, unreachable);
  }
  if (response.ok) return response;
  const error = new ApiError(response.status, await problemOf(response), method, path);
  if (response.status === 401 && path !== "/ui/session") expire();
  throw error;
}

// roles are those that come with the operator, by the right that they give.
const roles = { get: "webhook-operator-call-reader", create: "webhook-operator-caller" };

// rightOf says which right a request needs.
function rightOf(method, path) {
  const [, namespace, webhook] = /^\/v1\/namespaces\/([^/]+)(?:\/webhooks\/([^/]+))?/.exec(path) || [];
  const verb = method === "DELETE" ? "delete" : method === "POST" && !path.endsWith("/render") ? "create" : "get";
  return { verb, namespace, webhook, role: roles[verb] };
}

// get returns a JSON document.
export const get = async (path, query, signal) => (await request("GET", path, { query, signal })).json();

// send performs a request that changes something, and returns the JSON document of its answer.
export const send = async (method, path, options) => (await request(method, path, options)).json();

async function problemOf(response) {
  const fallback = { title: response.statusText || "The request failed", detail: "The answer has the status " + response.status + "." };
  try {
    const problem = await response.json();
    return problem && problem.title ? problem : fallback;
  } catch {
    return fallback;
  }
}

// expire shows the login, in place: the address stays, so one is back where one was.
function expire() {
  session.set({ authenticated: false, loginNeeded: true, expired: session.get()?.authenticated === true });
}

let trying = 0;

function lose() {
  if (trying) return;
  network.set({ ...network.get(), lost: true });
  const retry = async () => {
    try {
      await fetch("/ui/session", { cache: "no-store" });
    } catch {
      trying = setTimeout(retry, 2000);
      return;
    }
    trying = 0;
    network.set({ lost: false, returns: network.get().returns + 1 });
  };
  trying = setTimeout(retry, 2000);
}

export async function loadSession() {
  session.set(await get("/ui/session"));
}

export async function login(token) {
  await request("POST", "/ui/session", { body: JSON.stringify({ token }) });
  await loadSession();
  if (!session.get().authenticated) {
    throw new ApiError(0, { title: "The browser did not keep the session", detail: "Allow cookies for this address, and reach the page over HTTPS." });
  }
}

export async function logout() {
  await request("DELETE", "/ui/session");
  session.set({ authenticated: false, loginNeeded: true });
}

const part = encodeURIComponent;

// The paths of the API.
export const paths = {
  namespace: (ns) => "/v1/namespaces/" + part(ns),
  webhooks: (ns) => "/v1/namespaces/" + part(ns) + "/webhooks",
  webhook: (ns, name) => "/v1/namespaces/" + part(ns) + "/webhooks/" + part(name),
  call: (ns, name, id) => "/v1/namespaces/" + part(ns) + "/webhooks/" + part(name) + "/calls/" + part(id),
};

// rowOf gives the columns of a delivery short names.
export function rowOf(d) {
  return {
    id: d.WebhookLogTransactionId, start: d.WebhookLogStartDateTimeUtc, number: d.WebhookLogRetryNumber,
    webhook: d.WebhookLogWebhookName, integration: d.WebhookLogIntegrationId,
    sourceType: d.WebhookLogWebhookSourceType, sourceName: d.WebhookLogWebhookSourceName,
    sourceId: d.WebhookLogWebhookSourceId, sourceUrl: d.WebhookLogWebhookSourceUrl,
    success: d.WebhookLogStatus === "success", method: d.WebhookLogHttpMethod, url: d.WebhookLogUrl,
    requestHeaders: d.WebhookLogRequestHeaders, requestBody: d.WebhookLogRequestBody,
    status: d.WebhookLogHTTPStatusCode, responseHeaders: d.WebhookLogResponseHeaders, responseBody: d.WebhookLogResponseBody,
    reason: d.reason, outcome: d.outcome, message: d.message, seconds: d.durationSeconds,
    requestBinary: d.requestBodyBinary, responseBinary: d.responseBodyBinary, cut: d.responseBodyCut, dropped: d.responseBodyDropped,
    key: d.WebhookLogTransactionId + "_" + d.WebhookLogRetryNumber + "_" + d.WebhookLogStartDateTimeUtc,
  };
}
