// The few primitives that need a life of their own in the browser.
import { useEffect, useRef } from "react";
import { useNavigate } from "react-router";
import "@fontsource-variable/inter/wght.css";
import { spoken } from "$/public/external/llm_ui/components/text/text.js";
import "./behave.js";
import "./calls.js";
import "./tips.js";

// Mounted once around every page: what was prepared is now ours, show it.
export function Ready() {
  useEffect(() => {
    spoken.then(() => document.documentElement.classList.remove("lu-wait"));
  }, []);
  return null;
}

// Goes elsewhere without a trace in the history.
/** @param {{ to: string }} props */
export function Go({ to }) {
  const navigate = useNavigate();
  useEffect(() => {
    navigate(to, { replace: true });
  }, [navigate, to]);
  return null;
}

// Calls back once, `ms` after `of` last changed. One that `pauses` stands still while the
// pointer or the focus is on what it is in: nobody loses a button that they reach for. One
// that is `awake` only stands still while nobody sees the tab.
/**
 * @param {{ ms: number, of?: unknown, pauses?: boolean, awake?: boolean, onDone?: () => void }} props
 */
export function Timer({ ms, of, pauses = false, awake = false, onDone }) {
  const mark = useRef(/** @type {HTMLElement | null} */ (null));
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    let left = ms / 100;
    const tick = setInterval(() => {
      const around = pauses && mark.current?.parentElement;
      if (around && around.matches(":hover, :focus-within")) return;
      if (awake && document.hidden) return;
      left -= 1;
      if (left <= 0) {
        clearInterval(tick);
        done.current?.();
      }
    }, 100);
    return () => clearInterval(tick);
  }, [ms, of, pauses, awake]);
  return <span ref={mark} hidden />;
}
