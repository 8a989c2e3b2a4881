"""The typed events of a model's answer, and the request that asks for one.

An adapter yields any number of Token and Reasoning events, at most one Usage, and Done as the last
event. Every failure is raised as a `ProviderError`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_ui.enums import FinishReason, MessageRole


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer's text; never empty, and not necessarily one token."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking; never empty, and not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as reported by the upstream; None where it reported none.

    Normalized so that cached tokens are part of the input and reasoning tokens part of the output.
    OpenAI and most compatible servers count this way themselves; xAI counts reasoning separately
    from the output, Anthropic counts cached tokens separately from the input, and neither Anthropic
    nor Ollama says how much of the output was thinking.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The upstream has reported that the answer is complete."""

    finish_reason: FinishReason = FinishReason.STOP


StreamEvent = Token | Reasoning | Usage | Done


@dataclass(frozen=True, slots=True)
class Via:
    """Which of a provider's addresses is being asked; sent only if there are several."""

    address: str


@dataclass(frozen=True, slots=True)
class PromptImage:
    """An image in a turn; its bytes are not in the repr, and so not in logs."""

    media_type: str
    data: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        return b64encode(self.data).decode("ascii")

    @property
    def data_uri(self) -> str:
        return f"data:{self.media_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One turn of the prompt; `images` are only for models with vision. `message_id` is the message
    the turn was made from, if any."""

    role: MessageRole
    content: str
    images: tuple[PromptImage, ...] = ()
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters; None leaves the upstream's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The parameters that are set, under the names that the LLM API and OpenAI share."""
        pairs: Mapping[str, Any] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "stop": list(self.stop) if self.stop else None,
            "seed": self.seed,
            "reasoning_effort": self.reasoning_effort,
        }
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request to a model: the provider's name for the model, the turns, and the sampling
    parameters.

    `thinking` says whether it should think first; None if the model has no such switch.
    """

    model: str
    messages: tuple[PromptMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    thinking: bool | None = None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A request to an image model: the provider's name for the model, the prompt, the settings
    (size, …), and the total timeout in seconds."""

    model: str
    prompt: str
    settings: Mapping[str, str | int] = field(default_factory=dict)
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of a response: its bytes, or the URL to fetch them from. Neither has been
    validated."""

    data: bytes = field(default=b"", repr=False)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts in seconds: to connect, to the first token, between two pieces, and for the whole
    answer."""

    connect: float = 10.0
    first_token: float = 120.0
    silence: float = 60.0
    total: float = 3600.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its provider lists it. `context_window` is in tokens; `capabilities` are the ones
    the provider reports besides chatting: vision, …

    `thinks`: it can be asked to think before it answers.
    """

    name: str
    display_name: str = ""
    context_window: int | None = None
    max_output_tokens: int | None = None
    thinks: bool = False
    capabilities: tuple[str, ...] = ()
