// What plain elements need beyond HTML: where a menu opens, arrow keys in it, the sidebar
// as a drawer, text put into a field. Listens once, on the document; knows no state.
import { page } from "./lu.js";

// As llm_ui/folding.py compares words, as far as a filter needs it.
/** @param {string} text */
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const root = () => document.documentElement;
const PHONE = "(max-width: 767px)";
const OVER = "dialog[open], :popover-open:not(.lu-tip)";
const MARGIN = 8;
/** @type {HTMLElement | null} */
let invoker = null;

/**
 * @param {Element} menu
 * @returns {HTMLButtonElement[]}
 */
const itemsOf = (menu) =>
  /** @type {HTMLButtonElement[]} */ ([
    ...menu.querySelectorAll('[role^="menuitem"]:not([hidden])'),
  ]).filter((i) => i.offsetParent);

/** @param {HTMLElement} menu */
const place = (menu) => {
  if (!invoker || matchMedia(PHONE).matches) return;
  const at = invoker.getBoundingClientRect();
  const below = innerHeight - at.bottom - MARGIN;
  const up = below < 240 && at.top > below;
  const s = menu.style;
  s.top = up ? "auto" : `${at.bottom + 4}px`;
  s.bottom = up ? `${innerHeight - at.top + 4}px` : "auto";
  s.maxHeight = `${Math.min(480, (up ? at.top : below) - MARGIN)}px`;
  const end = at.left + at.width / 2 > innerWidth / 2;
  s.left = end ? "auto" : `${Math.max(MARGIN, at.left)}px`;
  s.right = end ? `${Math.max(MARGIN, innerWidth - at.right)}px` : "auto";
};

// A menu serves many things: of two items that exclude each other it shows the one that fits.
/** @param {Element} menu */
const suit = (menu) => {
  const flags = (invoker?.dataset.flags ?? "").split(" ");
  for (const item of menu.querySelectorAll("[data-unless]")) {
    const { unless = "" } = item.dataset;
    item.hidden = unless.startsWith("un")
      ? !flags.includes(unless.slice(2))
      : flags.includes(unless);
  }
};

/** @param {HTMLElement} button */
const remember = (button) => {
  invoker = button;
  const { id } = button.dataset;
  if (id) {
    const { title = "", project = "", tags = "", flags = "" } = button.dataset;
    window.lu.target = { id, title, project, tags, flags };
  }
};

/** @param {boolean} open */
const setDrawer = (open) => {
  const side = document.getElementById("sidebar");
  if (!side) return;
  const was = root().dataset.drawer === "open";
  root().dataset.drawer = open ? "open" : "shut";
  // What lies below the drawer is out of reach, for the keyboard too.
  for (const each of /** @type {Iterable<HTMLElement>} */ (side.parentElement?.children ?? [])) {
    if (each !== side && !each.matches(".lu-scrim")) each.inert = open;
  }
  if (open) side.querySelector("a, button")?.focus();
  else if (was) document.querySelector("[data-lu=drawer]")?.focus();
};

/** @param {boolean} shut */
const setSide = (shut) => {
  const how = shut ? "shut" : "open";
  root().dataset.side = how;
  try {
    localStorage.setItem("lu-side", how);
  } catch {
    // a browser that keeps nothing starts with the sidebar open
  }
  document.querySelector(shut ? "[data-lu=side-open]" : "[data-lu=side-shut]")?.focus();
};

// Copying without https: the browser copies what is selected only.
/** @param {HTMLElement} button */
const copyField = (button) => {
  const field = /** @type {HTMLInputElement | null} */ (
    document.getElementById(button.dataset.field ?? "")
  );
  if (!field) return;
  const copied = () => {
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 2000);
  };
  const select = () => {
    field.focus();
    field.select();
    if (document.execCommand("copy")) copied();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(field.value).then(copied, select);
  else select();
};

/** @type {Record<string, (target: HTMLElement, event: Event) => void>} */
const actions = {
  "copy-field": copyField,
  skip: (_target, event) => {
    event.preventDefault();
    document.getElementById("main")?.focus();
  },
  drawer: () => setDrawer(true),
  "drawer-shut": () => setDrawer(false),
  palette: () => {
    setDrawer(false);
    dispatchEvent(new Event("lu:palette"));
  },
  "side-open": () => setSide(false),
  "side-shut": () => (matchMedia(PHONE).matches ? setDrawer(false) : setSide(true)),
};

/** @param {MouseEvent} event */
const onClick = (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const acting = target.closest("[data-lu]");
  if (acting) actions[acting.dataset.lu ?? ""]?.(acting, event);
  if (target.closest("#sidebar a")) setDrawer(false);
  const item = target.closest('[role^="menuitem"]');
  if (item && item.getAttribute("aria-disabled") !== "true") {
    item.closest("[popover]")?.hidePopover();
  }
};

