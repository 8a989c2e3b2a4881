"""Whether a model can look at images."""

from __future__ import annotations

import re

from llm_ui.models import AIModel

VISION = "vision"

# OpenAI-compatible lists do not tell; these families are known to see.
_SEEING = re.compile(
    r"gpt-4o|gpt-4\.\d|gpt-4-turbo|gpt-5|chatgpt|\bo[134]\b|claude|gemini|gemma-?3|llava|pixtral"
    r"|mistral-(small-3|medium-3)|llama-?4|llama-?3\.2-\d+b-vision|vision|moondream|minicpm-v"
    r"|qwen.*-?(vl|omni)|internvl|grok-4|-vl\b",
    re.IGNORECASE,
)
_BLIND_CLAUDE = re.compile(r"claude-(2|instant)", re.IGNORECASE)


def sees(model: AIModel, provider_type: str) -> bool:
    """Whether images may be sent to a model.

    What an admin says of it counts; else what is noted as its capability, or what is known
    of its family.
    """
    if VISION in model.capabilities:
        return True
    if "capabilities" in model.fixed:
        return False
    if provider_type == "anthropic":
        return not _BLIND_CLAUDE.search(model.name)
    return provider_type != "llm_api" and _SEEING.search(model.name) is not None
