// The line to the server: whether it is there, and what a page does without it. What an address
// says and what a page shows never differ: without a line nothing is opened that has to be asked for.
import { useEffect, useSyncExternalStore } from "react";

import { say } from "./toasts.jsx";

const PROBE_MS = 2500;
const PATIENCE_MS = 300;

// What the browser says of its network, confirmed: a server on the same machine needs none.
let lost = false;
let broken = false;
let words = "";
let here = 0;
let goingBack = false;
/** @type {Set<() => void>} */
const listeners = new Set();
/** @param {() => void} listener */
const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const isAway = () => lost || broken;
const how = () => (lost ? "sure" : broken ? "perhaps" : "");

const note = () => {
  const root = document.documentElement;
  if (isAway() && !("offline" in root.dataset)) {
    root.dataset.offline = "";
    here = window.history.state?.idx ?? 0;
  }
  if (!isAway()) delete root.dataset.offline;
  listeners.forEach((listener) => listener());
};

/** @param {boolean} on */
const setLost = (on) => {
  if (lost === on) return;
  lost = on;
  note();
  // Reflex's socket hears of it (same_origin.py): what is dead is not waited for.
  if (on) window.dispatchEvent(new Event("lu:offline"));
};

const looked = async () => {
  let answered = false;
  const late = setTimeout(() => !answered && !navigator.onLine && setLost(true), PATIENCE_MS);
  try {
    await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) });
    answered = true;
    setLost(false);
  } catch {
    if (!navigator.onLine) setLost(true);
  } finally {
    clearTimeout(late);
  }
};

/** @param {MouseEvent} event */
const linkOf = (event) => {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey
  )
    return null;
  const link =
    event.target instanceof Element &&
    /** @type {HTMLAnchorElement | null} */ (event.target.closest("a[href]"));
  if (
    !link ||
    link.origin !== window.location.origin ||
    link.target === "_blank" ||
    link.hasAttribute("download")
  )
    return null;
  const samePage =
    link.pathname === window.location.pathname && link.search === window.location.search;
  return samePage ? null : link;
};

/** @param {MouseEvent} event */
const onClick = (event) => {
  if (!isAway() || !linkOf(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  say.error(words, { id: "offline" });
};

// The browser has changed the address already: it is changed back before anybody looks.
/** @param {PopStateEvent} event */
const onPop = (event) => {
  if (!goingBack && !isAway()) return;
  event.stopImmediatePropagation();
  if (goingBack) {
    goingBack = false;
    return;
  }
  const steps = (window.history.state?.idx ?? 0) - here;
  if (!steps) return;
  goingBack = true;
  window.history.go(-steps);
  say.error(words, { id: "offline" });
};

const start = () => {
  window.addEventListener("offline", looked);
  window.addEventListener("online", () => setLost(false));
  window.addEventListener("popstate", onPop, true);
  document.addEventListener("click", onClick, true);
  if (!navigator.onLine) looked();
};

if (typeof window !== "undefined" && !window.luLine) {
  window.luLine = true;
  start();
}

/**
 * Shows its children while there is no line; `isBroken` is what Reflex's socket knows of it.
 *
 * @param {{ isBroken?: boolean, blockedLabel?: string } & Lu.Children} props
 */
export function Line({ isBroken = false, blockedLabel = "", children }) {
  const away = useSyncExternalStore(subscribe, how, () => "");
  useEffect(() => {
    words = blockedLabel;
  }, [blockedLabel]);
  useEffect(() => {
    broken = isBroken;
    // A socket that is back knows better than the browser's news.
    if (!isBroken) lost = false;
    note();
  }, [isBroken]);
  if (!away) return null;
  return <div data-line={away}>{children}</div>;
}
