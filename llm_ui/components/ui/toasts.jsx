// News over a page: one place for what states say (calls.js), what components say (`rx.toast`,
// which calls what stands in Reflex's refs) and what the page offers to take back (`Toast`, a child
// of a component with handlers).
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { createPortal } from "react-dom";
import { refs } from "$/utils/state";

/** @typedef {{ id: string | number, key: number, kind: string, words: string }} Item */
/** @typedef {{ id?: string | number, title?: string, description?: string }} Options */
/** @typedef {(text: string, options?: Options) => string | number} Show */

const SHOWN_MS = 6000;
const ERROR_MS = 12000;
const STEP_MS = 100;
const MOST = 4;

/** @type {Item[]} */
let list = [];
/** @type {HTMLElement | null} */
let place = null;
let last = 0;
/** @type {Set<() => void>} */
const listeners = new Set();
const tell = () => listeners.forEach((listener) => listener());
/** @param {() => void} listener */
const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** @param {string | number} [id] */
const dismiss = (id) => {
  list = id === undefined ? [] : list.filter((each) => each.id !== id && each.key !== id);
  tell();
};

// The same news again takes the place of the old ones.
/**
 * @param {string} kind
 * @returns {Show}
 */
const show =
  (kind) =>
  (text, options = {}) => {
    last += 1;
    const id = options.id ?? `news-${last}`;
    const words = text || options.title || options.description || "";
    list = [...list.filter((each) => each.id !== id), { id, key: last, kind, words }].slice(-MOST);
    tell();
    return id;
  };

export const say = Object.assign(show("info"), {
  info: show("info"),
  success: show("success"),
  warning: show("error"),
  error: show("error"),
  message: show("info"),
  dismiss,
});

/** @type {Record<string, string>} */
const SIGNS = {
  success: "M20 6 9 17l-5-5",
  error: "M12 8v5M12 16.5v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
};

/** @param {{ kind: string }} props */
function Sign({ kind }) {
  if (!SIGNS[kind]) return null;
  return (
    <svg className="lu-toast__sign" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      <path d={SIGNS[kind]} />
    </svg>
  );
}

/** @param {{ item: Item, closeLabel: string }} props */
function News({ item, closeLabel }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    let left = item.kind === "error" ? ERROR_MS : SHOWN_MS;
    const timer = setInterval(() => {
      // Nobody loses what they are reading, or were not there to read.
      if (document.hidden || box.current?.matches(":hover, :focus-within")) return;
      left -= STEP_MS;
      if (left <= 0) dismiss(item.key);
    }, STEP_MS);
    return () => clearInterval(timer);
  }, [item.key, item.kind]);
  return (
    <div
      ref={box}
      className="lu-toast lu-news"
      data-kind={item.kind}
      role={item.kind === "error" ? "alert" : undefined}
      data-testid="news"
    >
      <Sign kind={item.kind} />
      <span className="lu-toast__text">{item.words}</span>
      <button
        type="button"
        className="lu-icon-button lu-icon-button--small"
        aria-label={closeLabel}
        data-tip={closeLabel}
        onClick={() => dismiss(item.key)}
      >
        <svg
          className="lu-toast__close"
          viewBox="0 0 24 24"
          width="16"
          height="16"
          aria-hidden="true"
        >
          <path d="M18 6 6 18M6 6l12 12" />
        </svg>
      </button>
    </div>
  );
}

// Alt and T lead to the newest of them, from wherever one is.
/** @param {KeyboardEvent} event */
const toNewest = (event) => {
  if (!event.altKey || event.code !== "KeyT") return;
  const buttons = document.querySelectorAll(".lu-toasts .lu-toast:last-child button");
  if (!buttons.length) return;
  event.preventDefault();
  buttons[0].focus();
};

/** @param {{ label: string, closeLabel: string }} props */
export function Toaster({ label, closeLabel }) {
  const shown = useSyncExternalStore(
    subscribe,
    () => list,
    () => list,
  );
  const [, drawn] = useState(false);
  useEffect(() => {
    refs.__toast = say;
    drawn(true);
    document.addEventListener("keydown", toNewest);
    return () => document.removeEventListener("keydown", toNewest);
  }, []);
  return (
    <section
      className="lu-toasts"
      aria-label={label}
      aria-live="polite"
      aria-relevant="additions text"
    >
      <div className="lu-toasts__part">
        {shown.map((item) => (
          <News key={item.key} item={item} closeLabel={closeLabel} />
        ))}
      </div>
      <div
        className="lu-toasts__part"
        ref={(box) => {
          place = box;
          tell();
        }}
      />
    </section>
  );
}

/**
 * News with actions of their own, among the others.
 *
 * @param {React.ComponentProps<"div">} props
 */
export function Toast({ children, ...props }) {
  const there = useSyncExternalStore(
    subscribe,
    () => place,
    () => null,
  );
  if (!there) return null;
  return createPortal(
    <div className="lu-toast" {...props}>
      {children}
    </div>,
    there,
  );
}
