// What both plots share.
import { useEffect, useRef, useState } from "react";

// The next number that halves well: where a scale ends.
export const roundUp = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * unit).find((n) => n >= value);
};

// A unit is a pixel at every width, so that words stay legible on a phone.
export const useWidth = () => {
  const [width, setWidth] = useState(720);
  const drawing = useRef(null);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(200, entry.contentRect.width)));
    watch.observe(drawing.current);
    return () => watch.disconnect();
  }, []);
  return [drawing, width];
};
