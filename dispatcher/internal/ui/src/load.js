// Loading data for a view, again and again while somebody looks at it.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { network } from "./api.js";
import { createStore, useStore } from "./store.js";

// useLoad runs load(signal) when one of the dependencies changes, when the dispatcher can
// be reached again, and, if every is given, after so many milliseconds. Data stays while
// it is loaded anew, and after an error; it goes when a dependency changes, but not when
// soft does. busy says that data is loaded because of something other than every.
export function useLoad(load, dependencies, { every = 0, soft } = {}) {
  const [state, setState] = useState({ busy: true });
  const [turn, setTurn] = useState(0);
  const { returns } = useStore(network);
  const seen = useRef(dependencies);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    if (dependencies.some((d, i) => d !== seen.current[i])) setState({ busy: true });
    else setState((before) => ({ ...before, busy: true }));
    seen.current = dependencies;
    const run = async () => {
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ data });
      } catch (error) {
        if (!abort.signal.aborted) setState((before) => ({ data: before.data, error }));
      }
      if (every && !abort.signal.aborted) timer = setTimeout(whenVisible, every);
    };
    const whenVisible = () => {
      if (document.visibilityState === "visible") run();
      else document.addEventListener("visibilitychange", whenVisible, { once: true });
    };
    run();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", whenVisible);
    };
  }, [...dependencies, soft, turn, returns, every]);
  return { ...state, reload: useCallback(() => setTurn((n) => n + 1), []) };
}

const minute = createStore(Date.now());
setInterval(() => minute.set(Date.now()), 5000);

// useNow is the time, which moves on every five seconds.
export const useNow = () => useStore(minute);
