// Shortcuts, and the sheet that shows them. Those with Ctrl or ⌘ work everywhere and are
// none of the browser's; the single keys only where nobody is typing, and can be put off.
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";

const SHEET = "lu:keys";
const OFF = "lu-keys";

const isMac = () => /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);

const areOff = () => {
  try {
    return localStorage.getItem(OFF) === "off";
  } catch {
    return false;
  }
};

const isTyping = (target) =>
  target instanceof Element &&
  (target.closest("input, textarea, select, [role=menu], [role=listbox]") !== null ||
    target.isContentEditable);

const composer = () =>
  document.querySelector('textarea[data-testid="composer"], [data-testid="composer"] textarea');

const press = (selector) => {
  const all = document.querySelectorAll(selector);
  all[all.length - 1]?.click();
  return all.length > 0;
};

export function Shortcuts({ labels = {}, rows = [] }) {
  const sheet = useRef(null);
  const navigate = useNavigate();
  const [off, setOff] = useState(false);
  const [mac, setMac] = useState(false);

  useEffect(() => {
    setMac(isMac());
    setOff(areOff());
    document.documentElement.dataset.mac = isMac() ? "yes" : "no";
    const show = () => sheet.current?.open || sheet.current?.showModal();

    const anywhere = {
      k: () => window.dispatchEvent(new Event("lu:palette")),
      "/": show,
      ".": () => press('[data-testid="stop"]'),
    };
    const alone = {
      "?": show,
      n: () => navigate("/chat"),
      c: () => composer()?.focus(),
      "[": () =>
        press(
          document.documentElement.dataset.side === "shut"
            ? '[data-lu="side-open"]'
            : '[data-lu="side-shut"]',
        ),
      y: () => press('[data-testid="message-assistant"] [data-testid="copy"]'),
    };

    const keyed = (event) => {
      if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat) return;
      const command = isMac() ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
      const inDialog = document.querySelector("dialog[open]");
      if (command) {
        // Some keyboards have the slash on a key with Shift.
        const act = event.shiftKey && event.key !== "/" ? null : anywhere[event.key.toLowerCase()];
        if (!act || inDialog) return;
        event.preventDefault();
        act();
        return;
      }
      if (event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape" && event.target === composer()) {
        if (!document.querySelector(":popover-open")) event.target.blur();
        return;
      }
      if (inDialog || areOff() || isTyping(event.target)) return;
      const act = alone[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", keyed);
    window.addEventListener(SHEET, show);
    return () => {
      document.removeEventListener("keydown", keyed);
      window.removeEventListener(SHEET, show);
    };
  }, [navigate]);

  const choose = (event) => {
    const chosen = !event.target.checked;
    setOff(chosen);
    try {
      localStorage.setItem(OFF, chosen ? "off" : "on");
    } catch {
      // a browser that keeps nothing starts with them on
    }
  };

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
      <dl className="lu-keys__list">
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
      <label className="lu-keys__choice">
        <input type="checkbox" checked={!off} onChange={choose} data-testid="keys-single" />
        <span>{labels.single}</span>
      </label>
      <div className="lu-dialog__actions">
        <button type="button" className="lu-button lu-button--plain" onClick={() => sheet.current.close()}>
          {labels.close}
        </button>
      </div>
    </dialog>
  );
}
