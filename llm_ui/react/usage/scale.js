// What both plots share.
import { useEffect, useRef, useState } from "react";

// The next number that halves well: where a scale ends.
/** @param {number} value */
export const roundUp = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * unit);
  return steps.find((n) => n >= value) ?? value;
};

// A unit is a pixel at every width, so that words stay legible on a phone.
export const useWidth = () => {
  const [width, setWidth] = useState(720);
  const drawing = useRef(/** @type {SVGSVGElement} */ (/** @type {unknown} */ (null)));
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(200, entry.contentRect.width)));
    watch.observe(drawing.current);
    return () => watch.disconnect();
  }, []);
  return /** @type {const} */ ([drawing, width]);
};
