// Shortcuts, and the sheet that shows them. Each has a modifier: a letter alone is the
// beginning of a message, wherever the focus is.
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";

const SHEET = "lu:keys";

const isMac = () =>
  /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);

/** @param {EventTarget | null} target */
const isTyping = (target) =>
  target instanceof Element &&
  (target.closest("input, textarea, select, [role=menu], [role=listbox]") !== null ||
    (target instanceof HTMLElement && target.isContentEditable));

const composer = () =>
  document.querySelector('textarea[data-testid="composer"], [data-testid="composer"] textarea');

/** @param {string} selector */
const press = (selector) => {
  const all = document.querySelectorAll(selector);
  all[all.length - 1]?.click();
  return all.length > 0;
};

/** @param {{ labels?: Lu.Labels, rows?: { keys: string[], label: string }[] }} props */
export function Shortcuts({ labels = {}, rows = [] }) {
  const sheet = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const navigate = useNavigate();
  const [mac, setMac] = useState(false);

  useEffect(() => {
    setMac(isMac());
    document.documentElement.dataset.mac = isMac() ? "yes" : "no";
    const show = () => sheet.current?.open || sheet.current?.showModal();

    /** @type {Record<string, () => void>} */
    const anywhere = {
      k: () => window.dispatchEvent(new Event("lu:palette")),
      "/": show,
      ".": () => press('[data-testid="stop"]'),
    };
    /** @type {Record<string, () => void>} */
    const shifted = {
      o: () => navigate("/chat"),
      s: () =>
        press(
          document.documentElement.dataset.side === "shut"
            ? '[data-lu="side-open"]'
            : '[data-lu="side-shut"]',
        ),
      y: () => press('[data-testid="message-assistant"] [data-testid="copy"]'),
    };

    /** @param {KeyboardEvent} event */
    const keyed = (event) => {
      if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat) return;
      const command = isMac() ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
      const inDialog = document.querySelector("dialog[open]");
      if (command) {
        // Some keyboards have the slash on a key with Shift.
        const known = event.shiftKey && event.key !== "/" ? shifted : anywhere;
        const act = known[event.key.toLowerCase()];
        if (!act || inDialog) return;
        event.preventDefault();
        act();
        return;
      }
      if (event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape" && event.target === composer()) {
        if (!document.querySelector(":popover-open:not(.lu-tip)")) composer()?.blur();
        return;
      }
      if (inDialog || isTyping(event.target)) return;
      if (event.key === "Escape" && event.shiftKey) {
        event.preventDefault();
        composer()?.focus();
      } else if (event.key.length === 1 && event.key !== " ") {
        // The character itself arrives in the field that has the focus by then.
        composer()?.focus();
      }
    };
    document.addEventListener("keydown", keyed);
    window.addEventListener(SHEET, show);
    return () => {
      document.removeEventListener("keydown", keyed);
      window.removeEventListener(SHEET, show);
    };
  }, [navigate]);

  /** @param {string[]} keys */
  const shown = (keys) => keys.map((key) => (key === "Mod" ? (mac ? "⌘" : labels.ctrl) : key));
  return (
    <dialog
      ref={sheet}
      className="lu-dialog lu-keys"
      aria-labelledby="keys-title"
      data-testid="keys"
      onClick={(event) => event.target === sheet.current && sheet.current.close()}
    >
      <h2 id="keys-title" className="lu-dialog__title">
        {labels.title}
      </h2>
      <dl className="lu-stack lu-gap-2">
        {rows.map(({ keys, label }) => (
          <div key={label} className="lu-keys__row">
            <dt>{label}</dt>
            <dd>
              {shown(keys).map((key) => (
                <kbd key={key} className="lu-kbd">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <div className="lu-dialog__actions">
        <button
          type="button"
          className="lu-button lu-button--plain"
          onClick={() => sheet.current?.close()}
        >
          {labels.close}
        </button>
      </div>
    </dialog>
  );
}
