// "/" at the start of the composer: choose a prompt, give its variables their values.
// It listens on the textarea of the form that it stands in, before the composer does.
import { useEffect, useId, useRef, useState } from "react";
import { createPortal } from "react-dom";

import { isSend } from "../chat/enter.jsx";
import { backendOrigin } from "../session/backend.js";
import { fillIn, variablesOf } from "./variables.js";

/** @typedef {{ id: string, name: string, text: string, excerpt?: string }} Prompt */
/** @typedef {{ items: Prompt[], failed: boolean }} Found */

const WAIT_MS = 90;
const SHOWN = 8;
const LONGEST_QUERY = 60;

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
async function get(path, signal) {
  const answer = await fetch(new URL(`/api/v1/prompts${path}`, backendOrigin()), {
    credentials: "include",
    headers: { Accept: "application/json" },
    signal,
  });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

/**
 * What is looked for, or null when the text is no call for prompts.
 *
 * @param {string} text
 */
export const queryOf = (text) => {
  const query = text.slice(1);
  return text.startsWith("/") && !query.includes("\n") && query.length <= LONGEST_QUERY
    ? query.trim()
    : null;
};

/** @param {{ labels?: Lu.Labels }} props */
export function Slash({ labels = {} }) {
  const mark = useRef(/** @type {HTMLSpanElement} */ (/** @type {unknown} */ (null)));
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [host, setHost] = useState(/** @type {HTMLElement | null} */ (null));
  const [found, setFound] = useState(/** @type {Found | null} */ (null));
  const [at, setAt] = useState(0);
  const [asking, setAsking] = useState(/** @type {Prompt | null} */ (null));
  const id = useId();
  // What the listeners below see: they are put on once.

  /** @param {string} promptId */
  const choose = async (promptId) => {
    setFound(null);
    try {
      const prompt = await get(`/${encodeURIComponent(promptId)}`);
      if (variablesOf(prompt.text).length) setAsking(prompt);
      else window.lu.ask?.(prompt.text);
    } catch {
      setFound({ items: [], failed: true });
    }
  };
  const now = useRef({ found, at, choose });
  now.current = { found, at, choose };

  useEffect(() => {
    const form = /** @type {HTMLFormElement} */ (mark.current.closest("form"));
    const field = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
    area.current = field;
    setHost(form);
    /** @type {Lu.Timer | undefined} */
    let waiting;
    /** @type {AbortController | null} */
    let asked = null;

    const close = () => {
      clearTimeout(waiting);
      asked?.abort();
      setFound(null);
    };
    /** @param {string} query */
    const look = (query) => {
      asked?.abort();
      asked = new AbortController();
      const { signal } = asked;
      get(`?limit=${SHOWN}&q=${encodeURIComponent(query)}`, signal)
        .then(({ items }) => {
          if (signal.aborted) return;
          setAt(0);
          // A path or a word that no prompt has: the person means what they typed.
          setFound(items.length || !query ? { items, failed: false } : null);
        })
        .catch(() => {
          if (!signal.aborted) setFound(null);
        });
    };
    const typed = () => {
      const query = queryOf(field.value);
      if (query === null) return close();
      clearTimeout(waiting);
      waiting = setTimeout(look, WAIT_MS, query);
      return undefined;
    };
    /** @param {KeyboardEvent} event */
    const keyed = (event) => {
      const { found: shown, at: place, choose: take } = now.current;
      if (!shown || event.isComposing || event.keyCode === 229) return;
      const count = shown.items.length;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") close();
      else if (step && count) setAt((place + step + count) % count);
      else if ((event.key === "Enter" || event.key === "Tab") && count && !event.shiftKey) {
        take(shown.items[place].id);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    };
    /** @param {FocusEvent} event */
    const left = (event) => {
      if (!form.contains(/** @type {Node | null} */ (event.relatedTarget))) close();
    };
    field.addEventListener("input", typed);
    field.addEventListener("keydown", keyed);
    field.addEventListener("blur", left);
    // A prompt that the library's page sends along.
    const wanted = new URLSearchParams(window.location.search).get("prompt");
    if (wanted) {
      window.history.replaceState(window.history.state, "", window.location.pathname);
      now.current.choose(wanted);
    }
    return () => {
      close();
      field.removeEventListener("input", typed);
      field.removeEventListener("keydown", keyed);
      field.removeEventListener("blur", left);
    };
  }, []);

  useEffect(() => {
    const field = area.current;
    if (!field) return;
    const active = found?.items.length ? `${id}-${at}` : null;
    /**
     * @param {string} name
     * @param {string | null | undefined | false} value
     */
    const put = (name, value) =>
      value ? field.setAttribute(name, value) : field.removeAttribute(name);
    put("aria-autocomplete", found && "list");
    put("aria-controls", found && `${id}-list`);
    put("aria-activedescendant", active);
    if (active) document.getElementById(active)?.scrollIntoView({ block: "nearest" });
  }, [found, at, id]);

  return (
    <>
      <span ref={mark} hidden />
      {host && found && createPortal(menu(found), host)}
      {asking &&
        createPortal(
          <Ask
            prompt={asking}
            labels={labels}
            onDone={(text) => {
              setAsking(null);
              if (text !== null) window.lu.ask?.(text);
              else area.current?.focus();
            }}
          />,
          document.body,
        )}
    </>
  );

  /** @param {Found} shown */
  function menu(shown) {
    return (
      <div className="lu-slash" data-testid="slash-menu">
        {shown.items.length > 0 ? (
          <ul id={`${id}-list`} role="listbox" aria-label={labels.title} className="lu-slash__list">
            {shown.items.map((item, place) => (
              // Keys reach the options through the textarea, which keeps the focus.
              <li
                key={item.id}
                id={`${id}-${place}`}
                role="option"
                aria-selected={place === at}
                className="lu-slash__item"
                data-testid="slash-option"
                onMouseDown={(event) => event.preventDefault()}
                onMouseMove={() => setAt(place)}
                onClick={() => choose(item.id)}
              >
                <span className="lu-slash__name">{item.name}</span>
                <span className="lu-slash__text">{item.excerpt}</span>
              </li>
            ))}
          </ul>
        ) : (
          <p id={`${id}-list`} role="status" className="lu-slash__none">
            {shown.failed ? labels.failed : labels.empty}{" "}
            <a className="lu-link" href="/prompts">
              {labels.manage}
            </a>
          </p>
        )}
      </div>
    );
  }
}

/** @param {{ prompt: Prompt, labels: Lu.Labels, onDone: (text: string | null) => void }} props */
function Ask({ prompt, labels, onDone }) {
  const box = useRef(/** @type {HTMLDialogElement} */ (/** @type {unknown} */ (null)));
  const id = useId();
  const names = variablesOf(prompt.text);
  // What lies behind a modal dialog cannot take the focus before it is closed.
  /** @param {string | null} text */
  const end = (text) => {
    box.current.close();
    onDone(text);
  };
  useEffect(() => {
    box.current.showModal();
    box.current.querySelector("textarea")?.focus();
  }, []);
  // Where Enter sends it goes on to the next blank here, and from the last one to the end.
  /** @param {React.KeyboardEvent<HTMLTextAreaElement>} event */
  const keyed = (event) => {
    if (!isSend(event)) return;
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget.form);
    const blanks = [...form.querySelectorAll("textarea")];
    const next = blanks[blanks.indexOf(event.currentTarget) + 1];
    if (next) next.focus();
    else form.requestSubmit();
  };
  /** @param {React.FormEvent<HTMLFormElement>} event */
  const submit = (event) => {
    event.preventDefault();
    // A portal's events go on to the composer's form, which must not send.
    event.stopPropagation();
    const typed = new FormData(event.currentTarget);
    const values = names.map((name, n) => [name, String(typed.get(`v${n}`) ?? "")]);
    end(fillIn(prompt.text, Object.fromEntries(values)));
  };
  return (
    <dialog
      ref={box}
      className="lu-dialog"
      aria-labelledby={`${id}-title`}
      data-testid="variables-dialog"
      onCancel={(event) => {
        event.preventDefault();
        end(null);
      }}
    >
      <form onSubmit={submit}>
        <h2 id={`${id}-title`} className="lu-dialog__title">
          {prompt.name}
        </h2>
        <p className="lu-dialog__text">{labels.variables_title}</p>
        <div className="lu-fields">
          {names.map((name, n) => (
            <div className="lu-field" key={name}>
              <label className="lu-field__label" htmlFor={`${id}-${n}`}>
                {name}
              </label>
              <textarea
                id={`${id}-${n}`}
                name={`v${n}`}
                rows={1}
                required
                className="lu-input lu-writing"
                data-testid="variable"
                onKeyDown={keyed}
              />
            </div>
          ))}
        </div>
        <div className="lu-dialog__actions">
          <button type="button" className="lu-button lu-button--plain" onClick={() => end(null)}>
            {labels.cancel}
          </button>
          <button
            type="submit"
            className="lu-button lu-button--primary"
            data-testid="variables-insert"
          >
            {labels.insert}
          </button>
        </div>
      </form>
    </dialog>
  );
}
