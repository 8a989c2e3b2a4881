// Small things: copying a text, telling how long ago something was.
import { useEffect, useRef, useState } from "react";

import { copyText } from "../markdown/code.js";
import { Icon } from "./icons.jsx";

const SHOWN_MS = 1500;

/** @param {{ text?: string, label: string, copiedLabel?: string, className?: string }} props */
export function CopyButton({ text = "", label, copiedLabel, className = "" }) {
  const [done, setDone] = useState(false);
  const timer = useRef(/** @type {Lu.Timer | number} */ (0));
  useEffect(() => () => clearTimeout(timer.current), []);

  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(false), SHOWN_MS);
  };
  const words = done ? (copiedLabel ?? label) : label;
  return (
    <button
      type="button"
      className={`lu-copy-button ${className}`}
      aria-label={words}
      data-tip={words}
      data-done={done || undefined}
      data-testid="copy"
      onClick={copy}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
  ["week", 4.35],
  ["month", 12],
  ["year", Infinity],
];

/**
 * @param {number} time
 * @param {string} [lang]
 */
function ago(time, lang) {
  let distance = (time - Date.now()) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) < size) {
      const rounded = unit === "second" ? 0 : Math.round(distance);
      return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(rounded, unit);
    }
    distance /= size;
  }
  return "";
}

/** @param {{ iso?: string }} props */
export function RelativeTime({ iso = "" }) {
  // Only the browser knows the reader's clock and language: what is prerendered is empty.
  const [here, tick] = useState(0);
  useEffect(() => {
    tick(1);
    const timer = setInterval(() => tick((count) => count + 1), 60_000);
    return () => clearInterval(timer);
  }, []);

  const time = Date.parse(iso);
  if (!here || Number.isNaN(time)) return <time dateTime={iso} />;
  const lang = document.documentElement.lang || undefined;
  const full = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
  return (
    <time dateTime={iso} data-tip={full.format(time)}>
      {ago(time, lang)}
    </time>
  );
}
