// A page without a browser, for modules that make nodes. Import it before them.
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><html lang='en'><body></body></html>", {
  url: "http://localhost:3000/chat",
});

const NODES = ["Node", "Element", "HTMLElement", "HTMLOListElement", "Text", "NodeFilter"];
for (const name of ["window", "document", "sessionStorage", "localStorage", ...NODES]) {
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
}
