// Everything by name: chats by their titles and words, actions, models. What is typed is
// looked for here at once, and by the server when the typing rests.
import { useContext, useEffect, useEffectEvent, useId, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useLocation, useNavigate } from "react-router";
import { CornerDownLeft, Search } from "lucide-react";
import { ColorModeContext } from "$/utils/context-registry";

import { backendOrigin } from "../session/backend.js";
import { leave, signOut } from "../session/session.js";
import { groupsOf } from "./groups.js";
import { Parts } from "./parts.jsx";
import { signOf } from "./signs.js";

/** @typedef {import("./groups.js").Chat} Chat */
/** @typedef {import("./groups.js").Model} Model */
/** @typedef {import("./groups.js").Command} Command */
/** @typedef {import("./groups.js").Item} Item */
/**
 * @typedef {{
 *   commands?: Command[], chats?: Chat[], models?: Model[],
 *   found?: { n: number, query: string, items: Lu.Hit[] }, labels?: Lu.Labels,
 *   onSearch?: (number: number, words: string) => void, onModel?: (id: string) => void
 * }} Props
 */

export const OPEN = "lu:palette";
const REST_MS = 120;
const NOTHING = { n: 0, query: "", items: [] };

/** @param {Props} props */
export function Palette({
  commands = [],
  chats = [],
  models = [],
  found = NOTHING,
  labels = {},
  onSearch,
  onModel,
}) {
  const dialog = useRef(/** @type {HTMLDialogElement} */ (/** @type {unknown} */ (null)));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const number = useRef(0);
  const began = useRef(0);
  const waiting = useRef(/** @type {Lu.Timer | number} */ (0));
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [wanted, setWanted] = useState(false);
  const { setColorMode } = useContext(ColorModeContext);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const id = useId();

  useEffect(() => {
    const show = () => {
      if (dialog.current.open) return;
      // Another tab of this state may have asked before: its numbers are behind us.
      number.current = Math.max(number.current, found.n ?? 0);
      began.current = number.current;
      // At once, so that what is typed right behind the shortcut has a field to go to.
      flushSync(() => {
        setQuery("");
        setAt(0);
        setWanted(false);
        setOpen(true);
      });
      dialog.current.showModal();
      field.current?.focus();
    };
    window.addEventListener(OPEN, show);
    return () => window.removeEventListener(OPEN, show);
  }, [found.n]);

  const asked = query.trim();
  const fresh = found.n > began.current && asked !== "";
  const busy = asked !== "" && !(fresh && found.query === asked);
  const groups = useMemo(() => {
    if (!open) return [];
    const known = fresh ? found.items : null;
    const here = pathname.startsWith("/chat") ? models : [];
    return groupsOf({ query, commands, chats, models: here, known, labels });
  }, [open, query, commands, chats, models, found, fresh, labels, pathname]);
  const items = groups.flatMap((group) => group.items);
  const current = Math.min(at, items.length - 1);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current, items.length]);

  /** @param {string} text */
  const changed = (text) => {
    setQuery(text);
    setAt(0);
    setWanted(false);
    clearTimeout(waiting.current);
    const words = text.trim();
    if (!words) {
      // What is still on its way belongs to words that are gone.
      began.current = number.current;
      return;
    }
    waiting.current = setTimeout(() => {
      // By the clock: what another page of this tab has asked before is always older.
      number.current = Math.max(number.current + 1, Date.now());
      onSearch?.(number.current, words);
    }, REST_MS);
  };

  /** @type {Record<string, (value: string) => unknown>} */
  const acts = {
    theme: (mode) => setColorMode(mode),
    language: (tag) => window.lu.language(tag),
    keys: () => window.dispatchEvent(new Event("lu:keys")),
    "sign-out": () =>
      signOut(backendOrigin())
        .catch(() => undefined)
        .then(leave),
  };

  /** @param {Item} [item] */
  const run = (item) => {
    if (!item) return;
    dialog.current.close();
    if (item.kind === "model") onModel?.(item.id);
    else if (item.kind !== "command") navigate(item.to ?? `/chat/${item.id}`);
    else if (item.href) navigate(item.href);
    else acts[item.act ?? ""]?.(item.value ?? "");
  };

  const runWanted = useEffectEvent(() => {
    setWanted(false);
    run(items[current]);
  });
  useEffect(() => {
    if (wanted && !busy) runWanted();
  }, [wanted, busy]);

  /** @param {React.KeyboardEvent} event */
  const keyed = (event) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      setAt((current + step + items.length) % items.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      // What is shown may still be what was found for fewer letters.
      const item = items[current];
      if (busy && (!item || item.to)) setWanted(true);
      else run(item);
    }
  };

  /**
   * @param {Item} item
   * @param {number} place
   */
  const option = (item, place) => {
    const Icon = signOf(item);
    return (
      <div
        key={`${item.kind}-${item.id}`}
        id={`${id}-${place}`}
        role="option"
        aria-selected={place === current}
        className="lu-palette__item"
        data-testid={`palette-${item.kind === "archived" ? "chat" : item.kind}`}
        data-id={item.id}
        onMouseMove={() => place !== current && setAt(place)}
        onClick={() => run(item)}
      >
        <Icon size={16} aria-hidden="true" className="lu-icon" />
        <span className="lu-stack lu-grow">
          <span className="lu-truncate">
            <Parts parts={item.parts} />
          </span>
          {item.text.length > 0 && (
            <span className="lu-quiet lu-small lu-clamp-2">
              <Parts parts={item.text} />
            </span>
          )}
        </span>
        {item.kind === "archived" && <span className="lu-badge">{labels.archived}</span>}
        {place === current && <CornerDownLeft size={14} aria-hidden="true" className="lu-icon" />}
      </div>
    );
  };

  let place = -1;
  const nothing = asked !== "" && !busy && items.length === 0;
  return (
    <dialog
      ref={dialog}
      className="lu-palette"
      aria-label={labels.title}
      data-testid="palette"
      // It comes late: by then the palette may have been opened again.
      onClose={() => dialog.current.open || setOpen(false)}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      {open && (
        <div className="lu-palette__box">
          <div className="lu-palette__field">
            <Search size={18} aria-hidden="true" className="lu-icon" />
            <input
              ref={field}
              autoFocus
              type="text"
              role="combobox"
              aria-expanded={items.length > 0}
              aria-controls={`${id}-list`}
              aria-activedescendant={items.length ? `${id}-${current}` : undefined}
              aria-autocomplete="list"
              aria-label={labels.title}
              placeholder={labels.placeholder}
              autoComplete="off"
              spellCheck={false}
              maxLength={200}
              value={query}
              data-testid="palette-field"
              onChange={(event) => changed(event.target.value)}
              onKeyDown={keyed}
            />
            <button
              type="button"
              className="lu-palette__close"
              onClick={() => dialog.current.close()}
            >
              {labels.close}
            </button>
          </div>
          <div
            ref={list}
            id={`${id}-list`}
            role="listbox"
            aria-label={labels.title}
            aria-busy={busy}
            tabIndex={-1}
            className="lu-palette__list"
          >
            {groups.map((group) => (
              <div key={group.name} role="group" aria-label={group.name}>
                <div className="lu-menu__heading" aria-hidden="true">
                  {group.name}
                </div>
                {group.items.map((item) => {
                  place += 1;
                  return option(item, place);
                })}
              </div>
            ))}
          </div>
          {nothing && (
            <p className="lu-palette__none" data-testid="palette-none">
              {labels.none}
            </p>
          )}
          <div className="lu-sr" role="status">
            {busy ? "" : nothing ? labels.none : ""}
          </div>
        </div>
      )}
    </dialog>
  );
}
