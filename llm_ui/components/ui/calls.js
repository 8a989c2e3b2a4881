// What handlers may call here (llm_ui/states/browser.py), by name and with values: nothing that a
// server sends is ever run as code, which the page's policy would forbid.
import { refs } from "$/utils/state";
import { say } from "./toasts.jsx";

const get = (id) => document.getElementById(id);
// What came with the call has been drawn two frames later.
const drawn = (then) => requestAnimationFrame(() => requestAnimationFrame(then));

const calls = {
  say: (kind, words, id) => say[kind](words, id ? { id } : {}),
  open: (id) => window.lu.open(id),
  fresh: (id) => window.lu.fresh(id),
  shut: (id) => get(id)?.close(),
  show: (id) => drawn(() => get(id)?.showModal()),
  hand: (id, path) => window.lu.hand(id, path),
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
  // A fresh key goes into its field without a state, and from one dialog to another.
  key: (form, shown, key) => {
    get(form)?.close();
    get(`${shown}-key`).value = key;
    get(shown).showModal();
  },
};

refs.ref_lu = {
  current: {
    set value([name, ...values]) {
      try {
        calls[name](...values);
      } catch (error) {
        reportError(error);
      }
    },
  },
};
