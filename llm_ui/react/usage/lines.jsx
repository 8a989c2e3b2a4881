// Lines over time, in an SVG of our own, with the same figures as a table below.
import { useState } from "react";
import { roundUp, useWidth } from "./scale.js";

/** @typedef {ReturnType<typeof formats>} Format */
/** @typedef {(value: number) => number} Scale */
/** @typedef {{ name?: string, detail?: string, values: (number | null)[] }} Line */
/**
 * @typedef {{
 *   since?: string, widthS?: number, points?: number, unit?: string, lines?: Line[],
 *   labels?: Lu.Labels
 * }} Props
 */

const HEIGHT = 240;
const FOOT = 22;
const HEAD = 10;
const SIDE = 56;
const LABEL_WIDTH = 60;
const PARTS = [0, 0.25, 0.5, 0.75, 1];
const DAY_S = 86400;

/**
 * @param {Lu.Labels} labels
 * @param {string} unit
 * @param {number} widthS
 */
const formats = (labels, unit, widthS) => {
  const language = labels.language ?? "en";
  const locale = labels.locale ?? language;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const isLong = widthS * 60 > DAY_S * 2;
  const { hour12 } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" };
  /** @type {Intl.DateTimeFormatOptions} */
  const day = { day: "numeric", month: "short" };
  /** @param {number} ms */
  const seconds = (ms) =>
    ms < 1000 ? `${Math.round(ms)} ms` : `${number.format(Math.round(ms / 100) / 10)} s`;
  return {
    /** @param {number | null} [value] */
    value: (value) => {
      if (value === null || value === undefined) return "–";
      if (unit === "ms") return seconds(value);
      return unit === "%" ? percent.format(value / 100) : `${number.format(value)}/s`;
    },
    // Within a day or two what counts is the hour, beyond them the day.
    brief: new Intl.DateTimeFormat(locale, isLong ? day : clock),
    isLong,
    full: new Intl.DateTimeFormat(locale, { ...day, ...clock }),
  };
};

// Where times are written: where a day begins, or at round times, as many as there is room for.
/**
 * @param {Date[]} times
 * @param {Format} format
 * @param {number} widthS
 * @param {Scale} x
 * @param {number} end
 */
const marks = (times, format, widthS, x, end) => {
  const round = widthS < 600 ? 600 : 3600;
  /** @type {number[]} */
  const found = [];
  let last = -LABEL_WIDTH;
  times.forEach((time, n) => {
    const begins = n > 0 && format.brief.format(time) !== format.brief.format(times[n - 1]);
    const shifted = time.getTime() / 1000 - time.getTimezoneOffset() * 60;
    const fits = format.isLong ? begins : shifted % round === 0;
    if (fits && x(n) - last >= LABEL_WIDTH && x(n) < end - 24) {
      found.push(n);
      last = x(n);
    }
  });
  return found;
};

// One path of all stretches without a gap; a value with none beside it is a dot.
/**
 * @param {(number | null)[]} values
 * @param {Scale} x
 * @param {Scale} y
 */
