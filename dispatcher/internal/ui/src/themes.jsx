// Light, dark, or as the system has it.
import { useState } from "preact/hooks";
import { createStore } from "./store.js";

// theme changes when colours do; charts, which are painted, watch it.
export const theme = createStore(document.documentElement.dataset.theme || "");
const system = matchMedia("(prefers-color-scheme: dark)");

export const colours = createStore(0);
system.addEventListener("change", () => colours.set(colours.get() + 1));

const next = { "": "dark", dark: "light", light: "" };
const names = { "": "as the system", dark: "dark", light: "light" };
const signs = { "": "◐", dark: "☾", light: "☀" };

export function Theme() {
  const [now, setNow] = useState(theme.get());
  const change = () => {
    const wanted = next[now];
    if (wanted) document.documentElement.dataset.theme = wanted;
    else delete document.documentElement.dataset.theme;
    try {
      if (wanted) localStorage.setItem("webhook-theme", wanted);
      else localStorage.removeItem("webhook-theme");
    } catch {
      // A browser may forbid storage; then the choice lasts until the page is left.
    }
    theme.set(wanted);
    setNow(wanted);
    colours.set(colours.get() + 1);
  };
  return <button type="button" class="small theme" onClick={change} title={"Colours: " + names[now]} aria-label={"Colours: " + names[now] + ". Change to " + names[next[now]]}><span aria-hidden="true">{signs[now]}</span></button>;
}
