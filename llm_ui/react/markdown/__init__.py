"""The answer renderer: Markdown to safe DOM, block by block. It doesn't use React."""

from __future__ import annotations

from typing import Final

from llm_ui.react._link import link

link(
    "blocks.js",
    "cite.js",
    "cjk.js",
    "code.js",
    "dress.js",
    "emphasis.js",
    "fence.js",
    "highlight.js",
    "html.js",
    "links.js",
    "math.js",
    "maths.js",
    "mend.js",
    "painter.js",
    "parse.js",
    "patch.js",
    "placed.js",
    "renderer.js",
    "safe.js",
    "scope.js",
    "tags.js",
)

PACKAGES: Final = [
    "marked@18.2.1",
    "dompurify@3.4.18",
    "highlight.js@11.12.0",
    "katex@0.19.1",
]
