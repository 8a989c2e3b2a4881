"""What a model can do besides answering in text, and the modes a question can be asked in."""

from __future__ import annotations

from collections.abc import Iterable

from llm_ui.errors import not_one_of
from llm_ui.models import AIModel
from llm_ui.providers.registry import TYPES

BROWSING = "browsing"
THINKING = "thinking"
# Not combined with other modes: the answer is an image instead of text.
IMAGE = "image"
# The modes of a question.
MODES = (BROWSING, THINKING, IMAGE)
VISION = "vision"


def checked_modes(modes: Iterable[str]) -> list[str]:
    """The modes without duplicates. Raises InvalidInput for an unknown one."""
    found = list(dict.fromkeys(modes))
    if not set(found) <= set(MODES):
        raise not_one_of("modes", MODES, each=True)
    return found


def sees(model: AIModel, provider_type: str) -> bool:
    """Whether a model accepts images.

    An administrator's setting takes precedence, then the recorded capability, then what is known
    about the model's family.
    """
    if VISION in model.capabilities:
        return True
    if "capabilities" in model.fixed:
        return False
    return TYPES[provider_type].sees(model.name)
