// The scrolling part of a conversation.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

import { Aim } from "./aim.js";
import { copyText } from "../markdown/code.js";
import { Boundary } from "./boundary.jsx";
import { Icon } from "./icons.jsx";
import { SENT } from "./outbox.js";
import { Pin } from "./pin.js";
import { plainTextOf } from "./plain.js";

/** @typedef {(height: number | null) => void} Put */
/** @typedef {(row: Element, put: Put) => (() => void) | undefined} WatchRow */
/** @typedef {{ top?: (() => void) | null, end?: (() => void) | null, newest?: (() => void) | null }} Told */
/**
 * @typedef {Lu.Children & {
 *   onReachTop?: () => void, onReachEnd?: () => void, onNewest?: () => void,
 *   hasEarlier?: boolean, hasLater?: boolean, aim?: { n: number, id: string },
 *   jumpLabel?: string, label?: string
 * }} Props
 */

// Rows further away than this leave the page; those at the end stay, where answers are live.
const FAR = "1500px 0px";
const LAST = 6;
// How near an end of what is loaded the reader comes before more is asked for.
const NEAR_TOP = "400px 0px 0px 0px";
const NEAR_END = "0px 0px 400px 0px";
// What a reader does that wants to be elsewhere than where the page has put them.
const MOVES = ["wheel", "touchmove", "keydown", "pointerdown"];

// Pages are prerendered, where layout effects only warn.
const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/**
 * Tells rows whether they are near what is seen: `put` gets null, or the height to leave.
 *
 * @param {HTMLElement} box
 */
function watchRows(box) {
  /** @type {Map<Element, Put>} */
  const puts = new Map();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, boundingClientRect } of entries) {
        puts.get(target)?.(isIntersecting || mustStay(target) ? null : boundingClientRect.height);
      }
    },
    { root: box, rootMargin: FAR },
  );
  /**
   * @param {Element} row
   * @param {Put} put
   */
  return (row, put) => {
    puts.set(row, put);
    watcher.observe(row);
    return () => {
      puts.delete(row);
      watcher.unobserve(row);
    };
  };
}

/** @param {Element} row */
function mustStay(row) {
  let after = /** @type {Element | null} */ (row);
  for (let n = 0; n < LAST && after; n += 1) after = after.nextElementSibling;
  const chosen = document.getSelection();
  return (
    !after ||
    row.contains(document.activeElement) ||
    (chosen && !chosen.isCollapsed && chosen.containsNode(row, true))
  );
}

const Watch = createContext(/** @type {WatchRow} */ (() => undefined));

/**
 * A place in the conversation that keeps its height while its row is away.
 *
 * @param {Lu.Children} props
 */
export function LogRow({ children }) {
  const watch = useContext(Watch);
  const place = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const [height, setHeight] = useState(/** @type {number | null} */ (null));
  useEffect(() => watch(place.current, setHeight), [watch]);
  return (
    <div
      ref={place}
      className="lu-log-row"
      data-row=""
      style={height === null ? undefined : { height }}
    >
      <Boundary>{height === null ? children : null}</Boundary>
    </div>
  );
}

/**
 * Calls `reached` when an end comes near, until it answers true for the row that is there.
 *
 * @param {HTMLElement} box
 * @param {HTMLElement} sentinel
 * @param {string} margin
 * @param {() => Element | null | false} rowThere
 * @param {() => unknown} reached
 */
function watchEnd(box, sentinel, margin, rowThere, reached) {
  /** @type {Element | null} */
  let askedFor = null;
  const watcher = new IntersectionObserver(
    ([entry]) => {
      const row = rowThere();
      if (entry.isIntersecting && row && row !== askedFor && reached()) askedFor = row;
    },
    { root: box, rootMargin: margin },
  );
  /** @type {Element | null | false} */
  let row = null;
  return {
    /** Watching anew reports the present state, which a change in place would not. */
    look() {
      if (rowThere() === row) return;
      row = rowThere();
      watcher.unobserve(sentinel);
      watcher.observe(sentinel);
    },
    stop: () => watcher.disconnect(),
  };
}

