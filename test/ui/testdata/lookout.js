// Runs before the page's own scripts.
window.lookout = (() => {
  const violations = [];
  addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
  const visible = (e) => e.getClientRects().length > 0;
  const clean = (text) => text.replace(/\s+/g, " ").trim();
  const nameOf = (e) => clean(e.getAttribute("aria-label") || e.innerText || e.textContent || "");

  // scope is where a person can act: the dialog, if one is open.
  const scope = () => document.querySelector("dialog[open]") || document;

  // rows is when the first row of a table was painted, in milliseconds from the start of
  // the navigation on; 0 before.
  let rows = 0;
  const seen = new MutationObserver(() => {
    if (!document.querySelector("tbody tr")) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => (rows = performance.now())));
  });
  seen.observe(document, { childList: true, subtree: true });

  return {
    violations,
    rows: () => rows,
    text: () => clean(document.body?.innerText || ""),
    click(name) {
      const all = [...scope().querySelectorAll("button, a, summary")].filter((e) => visible(e) && !e.disabled);
      const found = all.find((e) => nameOf(e) === name);
      found?.click();
      return !!found;
    },
    fill(label, text) {
      const of = [...scope().querySelectorAll("label")].find((l) => visible(l) && clean(l.querySelector("span")?.innerText || l.innerText) === label);
      const input = of?.querySelector("input, select, textarea");
      if (!input) return false;
      input.focus();
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(input), "value").set.call(input, text);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    },
  };
})();
