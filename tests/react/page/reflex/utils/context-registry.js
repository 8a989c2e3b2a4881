// Stands in for the state store of a Reflex app.
import { createContext } from "react";

export const StateStoreContext = createContext(null);
export const DispatchContext = createContext(null);

export function createStore() {
  const state = {};
  const listeners = new Map();
  return {
    getSnapshot: (name) => state[name],
    subscribe(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name).add(listener);
      return () => listeners.get(name).delete(listener);
    },
    push(name, delta) {
      state[name] = { ...state[name], ...delta };
      listeners.get(name)?.forEach((listener) => listener());
    },
  };
}
