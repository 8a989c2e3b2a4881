"""Extracting readable text from a page's HTML, in a separate process with limits.

Pages may be hostile, and the libraries that parse them were written for harmless ones: a page that
takes too much time or memory only ends that process. Run as a program, this module takes HTML on
stdin and writes {"title", "text"} to stdout; it imports nothing of the application, so that it
starts quickly.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass
from typing import Any

import orjson

WALL_S = 10.0
CPU_S = 8
MEMORY_BYTES = 1024 * 1024 * 1024
MOST_CHARS = 400_000
TITLE_CHARS = 200
# A shorter article is probably not the page's main content.
SHORTEST_ARTICLE = 200
AT_ONCE = 2

# Elements that start a new line, and those of them that start a paragraph.
_PARAGRAPHS = frozenset(
    {
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "pre",
        "blockquote",
        "tr",
        "table",
        "ul",
        "ol",
        "section",
    }
)
_BLOCKS = _PARAGRAPHS | {
    "address",
    "article",
    "aside",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "header",
    "hr",
    "main",
    "nav",
    "tbody",
    "td",
    "th",
    "thead",
}
_UNREAD = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "head",
        "iframe",
        "object",
        "embed",
        "form",
        "nav",
        "footer",
        "button",
        "select",
        "textarea",
    }
)
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r"\n[ \n]*\n")


@dataclass(frozen=True, slots=True)
class Readable:
    """A page's content as plain text; `title` may be empty."""

    title: str
    text: str


async def read_html(body: bytes, charset: str = "") -> Readable | None:
    """The text of a page; None if it cannot be read within the limits."""
    async with _places():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            __file__,
            charset[:40],
            # No environment variables, least of all secrets.
            env={},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(WALL_S):
                said, _ = await process.communicate(body)
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        return None
    found: dict[str, Any] = orjson.loads(said)
    return Readable(str(found["title"])[:TITLE_CHARS], str(found["text"])[:MOST_CHARS])


_semaphores: dict[int, asyncio.Semaphore] = {}


def _places() -> asyncio.Semaphore:
    """Limits concurrent processes; one semaphore per event loop, because tests have their own."""
    loop = id(asyncio.get_running_loop())
    if loop not in _semaphores:
        _semaphores.clear()
        _semaphores[loop] = asyncio.Semaphore(AT_ONCE)
    return _semaphores[loop]


# --- inside the child process ----------------------------------------------------------


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _decoded(body: bytes, charset: str) -> str:
    """Decode the page: by the charset of the HTTP header, else the page's own, else UTF-8."""
    inside = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{1,40})", body[:4096], re.IGNORECASE)
    for name in (charset, inside[1].decode("ascii") if inside else "", "utf-8"):
        try:
            return body.decode(name) if name else body.decode("utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return body.decode("utf-8", "replace")


def text_of(root: Any) -> str:
    """The readable text below an element, one paragraph per block."""
    parts: list[str] = []
    # An explicit stack: pages may be nested deeper than Python's recursion limit.
    waiting: list[tuple[Any, bool]] = [(root, False)]
    while waiting:
        node, is_tail = waiting.pop()
        if is_tail:
            parts.append(node)
            continue
        tag = node.tag if isinstance(node.tag, str) else ""
        if node is not root and node.tail:
            waiting.append((node.tail, True))
        if not tag or tag in _UNREAD:
            continue
        if tag in _BLOCKS:
            mark = "\n\n" if tag in _PARAGRAPHS else "\n"
            parts.append(mark)
            waiting.append((mark, True))
        if node.text:
            parts.append(
                _BLANKS.sub(" ", node.text.replace("\n", " ")) if tag != "pre" else node.text
            )
        waiting.extend((child, False) for child in reversed(node))
    return _tidy("".join(parts))


def _tidy(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()[:MOST_CHARS]


def _readable(html: str) -> Readable:
    from lxml import etree
    from lxml import html as parser
    from readability import Document

    page = parser.document_fromstring(html)
    title = " ".join("".join(page.xpath("//title[1]//text()")).split())
    body = page.find("body")
    whole = text_of(body if body is not None else page)
    try:
        article = text_of(parser.fromstring(Document(html).summary(html_partial=True)))
    except (ValueError, etree.LxmlError):
        # No article was found, or the extractor failed on the page.
        article = ""
    long_enough = len(article) >= min(SHORTEST_ARTICLE, len(whole) // 2)
    return Readable(title[:TITLE_CHARS], article if long_enough else whole)


def main() -> None:
    """Read a page from stdin and write its text to stdout."""
    _limit()
    charset = sys.argv[1] if len(sys.argv) > 1 else ""
    html = _decoded(sys.stdin.buffer.read(), charset).replace("\x00", "")
    # lxml rejects an encoding declaration in text that is already decoded.
    html = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", html)
    found = _readable(html) if html.strip() else Readable("", "")
    sys.stdout.buffer.write(orjson.dumps({"title": found.title, "text": found.text}))


if __name__ == "__main__":
    main()
