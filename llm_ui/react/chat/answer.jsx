// One answer, from its first token to long after: while live it follows the store,
// and when the finished text arrives what stands on the screen stays untouched.
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "react";
import { StateStoreContext } from "$/utils/context-registry";

import { Boundary } from "./boundary.jsx";
import { Follower } from "./follow.js";
import { Icon } from "./icons.jsx";
import { Prose } from "./prose.js";
import { Reading, Sources, fill, useSources } from "./sources.jsx";
import { Waiting } from "./waiting.jsx";

/** @typedef {{ stateName: string, run: number, live: boolean }} Live */
/** @typedef {(kind: "append" | "replace", text: string, ms?: number) => void} Sink */
/** @typedef {(run: number, have: number) => void} OnGap */
/**
 * @typedef {{
 *   source: Live, text: string, thinkingMs: number, answering: boolean, labels: Lu.Labels,
 *   onGap?: OnGap
 * }} ThoughtsProps
 */
/**
 * @typedef {{
 *   text?: string, reasoning?: string, thinkingMs?: number, sources?: Lu.Source[],
 *   run?: number, live?: boolean, stateName?: string, onGap?: OnGap,
 *   onWait?: (run: number) => void, labels?: Lu.AnswerLabels
 * }} AnswerProps
 */

const NAME_OF_TEXT = "current_response_rx_state_";
const NAME_OF_THOUGHTS = "current_reasoning_rx_state_";

// Pages are prerendered, where layout effects only warn.
const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/**
 * Gives `sink` what the store's value `name` brings for a live run.
 *
 * @param {Live} live
 * @param {string} name
 * @param {Sink} sink
 * @param {OnGap} [onGap]
 */
function useFollow({ stateName, run, live }, name, sink, onGap) {
  const store = useContext(StateStoreContext);
  const follower = useRef(/** @type {Follower | null} */ (null));
  const calls = useRef(
    /** @type {{ sink: Sink, onGap?: OnGap }} */ (/** @type {unknown} */ (null)),
  );
  calls.current = { sink, onGap };

  useBrowserEffect(() => {
    if (!live || !run || !store) return undefined;
    if (follower.current?.run !== run) {
      if (follower.current) calls.current.sink("replace", "");
      follower.current = new Follower(run);
    }
    const here = follower.current;
    const read = () => {
      const value = store.getSnapshot(stateName)?.[name];
      const change = here.take(value);
      if (change?.kind === "gap") calls.current.onGap?.(run, here.length);
      else if (change) calls.current.sink(change.kind, change.text, value.ms);
    };
    const stop = store.subscribe(stateName, read);
    read();
    return stop;
  }, [store, stateName, name, run, live]);
}

/**
 * 12 s, 1 min 5 s: as long as somebody waits, not as exact as it could be.
 *
 * @param {number} ms
 */
function span(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * How long the model has thought so far; counts while it does. `since` is by this clock.
 *
 * @param {React.RefObject<number>} since
 * @param {boolean} any
 * @param {boolean} live
 * @param {boolean} answering
 */
function useSpent(since, any, live, answering) {
  const [spent, setSpent] = useState(0);
  useEffect(() => {
    if (!any || !live || !since.current) return undefined;
    const count = () => setSpent(Date.now() - since.current);
    count();
    if (answering) return undefined;
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, [since, any, live, answering]);
  return spent;
}

/**
 * Reasoning, closed until somebody wants it, and not rendered before that either.
 *
 * @param {ThoughtsProps} props
 */
function Thoughts({ source, text, thinkingMs, answering, labels, onGap }) {
  const { live } = source;
  const body = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const prose = useRef(/** @type {Prose | null} */ (null));
  const thoughts = useRef(text);
  const since = useRef(0);
  const [any, setAny] = useState(text !== "");
  const [open, setOpen] = useState(false);

  useFollow(
    source,
    NAME_OF_THOUGHTS,
    (kind, piece, ms) => {
      if (kind === "replace") since.current = piece ? Date.now() - (ms ?? 0) : 0;
      else since.current ||= Date.now();
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
  }, [open, live, labels]);

  const spent = useSpent(since, any, live, answering);
  if (!any) return null;
  const busy = live && !answering;
  const ms = !live && thinkingMs >= 0 ? thinkingMs : spent;
  let words = busy ? labels.thinking : (labels.reasoning ?? labels.thinking);
  if (busy && ms >= 1000 && labels.thinking_for)
    words = fill(labels.thinking_for, { value: span(ms) });
  if (!busy && ms > 0 && labels.thought_for) words = fill(labels.thought_for, { value: span(ms) });
  return (
    <details
      className="lu-md-think"
      data-testid="thinking"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary data-busy={busy || undefined}>
        <Icon name="right" size={14} />
        {words}
      </summary>
      <div className="lu-md lu-md-think-text" ref={body} />
    </details>
  );
}

/** @param {AnswerProps} props */
export function Answer(props) {
  return (
    <Boundary text={props.text}>
      <Shown {...props} />
    </Boundary>
  );
}

/** @param {AnswerProps} props */
function Shown({
  text = "",
  reasoning = "",
  thinkingMs = -1,
  sources = [],
  run = 0,
  live = false,
  stateName = "",
  onGap,
  onWait,
  labels = {},
}) {
  const source = { stateName, run, live };
  const body = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const prose = useRef(/** @type {Prose} */ (/** @type {unknown} */ (null)));
  const [begun, setBegun] = useState(false);
  const read = useSources(source, sources);
  const reading = live && !begun && read.some(({ state }) => state === "reading");

  useBrowserEffect(() => {
    prose.current ??= new Prose(body.current, labels);
  }, [labels]);

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
    if (read.length) prose.current.cite(read);
  }, [read]);

  useBrowserEffect(() => {
    if (!live) prose.current.finish(text);
  }, [live, text]);

  return (
    <div className="lu-md-answer" aria-busy={live}>
      <Thoughts
        source={source}
        text={reasoning}
        thinkingMs={thinkingMs}
        answering={begun}
        labels={labels}
        onGap={onGap}
      />
      <div className="lu-md-body">
        {reading && <Reading sources={read} labels={labels} />}
        {live && !begun && !reading && (
          <Waiting stateName={stateName} run={run} labels={labels} onWait={onWait} />
        )}
        <div className="lu-md" ref={body} />
      </div>
      {(begun || !live) && read.length > 0 && <Sources sources={read} labels={labels} />}
    </div>
  );
}
