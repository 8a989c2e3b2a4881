// Tokens per day as stacked bars, in an SVG of our own: a chart library would weigh more
// than the rest of the page.
import { useState } from "react";
import { roundUp, useWidth } from "./scale.js";

/** @typedef {{ day: string, input_tokens: number, output_tokens: number }} Day */

const HEIGHT = 200;
const FOOT = 22;
const SIDE = 44;
const LABEL_WIDTH = 72;

/** @param {{ days?: Day[], labels?: Lu.Labels }} props */
export function UsageBars({ days = [], labels = {} }) {
  const [here, setHere] = useState(/** @type {number | null} */ (null));
  const [drawing, width] = useWidth();
  const language = labels.language ?? "en";
  const locale = labels.locale ?? language;
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const whole = new Intl.NumberFormat(language);
  // Days are names, not moments: noon in UTC is that day everywhere it is written.
  /** @param {string} day */
  const dateOf = (day) => new Date(`${day}T12:00:00Z`);
  const brief = new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeZone: "UTC" });

  const totals = days.map((each) => each.input_tokens + each.output_tokens);
  const top = roundUp(Math.max(10, ...totals));
  const plot = HEIGHT - FOOT - 8;
  const step = (width - SIDE) / Math.max(1, days.length);
  const wide = Math.max(1, Math.min(36, step * 0.72));
  /** @param {number} tokens */
  const tall = (tokens) => (tokens / top) * plot;
  const every = Math.ceil(LABEL_WIDTH / step);
  const shown = here === null ? null : days[here];

  return (
    <figure className="lu-plot">
      <figcaption className="lu-plot__key">
        <span className="lu-plot__sign lu-plot__sign--in" /> {labels.input}
        <span className="lu-plot__sign lu-plot__sign--out" /> {labels.output}
        <span className="lu-plot__now">
          {shown &&
            `${full.format(dateOf(shown.day))}: ${whole.format(shown.input_tokens)} + ${whole.format(shown.output_tokens)}`}
        </span>
      </figcaption>
      <svg
        ref={drawing}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={labels.title}
        className="lu-plot__svg"
        data-testid="usage-plot"
        onPointerLeave={() => setHere(null)}
      >
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line
              x1={SIDE}
              x2={width}
              y1={HEIGHT - FOOT - plot * part}
              y2={HEIGHT - FOOT - plot * part}
              className="lu-plot__line"
            />
            <text x={SIDE - 8} y={HEIGHT - FOOT - plot * part + 4} textAnchor="end">
              {short.format(top * part)}
            </text>
          </g>
        ))}
        {days.map((each, n) => {
          const x = SIDE + n * step + (step - wide) / 2;
          const input = tall(each.input_tokens);
          const output = tall(each.output_tokens);
          return (
            <g key={each.day} onPointerEnter={() => setHere(n)} data-here={here === n || undefined}>
              <rect x={SIDE + n * step} y={0} width={step} height={HEIGHT - FOOT} opacity={0} />
              <rect
                x={x}
                y={HEIGHT - FOOT - input}
                width={wide}
                height={input}
                className="lu-plot__in"
              />
              <rect
                x={x}
                y={HEIGHT - FOOT - input - output}
                width={wide}
                height={output}
                className="lu-plot__out"
              />
              {n % every === 0 && (
                <text x={SIDE + (n + 0.5) * step} y={HEIGHT - 6} textAnchor="middle">
                  {brief.format(dateOf(each.day))}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
