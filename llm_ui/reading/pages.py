"""The text of an HTML file, as a user who opens it in a browser would see it.

lxml builds the tree; this module handles what lxml treats as plain elements and browsers do not
(drawings, frames with an embedded page, hidden parts).
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from llm_ui.reading import encodings
from llm_ui.reading.encodings import Decoded

# How deeply frames are followed: deeper than in any saved page.
MOST_FRAMES = 3
# Elements that start a new line.
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "iframe",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "option",
        "p",
        "plaintext",
        "pre",
        "search",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "textarea",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "xmp",
    }
)
# Those that also get a blank line before them.
_PARTS = frozenset(
    {
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "section",
        "article",
        "blockquote",
        "pre",
        "hr",
    }
)
# A line break between blocks; spaces and tabs to be kept as they are.
_LINE, _SPACE, _TAB = "\x01", "\x02", "\x03"
_SILENT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "head",
        "title",
        "object",
        "audio",
        "video",
        "canvas",
        "datalist",
        "rp",
        "noembed",
    }
)
_KEPT = frozenset({"pre", "textarea", "xmp", "plaintext", "listing"})
# Elements that no drawing contains: at one of these, a browser ends an unclosed svg and resumes the
# page.
_BREAKS_OUT = frozenset(
    {
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "main",
        "article",
        "section",
        "ol",
        "p",
        "pre",
        "table",
        "ul",
        "header",
        "footer",
    }
)
_HIDDEN_STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE
)
# Elements whose content is raw text up to the end tag: without one, they swallow the page.
_RAW = ("script", "style", "title", "textarea", "noscript", "iframe", "xmp", "noembed", "noframes")
_SWALLOWING = (*_RAW, "template", "svg", "math", "object", "video", "audio", "canvas", "datalist")
_PAGE_GOES_ON = re.compile(
    r"</head\b|</?(?:body|div|p|h[1-6]|main|article|section|table|[uo]l|header|footer|nav|span)\b",
    re.IGNORECASE,
)
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|path|rect|circle|line"
_CLOSED_ITSELF = re.compile(
    rf"<(?!(?:{_VOID})\b)([a-zA-Z][\w:-]*)((?:\s[^<>]*?)?)/>", re.IGNORECASE
)
_XML = re.compile(
    r"\s*<\?xml|[^>]{0,200}<!DOCTYPE[^>]{0,200}XHTML|<html[^>]{0,400}1999/xhtml", re.I
)


def read_html(data: bytes) -> Decoded:
    """Extract the text of a page, along with its encoding."""
    page = encodings.decode(data)
    return Decoded(text_of(page.text), page.encoding, page.bad)


def text_of(html: str, frames: int = MOST_FRAMES) -> str:
    """The text of a page: its title, then the visible content."""
    from lxml import etree
    from lxml import html as parser

    html = _mended(re.sub("[\x00-\x08\x0b\x0e-\x1f]", "", html))
    if not html.strip():
        return ""
    try:
        page = parser.document_fromstring(
            html, parser=parser.HTMLParser(huge_tree=True, recover=True)
        )
    except etree.ParserError:
        # The page contains only comments.
        return ""
    shown = _Shown(frames)
    body = shown.read(page)
    if not body.strip():
        # Everything is hidden until a script runs; it is still better than nothing.
        body = _Shown(frames, everything=True).read(page) or _without_marks(html)
    found = page.xpath("string(//title[not(ancestor::*[local-name()='svg'])][1])")
    title = " ".join(str(found).split())
    if title and title not in body[: len(title) + 200]:
        return f"{title}\n\n{body}".strip()
    return body


def _without_marks(html: str) -> str:
    """The text of a page that the parser could not handle, with its tags stripped."""
    bare = re.sub(r"(?is)<(script|style|title)\b.*?</\1\s*>|<[^>]{0,2000}>", "\n", html)
    return _tidy(unescape(bare))


def _mended(html: str) -> str:
    """The page with end tags for elements that would swallow the rest of it."""
    html = re.sub(r"^\s*<\?xml[^>]{0,400}\?>", "", html)
    if _XML.match(html) or _XML.search(html[:2000]):
        # XHTML allows self-closing elements; an HTML parser ignores the slash.
        html = _CLOSED_ITSELF.sub(r"<\1\2></\1>", html)
        html = re.sub(r"<!\[CDATA\[((?s:.)*?)\]\]>", r"\1", html)
    last = html.rfind("<!--")
    if last >= 0 and html.find("-->", last) < 0:
        html = html[:last] + html[last + 4 :]
    low = html.lower()
    for name in _SWALLOWING:
        opened = re.compile(rf"<{name}(?=[\s/>])[^>]*>", re.IGNORECASE)
        ends = low.rfind(f"</{name}")
        start = next((m for m in opened.finditer(html) if m.start() > ends), None)
        if start is None or start[0].endswith("/>"):
            continue
        html = _closed(html, start, name)
        low = html.lower()
    return html


def _closed(html: str, start: re.Match[str], name: str) -> str:
    """The page with the element's end tag inserted where the page resumes."""
    goes_on = _PAGE_GOES_ON.search(html, start.end())
    if name == "textarea" or (goes_on is None and name not in ("script", "style")):
        # Its content is all that remains, so show it.
        return html[: start.start()] + html[start.end() :]
    place = goes_on.start() if goes_on else len(html)
    return f"{html[:place]}</{name}>{html[place:]}"