const drawn = (values, x, y) => {
  let path = "";
  /** @type {number[]} */
  const dots = [];
  values.forEach((value, n) => {
    if (value === null) return;
    const goesOn = (values[n - 1] ?? null) !== null;
    path += `${goesOn ? "L" : "M"}${x(n).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!goesOn && (values[n + 1] ?? null) === null) dots.push(n);
  });
  return { path, dots };
};

/**
 * @param {{ lines: Line[], names: string[], times: Date[], format: Format, labels: Lu.Labels }} props
 */
function Figures({ lines, names, times, format, labels }) {
  const rows = times.map((_, n) => n).filter((n) => lines.some((line) => line.values[n] !== null));
  return (
    <details className="lu-lines-plot__figures">
      <summary data-testid="plot-figures">{labels.figures}</summary>
      <div className="lu-table-wrap" tabIndex={0} role="region" aria-label={labels.figures}>
        <table className="lu-table">
          <thead>
            <tr>
              <th scope="col">{labels.time}</th>
              {names.map((name, n) => (
                <th key={n} scope="col" className="lu-table__num">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.reverse().map((n) => (
              <tr key={n}>
                <td className="lu-table__quiet">{format.full.format(times[n])}</td>
                {lines.map((line, each) => (
                  <td key={each} className="lu-table__num">
                    {format.value(line.values[n])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** @param {Props} props */
export function SpeedLines({
  since = "",
  widthS = 60,
  points = 0,
  unit = "ms",
  lines = [],
  labels = {},
}) {
  const [here, setHere] = useState(/** @type {number | null} */ (null));
  const [drawing, width] = useWidth();
  const format = formats(labels, unit, widthS);
  const times = Array.from(
    { length: points },
    (_, n) => new Date(Date.parse(since) + n * widthS * 1000),
  );
  // What all lines have in common tells none from another.
  const differ = new Set(lines.map((line) => line.detail)).size > 1;
  const names = lines.map((line) => {
    const name = line.name || labels.unnamed;
    return line.detail && differ ? `${name} · ${line.detail}` : name;
  });
  const measured = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const most = Math.max(0, ...measured);
  const top = unit === "%" ? Math.min(100, roundUp(Math.max(1, most))) : roundUp(Math.max(1, most));
  const plot = HEIGHT - FOOT - HEAD;
  const step = (width - SIDE - 8) / Math.max(1, points - 1);
  /** @param {number} n */
  const x = (n) => SIDE + n * step;
  /** @param {number} value */
  const y = (value) => HEIGHT - FOOT - (value / top) * plot;
  /** @param {React.PointerEvent} event */
  const nearest = (event) => {
    const at = event.clientX - drawing.current.getBoundingClientRect().left;
    setHere(Math.min(points - 1, Math.max(0, Math.round((at - SIDE) / step))));
  };
  /** @param {React.KeyboardEvent} event */
  const byKey = (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      event.preventDefault();
      setHere((n) => Math.min(points - 1, Math.max(0, (n ?? points) + move)));
    }
  };

  return (
    <figure className="lu-plot lu-lines-plot">
      <figcaption className="lu-plot__key">
        {names.map((name, n) => (
          <span key={n} className="lu-lines-plot__entry" data-line={n}>
            <svg width="22" height="10" aria-hidden="true">
              <line x1="0" x2="22" y1="5" y2="5" className="lu-lines-plot__line" />
            </svg>
            <span className="lu-truncate">{name}</span>
            {here !== null && <strong>{format.value(lines[n].values[here])}</strong>}
          </span>
        ))}
        <span className="lu-plot__now">
          {here !== null && times[here] ? format.full.format(times[here]) : ""}
        </span>
      </figcaption>
      <svg
        ref={drawing}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={labels.title}
        tabIndex={0}
        className="lu-plot__svg lu-lines-plot__svg"
        data-testid="speed-plot"
        onPointerMove={nearest}
        onPointerDown={nearest}
        onPointerLeave={() => setHere(null)}
        onFocus={() => setHere((n) => n ?? points - 1)}
        onBlur={() => setHere(null)}
        onKeyDown={byKey}
      >
        {PARTS.map((part) => (
          <g key={part}>
            <line
              x1={SIDE}
              x2={width}
              y1={y(top * part)}
              y2={y(top * part)}
              className="lu-plot__line"
            />
            <text x={SIDE - 8} y={y(top * part) + 4} textAnchor="end">
              {format.value(top * part)}
            </text>
          </g>
        ))}
        {marks(times, format, widthS, x, width).map((n) => (
          <text key={n} x={x(n)} y={HEIGHT - 6} textAnchor="middle">
            {format.brief.format(times[n])}
          </text>
        ))}
        {here !== null && (
          <line
            x1={x(here)}
            x2={x(here)}
            y1={HEAD}
            y2={HEIGHT - FOOT}
            className="lu-lines-plot__here"
          />
        )}
        {lines.map((line, each) => {
          const { path, dots } = drawn(line.values, x, y);
          const shown = here !== null && (line.values[here] ?? null) !== null;
          return (
            <g key={each} data-line={each}>
              <path d={path} className="lu-lines-plot__line" />
              {dots.map((n) => (
                <circle
                  key={n}
                  cx={x(n)}
                  cy={y(Number(line.values[n]))}
                  r="2.5"
                  className="lu-lines-plot__dot"
                />
              ))}
              {shown && (
                <circle
                  cx={x(here)}
                  cy={y(Number(line.values[here]))}
                  r="4"
                  className="lu-lines-plot__dot"
                />
              )}
            </g>
          );
        })}
      </svg>
      {measured.length === 0 && <p className="lu-quiet lu-text-center">{labels.nothing}</p>}
      {measured.length > 0 && (
        <Figures lines={lines} names={names} times={times} format={format} labels={labels} />
      )}
    </figure>
  );
}
