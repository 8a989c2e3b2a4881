// One answer, from its first token to long after: while live it follows the store,
// and when the finished text arrives what stands on the screen stays untouched.
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "react";
import { StateStoreContext } from "$/utils/context-registry";

import { Follower } from "./follow.js";
import { Icon } from "./icons.jsx";
import { Prose } from "./prose.js";

const NAME_OF_TEXT = "current_response_rx_state_";
const NAME_OF_THOUGHTS = "current_reasoning_rx_state_";

// Pages are prerendered, where layout effects only warn.
const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/** Gives `sink` what the store's value `name` brings for a live run. */
function useFollow({ stateName, run, live }, name, sink, onGap) {
  const store = useContext(StateStoreContext);
  const follower = useRef(null);
  const calls = useRef(null);
  calls.current = { sink, onGap };

  useBrowserEffect(() => {
    if (!live || !run || !store) return undefined;
    if (follower.current?.run !== run) {
      if (follower.current) calls.current.sink("replace", "");
      follower.current = new Follower(run);
    }
    const read = () => {
      const change = follower.current.take(store.getSnapshot(stateName)?.[name]);
      if (change?.kind === "gap") calls.current.onGap?.(run, follower.current.length);
      else if (change) calls.current.sink(change.kind, change.text);
    };
    const stop = store.subscribe(stateName, read);
    read();
    return stop;
  }, [store, stateName, name, run, live]);
}

/** Reasoning, closed until somebody wants it, and not rendered before that either. */
function Thoughts({ source, text, answering, labels, onGap }) {
  const { live } = source;
  const body = useRef(null);
  const prose = useRef(null);
  const thoughts = useRef(text);
  const [any, setAny] = useState(text !== "");
  const [open, setOpen] = useState(false);

  useFollow(
    source,
    NAME_OF_THOUGHTS,
    (kind, piece) => {
      thoughts.current = kind === "append" ? thoughts.current + piece : piece;
      prose.current?.[kind](piece);
      setAny(thoughts.current !== "");
    },
    onGap,
  );

  useBrowserEffect(() => {
    if (live) return;
    if (text) thoughts.current = text;
    setAny(thoughts.current !== "");
    prose.current?.finish(thoughts.current);
  }, [live, text]);

  useBrowserEffect(() => {
    if (!open || prose.current) return;
    prose.current = new Prose(body.current, labels);
    if (live) prose.current.replace(thoughts.current);
    else prose.current.finish(thoughts.current);
  }, [open]);

  if (!any) return null;
  const busy = live && !answering;
  return (
    <details className="lu-md-think" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary data-busy={busy || undefined}>
        <Icon name="right" size={14} />
        {busy ? labels.thinking : (labels.reasoning ?? labels.thinking)}
      </summary>
      <div className="lu-md lu-md-think-text" ref={body} />
    </details>
  );
}

export function Answer({
  text = "",
  reasoning = "",
  run = 0,
  live = false,
  stateName = "",
  onGap,
  labels = {},
}) {
  const source = { stateName, run, live };
  const body = useRef(null);
  const prose = useRef(null);
  const [begun, setBegun] = useState(false);

  useBrowserEffect(() => {
    prose.current ??= new Prose(body.current, labels);
  }, []);

  useFollow(
    source,
    NAME_OF_TEXT,
    (kind, piece) => {
      prose.current[kind](piece);
      setBegun(kind === "append" || piece !== "");
    },
    onGap,
  );

  useBrowserEffect(() => {
    if (!live) prose.current.finish(text);
  }, [live, text]);

  return (
    <div className="lu-md-answer" aria-busy={live}>
      <Thoughts
        source={source}
        text={reasoning}
        answering={begun}
        labels={labels}
        onGap={onGap}
      />
      <div className="lu-md-body">
        {live && !begun && (
          <div className="lu-md-wait" role="status" aria-label={labels.thinking}>
            <i />
            <i />
            <i />
          </div>
        )}
        <div className="lu-md" ref={body} />
      </div>
    </div>
  );
}
