"""Normalizing the reason why a model stopped writing, which each provider names differently."""

from __future__ import annotations

from llm_ui.enums import FinishReason

# Reasons that mean the model had not finished.
CUT = (
    FinishReason.LENGTH,
    FinishReason.CONTENT_FILTER,
    FinishReason.PAUSE,
    FinishReason.TOO_LONG,
)

_WORDS: dict[FinishReason, str] = {
    FinishReason.STOP: "stop end_turn stop_sequence eos eos_token complete completed finished end",
    # The limit of the answer, or of the whole context window.
    FinishReason.LENGTH: "length max_tokens max_output_tokens max_completion_tokens model_length"
    " max_length token_limit context_length context_window_exceeded model_context_window_exceeded"
    " context_length_exceeded",
    FinishReason.CONTENT_FILTER: "content_filter content_filtered safety image_safety recitation"
    " blocklist prohibited_content spii language refusal refused"
    " guardrail_intervened sensitive moderation",
    # The provider interrupted the answer itself; when asked again, the model continues.
    FinishReason.PAUSE: "pause pause_turn abort aborted cancelled insufficient_system_resource"
    " network_error",
    FinishReason.TOOL: "tool tool_call tool_calls tool_use function_call function_calls",
}
_BY_WORD: dict[str, FinishReason] = {
    word: reason for reason, words in _WORDS.items() for word in words.split()
}


def finish_of(given: object) -> FinishReason:
    """The finish reason for a provider's own word, in any spelling; UNKNOWN if it is missing or
    unknown."""
    if not isinstance(given, str):
        return FinishReason.UNKNOWN
    word = given.strip().lower().replace("-", "_").replace(" ", "_")
    # Gemini's own names, as some gateways pass them through.
    return _BY_WORD.get(word.removeprefix("finish_reason_"), FinishReason.UNKNOWN)
