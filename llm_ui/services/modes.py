"""How a question may be asked: the modes, by name."""

from __future__ import annotations

from collections.abc import Iterable

from llm_ui.errors import InvalidInput

BROWSING = "browsing"
THINKING = "thinking"
# Alone: what is asked for is an image, not an answer in words.
IMAGE = "image"
MODES = (BROWSING, THINKING, IMAGE)


def checked_modes(modes: Iterable[str]) -> list[str]:
    """The modes without repetitions. Raises InvalidInput for one that there is not."""
    found = list(dict.fromkeys(modes))
    if not set(found) <= set(MODES):
        raise InvalidInput("error.request_invalid", field="modes")
    return found