// For menus, which know a message by its id only.
/** @param {string} id */
const copyPlain = (id) => copyText(plainTextOf(id));

const NOWHERE = { n: 0, id: "" };

/** @param {Props} props */
export function ChatLog({
  children,
  onReachTop,
  onReachEnd,
  onNewest,
  hasEarlier = true,
  hasLater = false,
  aim = NOWHERE,
  jumpLabel,
  label,
}) {
  const box = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const content = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const top = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const end = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const pin = useRef(/** @type {Pin} */ (/** @type {unknown} */ (null)));
  const aimed = useRef(/** @type {Aim} */ (/** @type {unknown} */ (null)));
  const told = useRef(/** @type {Told} */ ({}));
  const [away, setAway] = useState(false);
  const rows = useRef(/** @type {ReturnType<typeof watchRows> | null} */ (null));
  const watch = useCallback(
    /** @type {WatchRow} */
    (row, put) => {
      rows.current ??= watchRows(box.current);
      return rows.current(row, put);
    },
    [],
  );
  told.current = {
    top: hasEarlier ? onReachTop : null,
    end: hasLater ? onReachEnd : null,
    newest: hasLater ? onNewest : null,
  };

  // Before the effect below, which looks for the message that is aimed at.
  useBrowserEffect(() => {
    const element = box.current;
    const here = new Pin(element, content.current, (isAway) => {
      setAway(isAway);
      if (!isAway && !here.held && aimed.current.isThere) aimed.current.leave();
    });
    pin.current = here;
    aimed.current = new Aim(content.current, here);
    /** @param {"top" | "end"} name */
    const reached = (name) => () => {
      told.current[name]?.();
      return told.current[name];
    };
    const ends = [
      watchEnd(element, top.current, NEAR_TOP, () => here.firstRow(), reached("top")),
      watchEnd(element, end.current, NEAR_END, () => here.goesOn && here.lastRow(), reached("end")),
    ];
    const sizes = new ResizeObserver(() => {
      aimed.current.look();
      here.resized();
      for (const each of ends) each.look();
    });
    sizes.observe(element);
    sizes.observe(content.current);
    const scrolled = () => here.scrolled();
    const moved = () => here.held && here.letGo();
    const sent = () => {
      aimed.current.leave();
      here.toEnd();
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    for (const name of MOVES) element.addEventListener(name, moved, { passive: true });
    window.addEventListener(SENT, sent);
    window.lu = { ...window.lu, copyPlain };
    return () => {
      sizes.disconnect();
      for (const each of ends) each.stop();
      aimed.current.stop();
      element.removeEventListener("scroll", scrolled);
      for (const name of MOVES) element.removeEventListener(name, moved);
      window.removeEventListener(SENT, sent);
    };
  }, []);

  useBrowserEffect(() => {
    pin.current.goesOn = hasLater;
    pin.current.tell();
  }, [hasLater]);

  useBrowserEffect(() => aimed.current.take(aim.id), [aim]);

  const jump = () => {
    aimed.current.leave();
    told.current.newest?.();
    pin.current.toEnd();
    pin.current.scrolled();
    box.current.focus({ preventScroll: true });
  };

  return (
    <div className="lu-log">
      <div className="lu-log-box" ref={box} tabIndex={0} role="region" aria-label={label}>
        <div ref={top} className="lu-log-top" />
        <div ref={content} className="lu-log-content">
          <Watch.Provider value={watch}>{children}</Watch.Provider>
        </div>
        <div ref={end} className="lu-log-end" />
      </div>
      {away && (
        <button
          type="button"
          className="lu-log-jump"
          aria-label={jumpLabel}
          data-tip={jumpLabel}
          data-testid="jump-latest"
          onClick={jump}
        >
          <Icon name="down" size={18} />
          <span>{jumpLabel}</span>
        </button>
      )}
    </div>
  );
}
