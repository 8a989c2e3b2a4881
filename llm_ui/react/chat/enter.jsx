// What the Enter key does where one writes: it sends, or it breaks the line. A keyboard on the
// screen has no Shift+Enter, so there it breaks the line unless its owner says otherwise; the
// choice is the browser's own, for a phone and a desk want different ones.
import { useEffect, useState } from "react";

const KEPT = "lu-enter";
const CHOICES = ["auto", "send", "line"];

function chosen() {
  try {
    const kept = localStorage.getItem(KEPT) ?? "";
    return CHOICES.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

/** Whether what is typed comes from a keyboard on the screen: a finger and nothing that hovers. */
export const isTouch = () => matchMedia("(pointer: coarse) and (hover: none)").matches;

export function enterSends() {
  const choice = chosen();
  return choice === "auto" ? !isTouch() : choice === "send";
}

/**
 * Whether this key press is the one that sends.
 *
 * @param {KeyboardEvent | React.KeyboardEvent} event
 */
export function isSend(event) {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  // 229: the key belongs to an input method, which Safari reports only this way.
  const { isComposing } = "nativeEvent" in event ? event.nativeEvent : event;
  if (isComposing || event.keyCode === 229) return false;
  return event.ctrlKey || event.metaKey || enterSends();
}

/**
 * The choice, as one of the account page's settings.
 *
 * @param {{ labels?: Lu.Labels }} props
 */
export function EnterChoice({ labels = {} }) {
  // What is prerendered knows no browser.
  const [choice, setChoice] = useState("auto");
  useEffect(() => setChoice(chosen()), []);
  /** @param {string} wanted */
  const choose = (wanted) => {
    setChoice(wanted);
    try {
      localStorage.setItem(KEPT, wanted);
    } catch {
      // Then it holds for as long as the page.
    }
  };
  return (
    <select
      className="lu-input lu-choice"
      aria-label={labels.title}
      value={choice}
      data-testid="account-enter"
      onChange={(event) => choose(event.target.value)}
    >
      {CHOICES.map((each) => (
        <option key={each} value={each}>
          {labels[each]}
        </option>
      ))}
    </select>
  );
}
