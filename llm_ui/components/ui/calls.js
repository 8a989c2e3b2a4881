// What handlers may call here (llm_ui/states/browser.py), by name and with values: nothing that a
// server sends is ever run as code, which the page's policy would forbid.
import { refs } from "$/utils/state";
import { say } from "./toasts.jsx";

/**
 * What stands under an id: which kind of element it is, whoever calls knows.
 * @typedef {(HTMLInputElement & HTMLDialogElement) | null} Both
 */

/**
 * @param {string} id
 * @returns {Both}
 */
const get = (id) => /** @type {Both} */ (document.getElementById(id));
// What came with the call has been drawn two frames later.
/** @param {() => void} then */
const drawn = (then) => requestAnimationFrame(() => requestAnimationFrame(then));

/** @type {Record<string, (...values: string[]) => unknown>} */
const calls = {
  say: (kind, words, id) =>
    say[/** @type {"info" | "success" | "error"} */ (kind)](words, id ? { id } : {}),
  show: (id) => drawn(() => window.lu.show(id)),
  shut: (id) => window.lu.shut(id),
  hand: (id, given) => window.lu.hand(id, given),
  secret: (id) => window.lu.secret(id),
  take: (href) => window.lu.take(href),
  language: (tag) => window.lu.language(tag),
  focus: (id) => requestAnimationFrame(() => get(id)?.focus()),
  // Of two buttons the one that can still be pressed.
  "focus-either": (id, other) =>
    drawn(() => {
      const button = get(id);
      (button && !button.disabled ? button : get(other))?.focus();
    }),
  wrong: () =>
    drawn(() => {
      const field = document.querySelector("dialog[open] [aria-invalid=true]");
      field?.focus();
      field?.scrollIntoView({ block: "center" });
    }),
  "into-view": (id) => drawn(() => get(id)?.scrollIntoView({ block: "center" })),
  empty: (id) => {
    const field = get(id);
    if (field) field.value = "";
  },
};

refs.ref_lu = {
  current: {
    /** @param {string[]} call */
    set value([name, ...values]) {
      try {
        calls[name](...values);
      } catch (error) {
        reportError(error);
      }
    },
  },
};