class _Shown:
    """Collects the visible text, line by line."""

    def __init__(self, frames: int, *, everything: bool = False) -> None:
        self._frames = frames
        self._everything = everything
        self._parts: list[str] = []

    def read(self, root: Any) -> str:
        # An explicit stack: a page may be nested more deeply than Python's recursion limit.
        waiting: list[Any] = [(root, False, False)]
        while waiting:
            step = waiting.pop()
            if isinstance(step, str):
                self._parts.append(step)
                continue
            waiting.extend(reversed(self._steps(*step)))
        return _tidy("".join(self._parts))

    def _steps(self, node: Any, silent: bool, kept: bool) -> list[Any]:
        """The parts of an element in order: text and child elements."""
        tag = node.tag.lower() if isinstance(node.tag, str) else ""
        tail = [] if silent or not node.tail else [_words(node.tail, kept)]
        if not tag:
            return tail
        if tag in _BREAKS_OUT and silent:
            inside = self._around(node, tag, silent=not self._may_break_out(node), kept=kept)
            return inside + tail
        hush = silent or (tag in _SILENT and not _is_shadow(node)) or self._is_hidden(node)
        return self._around(node, tag, silent=hush, kept=kept or tag in _KEPT) + tail

    def _around(self, node: Any, tag: str, *, silent: bool, kept: bool) -> list[Any]:
        found: list[Any] = [_words(node.text, kept)] if node.text and not silent else []
        if tag == "iframe" and not silent:
            found = [self._frame(node)]
        found.extend((child, silent, kept) for child in node)
        if silent:
            return found
        if tag in _PARTS:
            return ["\n\n", *found, "\n"]
        if tag in _BLOCKS:
            return [_LINE, *found, _LINE]
        if tag in ("td", "th"):
            return ["\t", *found]
        return found

    def _may_break_out(self, node: Any) -> bool:
        """Whether an element is hidden only because it is inside a drawing."""
        for each in node.iterancestors():
            name = each.tag.lower() if isinstance(each.tag, str) else ""
            if name in _SILENT and name not in ("svg", "math") and not _is_shadow(each):
                return False
            if self._is_hidden(each):
                return False
        return True

    def _is_hidden(self, node: Any) -> bool:
        if self._everything:
            return False
        hidden = node.get("hidden")
        if hidden is not None and hidden.lower() != "until-found":
            return True
        return bool(_HIDDEN_STYLE.search(node.get("style") or ""))

    def _frame(self, node: Any) -> str:
        page = node.get("srcdoc")
        return text_of(page, self._frames - 1) if page and self._frames else ""


def _is_shadow(node: Any) -> bool:
    return node.tag == "template" and node.get("shadowrootmode") is not None


def _words(text: str, kept: bool) -> str:
    if kept:
        return text.replace(" ", _SPACE).replace("\t", _TAB)
    return re.sub(r"\s+", " ", text)


def _tidy(text: str) -> str:
    # Each run of whitespace is matched only from its start; trying every position would take
    # quadratic time.
    text = re.sub(rf"(?:(?<![ \t])[ \t]+)?(?:{_LINE}[ \t]*)+", "\n", text)
    text = re.sub(r"(?:(?<! ) +)?\n[ \t]*", "\n", text)
    text = re.sub(r"(?:(?<! ) +)?\t *", "\t", re.sub(r"(?<!\t)\t+(?=\n)", "", text))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return text.replace(_SPACE, " ").replace(_TAB, "\t")
