// A list of which only a part is in the page: empty space stands for the rest. The rows are
// children, of one height but for a heading now and then; which part is wanted is told when
// the reader comes near an end of what is there.
import { useEffect, useEffectEvent, useLayoutEffect, useRef } from "react";

/**
 * @typedef {Lu.Children & {
 *   start?: number, count?: number, total?: number, onWindow?: (start: number) => void,
 *   label?: string
 * }} Props
 */

const MARGIN = 15;
const REST_MS = 60;
const GIVE_UP_MS = 3000;
const FALLBACK_PX = 32;

const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/**
 * The first row to ask for, or null: {start, count, total} are what is there.
 *
 * @param {{ start: number, count: number, total: number }} there
 * @param {number} above
 * @param {number} below
 * @param {number} seen
 */
export function wantedStart({ start, count, total }, above, below, seen) {
  // `above` and `below`: rows between what is seen and the ends of what is there.
  const lacksAbove = start > 0 && above < MARGIN;
  const lacksBelow = start + count < total && below < MARGIN;
  if (!lacksAbove && !lacksBelow) return null;
  const first = Math.round(start + above);
  const half = Math.max(0, Math.floor((count - seen) / 2));
  const next = Math.max(0, Math.min(first - half, total - 1));
  return next === start ? null : next;
}

/** @param {Props} props */
export function ChatWindow({ children, start = 0, count = 0, total = 0, onWindow, label }) {
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  const asked = useRef(/** @type {number | null} */ (null));

  const rowHeight = () => list.current?.querySelector(".lu-chat")?.offsetHeight || FALLBACK_PX;

  const look = useEffectEvent(() => {
    const box = list.current?.closest(".lu-chats");
    if (!box || !list.current || !count) return;
    if (asked.current && performance.now() - asked.current < GIVE_UP_MS) return;
    const view = box.getBoundingClientRect();
    if (!view.height) return;
    const here = list.current.getBoundingClientRect();
    const px = rowHeight();
    const above = (view.top - here.top) / px;
    const below = (here.bottom - view.bottom) / px;
    const next = wantedStart({ start, count, total }, above, below, view.height / px);
    if (next === null) return;
    asked.current = performance.now();
    onWindow?.(next);
  });

  useBrowserEffect(() => {
    asked.current = null;
    look();
  }, [start, count, total]);

  useEffect(() => {
    const box = list.current?.closest(".lu-chats");
    let waiting = 0;
    const scrolled = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => look(), REST_MS);
    };
    box?.addEventListener("scroll", scrolled, { passive: true });
    window.addEventListener("resize", scrolled);
    return () => {
      clearTimeout(waiting);
      box?.removeEventListener("scroll", scrolled);
      window.removeEventListener("resize", scrolled);
    };
  }, []);

  /** @param {number} rows */
  const space = (rows) => (
    <div
      className="lu-chats__space"
      aria-hidden="true"
      style={/** @type {React.CSSProperties} */ ({ "--lu-rows": Math.max(0, rows) })}
    />
  );
  return (
    <>
      {space(start)}
      <ul
        ref={list}
        className="lu-chats__list"
        aria-label={label}
        data-start={start}
        data-total={total}
      >
        {children}
      </ul>
      {space(total - start - count)}
    </>
  );
}
