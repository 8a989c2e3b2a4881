// Tooltips: what `data-tip` says of an element, soon, in our own look, for the pointer, the
// keyboard and a finger that stays. Listens once, on the document; knows no state.

const REST_MS = 400;
// Whoever goes along a row of buttons reads the next one's at once.
const NEXT_MS = 500;
const PRESS_MS = 500;
const STAYS_MS = 2000;
const GAP = 6;
const MARGIN = 8;

/** @type {HTMLElement | null} */
let tip = null;
/** @type {HTMLElement | null} */
let owner = null;
/** @type {Lu.Timer | undefined} */
let timer = 0;
let ended = -NEXT_MS;
let pressed = false;

const watcher =
  typeof MutationObserver === "undefined" ? null : new MutationObserver(() => write());

/**
 * @param {EventTarget | null} target
 * @returns {HTMLElement | null}
 */
const ownerOf = (target) => (target instanceof Element ? target.closest("[data-tip]") : null);

// What can be read anyway is not said again, unless it is cut.
/** @param {HTMLElement} element */
const isNews = (element) => {
  if (!element.dataset.tip || element.getAttribute("aria-expanded") === "true") return false;
  if (element.innerText?.trim() !== element.dataset.tip.trim()) return true;
  return [element, ...element.querySelectorAll("*")].some(
    (each) => each.scrollWidth > each.clientWidth + 1,
  );
};

/** @param {HTMLElement} of */
const box = (of) => {
  // In a dialog what stands outside of it is out of reach.
  const home = of.closest("dialog[open]") ?? document.body;
  if (tip?.parentElement === home) return tip;
  tip?.remove();
  tip = Object.assign(document.createElement("div"), {
    id: "lu-tip",
    className: "lu-tip",
    popover: "manual",
  });
  tip.setAttribute("role", "tooltip");
  home.append(tip);
  return tip;
};

const write = () => {
  if (!owner?.isConnected || !owner.dataset.tip) return hide();
  const made = box(owner);
  made.textContent = owner.dataset.tip;
  const at = owner.getBoundingClientRect();
  const { width, height } = made.getBoundingClientRect();
  const below = at.bottom + GAP + height + MARGIN < innerHeight;
  const left = at.left + at.width / 2 - width / 2;
  made.style.top = `${below ? at.bottom + GAP : Math.max(MARGIN, at.top - GAP - height)}px`;
  made.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  return undefined;
};

/** @param {HTMLElement} element */
const show = (element) => {
  if (!element.isConnected || !isNews(element)) return;
  owner = element;
  const made = box(element);
  made.textContent = element.dataset.tip ?? "";
  // Anew, so that it lies above what was opened since.
  if (made.matches(":popover-open")) made.hidePopover();
  made.showPopover();
  write();
  if (element.getAttribute("aria-label") !== element.dataset.tip)
    element.setAttribute("aria-describedby", made.id);
  watcher?.disconnect();
  watcher?.observe(element, { attributes: true, attributeFilter: ["data-tip", "aria-expanded"] });
};

const hide = () => {
  clearTimeout(timer);
  if (!owner) return;
  watcher?.disconnect();
  if (owner.getAttribute("aria-describedby") === tip?.id) owner.removeAttribute("aria-describedby");
  if (tip?.isConnected && tip.matches(":popover-open")) tip.hidePopover();
  owner = null;
  ended = performance.now();
};

/** @param {HTMLElement} element */
const soon = (element) => {
  clearTimeout(timer);
  const wait = owner || performance.now() - ended < NEXT_MS ? 0 : REST_MS;
  hide();
  timer = setTimeout(show, wait, element);
};

/** @type {HTMLElement | null} */
let over = null;

/** @param {PointerEvent} event */
const onOver = (event) => {
  if (event.pointerType === "touch") return;
  const element = ownerOf(event.target);
  if (element === over) return;
  over = element;
  if (element) soon(element);
  else hide();
};

/** @param {FocusEvent} event */
const onFocus = (event) => {
  const element = ownerOf(event.target);
  if (element && /** @type {Element} */ (event.target).matches(":focus-visible")) soon(element);
};

/** @param {PointerEvent} event */
const onDown = (event) => {
  hide();
  pressed = false;
  if (event.pointerType !== "touch") return;
  const element = ownerOf(event.target);
  if (!element) return;
  timer = setTimeout(() => {
    pressed = true;
    show(element);
  }, PRESS_MS);
};

/** @param {PointerEvent} event */
const onUp = (event) => {
  if (event.pointerType !== "touch") return;
  clearTimeout(timer);
  if (pressed) timer = setTimeout(hide, STAYS_MS);
};

// A finger that stayed asked what this is; it did not press it.
/** @param {MouseEvent} event */
const onPressed = (event) => {
  if (!pressed) return;
  event.preventDefault();
  if (event.type === "click") {
    event.stopPropagation();
    pressed = false;
  }
};

const start = () => {
  /**
   * @param {string} name
   * @param {(event: any) => unknown} handler
   */
  const on = (name, handler) => document.addEventListener(name, handler, true);
  on("pointerover", onOver);
  on("focusin", onFocus);
  on("focusout", hide);
  on("pointerdown", onDown);
  on("pointerup", onUp);
  on("pointercancel", onUp);
  on("click", onPressed);
  on("contextmenu", onPressed);
  on("keydown", (event) => event.key !== "Tab" && hide());
  on("scroll", hide);
  document.documentElement.addEventListener("pointerleave", hide);
};

if (typeof window !== "undefined" && !window.luTips) {
  window.luTips = true;
  start();
}