// Before the browser opens a popover for its button, note which button it was.
/** @param {MouseEvent} event */
const onClickFirst = (event) => {
  const button = event.target instanceof Element && event.target.closest("[popovertarget]");
  if (button) remember(button);
};

/** @param {ToggleEvent} event */
const onToggle = (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLElement) || !menu.classList.contains("lu-menu")) return;
  const open = event.newState === "open";
  if (event.type === "beforetoggle") {
    if (open) {
      place(menu);
      suit(menu);
    }
    return;
  }
  invoker?.setAttribute("aria-expanded", String(open));
  if (!open) return;
  const field = menu.querySelector("input");
  if (field) field.value = "";
  filter(menu, "");
  const first = menu.querySelector('[aria-checked="true"]') ?? itemsOf(menu)[0];
  if (field && !matchMedia(PHONE).matches) field.focus();
  else first?.focus();
};

// Tab leads on from the button that opened a menu, which gets the focus back first; through one
// with fields in it Tab goes from one to the next. A menu that stayed open would cover the focus.
/** @param {HTMLElement} menu */
const leaveBy = (menu) => {
  if (menu.getAttribute("role") === "menu") menu.hidePopover();
  else requestAnimationFrame(() => menu.contains(document.activeElement) || menu.hidePopover());
};

/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** @param {KeyboardEvent} event */
const onKey = (event) => {
  // One Escape shuts one thing: first what lies over the drawer.
  const drawn = root().dataset.drawer === "open" && !document.querySelector(OVER);
  if (event.key === "Escape" && drawn) setDrawer(false);
  const target = event.target instanceof Element ? event.target : null;
  const menu = target?.closest(".lu-menu");
  if (!target || !menu) return;
  if (event.key === "Tab") leaveBy(menu);
  if (typed(menu, target, event)) return;
  const items = itemsOf(menu);
  if (event.key === "Enter" && target.matches("[data-filter]") && !event.isComposing) {
    event.preventDefault();
    items.find((item) => !item.disabled)?.click();
    return;
  }
  const here = items.findIndex((item) => item === document.activeElement);
  let next = null;
  if (event.key in STEPS) {
    next = here < 0 && STEPS[event.key] < 0 ? items.length - 1 : here + STEPS[event.key];
  } else if (event.key === "Home") next = 0;
  else if (event.key === "End") next = items.length - 1;
  if (next === null || !items.length) return;
  event.preventDefault();
  items[(next + items.length) % items.length].focus();
};

// Typing in a menu leads to what begins so, or into its field, which takes the key itself.
const PAUSE_MS = 800;
let letters = "";
let lastTyped = 0;

/**
 * @param {Element} menu
 * @param {Element} target
 * @param {KeyboardEvent} event
 */
const typed = (menu, target, event) => {
  const writes = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!writes || event.isComposing || target.matches("input, textarea, select")) return false;
  const field = menu.querySelector("[data-filter]");
  if (field) {
    field.focus();
    return true;
  }
  if (event.timeStamp - lastTyped > PAUSE_MS) letters = "";
  // A blank alone presses the item that has the focus.
  if (event.key === " " && !letters) return false;
  lastTyped = event.timeStamp;
  letters += fold(event.key);
  const items = itemsOf(menu);
  const here = items.findIndex((item) => item === document.activeElement);
  // The same letter again goes on to the next one; further letters may keep the one that is there.
  const again = [...letters].every((letter) => letter === letters[0]);
  const wanted = again ? letters[0] : letters;
  const from = again ? here + 1 : Math.max(here, 0);
  const order = [...items.slice(from), ...items.slice(0, from)];
  /** @param {HTMLElement} item */
  const words = (item) => fold(item.dataset.words ?? item.textContent).trim();
  const found =
    order.find((item) => words(item).startsWith(wanted)) ??
    order.find((item) => words(item).includes(wanted));
  found?.focus();
  event.preventDefault();
  return true;
};

/**
 * @param {Element} menu
 * @param {string} wanted
 */
const filter = (menu, wanted) => {
  const words = fold(wanted).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of menu.querySelectorAll("[data-words]")) {
    const fits = words.every((w) => fold(item.dataset.words ?? "").includes(w));
    item.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  for (const heading of menu.querySelectorAll(".lu-menu__heading")) heading.hidden = !!words.length;
  const none = menu.querySelector("[data-none]");
  if (none) none.hidden = shown > 0;
};

/** @param {Event} event */
const onInput = (event) => {
  const field = event.target;
  const menu = field instanceof HTMLInputElement && field.closest(".lu-menu");
  if (menu && field.matches("[data-filter]")) filter(menu, field.value);
};

const start = () => {
  window.lu = page;
  document.addEventListener("click", onClickFirst, true);
  document.addEventListener("click", onClick);
  document.addEventListener("beforetoggle", onToggle, true);
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("keydown", onKey);
  matchMedia(PHONE).addEventListener("change", () => setDrawer(false));
  document.addEventListener("input", onInput);
};

if (typeof window !== "undefined" && !window.lu) start();
