// The scrolling part of a conversation.
import { useEffect, useRef, useState } from "react";

import { copyText } from "../markdown/dress.js";
import { Icon } from "./icons.jsx";
import { SENT } from "./outbox.js";
import { Pin } from "./pin.js";
import { plainTextOf } from "./plain.js";

/** Calls `reached` when the top comes near, until it answers true for the first row. */
function watchTop(box, sentinel, pin, reached) {
  let askedFor = null;
  const watcher = new IntersectionObserver(
    ([entry]) => {
      const first = pin.firstRow();
      if (entry.isIntersecting && first && first !== askedFor && reached()) askedFor = first;
    },
    { root: box, rootMargin: "400px 0px 0px 0px" },
  );
  return {
    // Watching anew reports the present state, which a change in place would not.
    again() {
      watcher.unobserve(sentinel);
      watcher.observe(sentinel);
    },
    stop: () => watcher.disconnect(),
  };
}

// For menus, which know a message by its id only.
const copyPlain = (id) => copyText(plainTextOf(id));

export function ChatLog({ children, onReachTop, hasEarlier = true, jumpLabel, label }) {
  const box = useRef(null);
  const content = useRef(null);
  const sentinel = useRef(null);
  const pin = useRef(null);
  const reached = useRef(null);
  const [away, setAway] = useState(false);
  reached.current = hasEarlier ? onReachTop : null;

  useEffect(() => {
    const here = new Pin(box.current, content.current, setAway);
    pin.current = here;
    const top = watchTop(box.current, sentinel.current, here, () => {
      reached.current?.();
      return reached.current;
    });
    let first = null;
    const sizes = new ResizeObserver(() => {
      here.resized();
      if (here.first === first) return;
      first = here.first;
      top.again();
    });
    sizes.observe(box.current);
    sizes.observe(content.current);
    const scrolled = () => here.scrolled();
    const sent = () => here.toEnd();
    box.current.addEventListener("scroll", scrolled, { passive: true });
    window.addEventListener(SENT, sent);
    const element = box.current;
    window.lu = { ...window.lu, copyPlain };
    return () => {
      sizes.disconnect();
      top.stop();
      element.removeEventListener("scroll", scrolled);
      window.removeEventListener(SENT, sent);
    };
  }, []);

  return (
    <div className="lu-log">
      <div className="lu-log-box" ref={box} tabIndex={0} role="region" aria-label={label}>
        <div ref={sentinel} className="lu-log-top" />
        <div ref={content} className="lu-log-content">
          {children}
        </div>
      </div>
      {away && (
        <button
          type="button"
          className="lu-log-jump"
          aria-label={jumpLabel}
          title={jumpLabel}
          data-testid="jump-latest"
          onClick={() => {
            pin.current.toEnd();
            pin.current.scrolled();
            box.current.focus({ preventScroll: true });
          }}
        >
          <Icon name="down" size={18} />
          <span>{jumpLabel}</span>
        </button>
      )}
    </div>
  );
}
