// The words of the data plane, and how they look.

// outcomes are in the order in which charts stack them.
export const outcomes = ["Succeeded", "Cancelled", "Rejected", "Failed", "Exhausted", "ResponseUnusable", "RenderFailed", "Blocked", "Lost"];

const meanings = {
  Succeeded: "The receiver answered with success.",
  Cancelled: "Somebody cancelled the call, or its Webhook was deleted.",
  Rejected: "The receiver refused it with 3xx or 4xx.",
  Failed: "It failed, and no retry is allowed.",
  Exhausted: "It failed, and so did all retries.",
  ResponseUnusable: "The receiver answered with success, but not with what the Webhook needs.",
  RenderFailed: "The templates could not be rendered with the data; nothing was sent.",
  Blocked: "The address is not allowed; nothing was sent.",
  Lost: "The dispatcher ended in mid-attempt, and there is no key to try again with.",
};

export const meaningOf = (outcome) => meanings[outcome] || "";

export function toneOf(outcome) {
  if (outcome === "Succeeded") return "ok";
  return outcome === "Cancelled" ? "idle" : "bad";
}

// healthOf is the badge of a webhook: tone, word, and the sentence that explains it.
export function healthOf(w) {
  if (w.notReady) return { tone: "warn", word: "Not ready", why: w.notReady };
  if (w.suspended) return { tone: "idle", word: "Suspended", why: "Calls are taken in and wait." };
  const { healthy, calls, failed } = w.health;
  if (!calls) return { tone: "idle", word: "No calls", why: "No call has ended in the last 24 hours." };
  const why = failed + " of " + calls + " calls of the last 24 hours failed.";
  return healthy ? { tone: "ok", word: "Healthy", why } : { tone: "bad", word: "Unhealthy", why };
}

export function integrationHealth(i) {
  if (i.notReady) return { tone: "warn", word: "Not ready", why: i.notReady };
  if (i.suspended) return { tone: "idle", word: "Suspended", why: "Nothing is sent until it goes on." };
  if (i.unhealthy) return { tone: "bad", word: i.unhealthy + " unhealthy", why: i.unhealthy + " of its Webhooks are unhealthy." };
  if (!i.calls) return { tone: "idle", word: "No calls", why: "No call has ended in the last 24 hours." };
  return { tone: "ok", word: "Healthy", why: i.failed + " of " + i.calls + " calls of the last 24 hours failed." };
}

// reasons are those of attempts.
export const reasons = [
  "Success", "Redirect", "ClientError", "TooManyRequests", "ServerError", "Timeout", "NetworkError", "ProxyError",
  "Blocked", "BadRequest", "TokenError", "TokenRefused", "ResponseUnusable", "Crash",
];
