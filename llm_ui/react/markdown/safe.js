// What may be linked, shown and kept: every HTML string becomes DOM through here.
import DOMPurify from "dompurify";

const LINK = /^(?:https?:\/\/|mailto:)/i;
const DATA_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i;
// Browsers skip these inside a scheme, so "java\tscript:" is a script.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0020\u007f-\u009f\u200b-\u200f\u2028\u2029\ufeff]/g;

/**
 * The address if it may be followed, else null.
 *
 * @param {unknown} href
 */
export function safeLink(href) {
  const bare = String(href ?? "").replace(CONTROL, "");
  if (!LINK.test(bare)) return null;
  try {
    return new URL(bare).href;
  } catch {
    return null;
  }
}

/**
 * {src} for a picture that may be shown at once, {ask, host} for one from outside, else null.
 *
 * @param {unknown} href
 * @returns {{ src: string, ask?: undefined } | { src?: undefined, ask: string, host: string } | null}
 */
export function safeImage(href) {
  const bare = String(href ?? "").trim();
  if (DATA_IMAGE.test(bare)) return { src: bare.replace(/\s/g, "") };
  const ask = safeLink(bare);
  if (!ask || !/^https?:/i.test(ask)) return null;
  return { ask, host: new URL(ask).host };
}

const TEXT_TAGS =
  "a b blockquote br button code del details div em h1 h2 h3 h4 h5 h6 hr img input ins kbd label li " +
  "mark ol p pre s small span strong sub summary sup table tbody td th thead tr u ul";
const PROFILES = {
  text: {
    ALLOWED_TAGS: TEXT_TAGS.split(" "),
    ALLOWED_ATTR: [
      "alt",
      "checked",
      "class",
      "dir",
      "disabled",
      "href",
      "loading",
      "open",
      "rel",
      "src",
      "start",
      "tabindex",
      "target",
      "title",
      "type",
      "data-lang",
      "data-name",
      "data-note",
      "data-src",
      "data-tex",
      "data-display",
    ],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  },
  code: {
    ALLOWED_TAGS: ["span"],
    ALLOWED_ATTR: ["class"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  },
  // KaTeX lays out with inline styles and draws roots and braces as SVG paths.
  math: {
    USE_PROFILES: { html: true, mathMl: true, svg: true },
    FORBID_TAGS: ["a", "img", "image", "style", "use", "form", "input", "button", "foreignobject"],
    FORBID_ATTR: ["href", "xlink:href", "src", "id", "name", "action"],
    FORBID_CONTENTS: ["annotation", "script", "style"],
    RETURN_DOM_FRAGMENT: true,
  },
};

/** @type {ReturnType<typeof DOMPurify> | undefined} */
let purifier;

function purify() {
  if (purifier) return purifier;
  purifier = DOMPurify(window);
  purifier.addHook("uponSanitizeAttribute", (_node, data) => {
    const { attrName: name, attrValue: value } = data;
    if (name === "src") data.keepAttr = DATA_IMAGE.test(value);
    else if (name === "href" || name === "data-src") data.keepAttr = safeLink(value) !== null;
    else if (name === "type") data.keepAttr = value === "button" || value === "checkbox";
  });
  purifier.addHook("afterSanitizeAttributes", (node) => {
    if (node.nodeName === "A") {
      node.setAttribute("rel", "noopener noreferrer nofollow");
      node.setAttribute("target", "_blank");
    } else if (node.nodeName === "INPUT") {
      node.setAttribute("type", "checkbox");
      node.setAttribute("disabled", "");
    }
  });
  return purifier;
}

// A "<" that begins anything but a bare tag of text, or one of the few with attributes that
// html.js writes again and again in lists, tables and links. Where there is none, there is
// nothing that sanitising could take away, and the end of a growing block, which is parsed
// many times a second, need not wait for it.
const BARE =
  "/?(?:blockquote|br|code|del|em|h[1-6]|hr|ins|kbd|li|mark|ol|p|s|small|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul)";
const OURS = [
  BARE,
  '(?:li|blockquote) dir="rtl"',
  '(?:ol|ul)(?: start="\\d+")?(?: class="lu-md-loose")?',
  'div class="lu-md-table" tabindex="0"(?: dir="rtl")?',
  't[dh] class="lu-md-(?:left|center|right)"',
  'a href="(?:https?://|mailto:)[!#-;=?-~]*" rel="noopener noreferrer nofollow" target="_blank"',
  "/(?:a|div)",
];
const MORE_THAN_TEXT = new RegExp(`<(?!(?:${OURS.join("|")})>)`);

/**
 * The sanitised DOM of `html`: the only way from a string to nodes.
 *
 * @param {string} html
 * @param {keyof typeof PROFILES} [profile]
 * @returns {DocumentFragment}
 */
export function toFragment(html, profile = "text") {
  if (profile === "text" && !MORE_THAN_TEXT.test(html)) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return document.importNode(template.content, true);
  }
  return /** @type {DocumentFragment} */ (
    /** @type {unknown} */ (purify().sanitize(html, PROFILES[profile]))
  );
}
