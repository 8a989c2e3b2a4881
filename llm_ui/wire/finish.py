"""Why a model stopped writing: one word for what each provider calls by its own."""

from __future__ import annotations

from typing import Literal

FinishReason = Literal["stop", "length", "content_filter", "pause", "tool", "unknown"]

# The engine's own: no answer may be longer.
TOO_LONG = "too_long"
# The reasons for which an answer ends before its model had finished.
CUT = ("length", "content_filter", "pause", TOO_LONG)

_WORDS: dict[FinishReason, str] = {
    "stop": "stop end_turn stop_sequence eos eos_token complete completed finished end",
    # Of the answer, or of the whole context window.
    "length": "length max_tokens max_output_tokens max_completion_tokens model_length max_length"
    " token_limit context_length context_window_exceeded model_context_window_exceeded"
    " context_length_exceeded",
    "content_filter": "content_filter content_filtered safety image_safety recitation blocklist"
    " prohibited_content spii language refusal refused guardrail_intervened sensitive moderation",
    # The provider broke off by itself: asked again, the model goes on.
    "pause": "pause pause_turn abort aborted cancelled insufficient_system_resource network_error",
    "tool": "tool tool_call tool_calls tool_use function_call function_calls",
}
_BY_WORD: dict[str, FinishReason] = {
    word: reason for reason, words in _WORDS.items() for word in words.split()
}


def finish_of(given: object) -> FinishReason:
    """What a provider's own reason means, in any spelling: "unknown" for a word that is not
    known, or no word at all."""
    if not isinstance(given, str):
        return "unknown"
    word = given.strip().lower().replace("-", "_").replace(" ", "_")
    # Gemini's own names, as some gateways pass them on.
    return _BY_WORD.get(word.removeprefix("finish_reason_"), "unknown")
