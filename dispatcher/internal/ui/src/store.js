// A store is a value that components can watch.
import { useEffect, useState } from "preact/hooks";

export function createStore(value) {
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const watcher of [...watchers]) watcher(value);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

export function useStore(store) {
  const [value, set] = useState(store.get());
  useEffect(() => {
    set(store.get());
    return store.watch(set);
  }, [store]);
  return value;
}

// announcement is read out by screen readers, and shown for a moment.
export const announcement = createStore({ text: "", at: 0 });

export function announce(text) {
  announcement.set({ text, at: Date.now() });
}
