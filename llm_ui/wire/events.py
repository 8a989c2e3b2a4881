"""The typed events of a model's answer, and the request that asks for one.

An adapter yields any number of Token and Reasoning, at most one Usage, and one
Done as its last event. Whatever goes wrong is raised as a `ProviderError`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from llm_ui.wire.finish import FinishReason

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer's text, never empty; not always one token."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking, never empty, not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the upstream gave them; None where it gave none.

    Whatever the upstream does, cached tokens are part of the input here and reasoning tokens
    part of the output. OpenAI and most who speak like it count so themselves; xAI counts
    reasoning beside the output, Anthropic what its cache gave beside the input, and neither
    it nor Ollama says how much of the output was thinking.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The upstream said that the answer is complete."""

    finish_reason: FinishReason = "stop"


StreamEvent = Token | Reasoning | Usage | Done


@dataclass(frozen=True, slots=True)
class Via:
    """Which of a provider's addresses is being asked; only where there are several."""

    address: str


@dataclass(frozen=True, slots=True)
class PromptImage:
    """An image of a turn; its bytes stay out of the representation and so out of logs."""

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
    """One turn of the prompt; `images` only for models that see. `message_id` is the
    message that it was made of, if it was made of one."""

    role: Role
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
        """Only what is set, under the names that the LLM API and OpenAI share."""
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
    """What is asked of a model: its upstream name, the turns, the sampling.

    `thinking` says whether it is to think first; None for a model that cannot be told.
    """

    model: str
    messages: tuple[PromptMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    thinking: bool | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds an upstream may take: to connect, to the first token, between two
    pieces, and for the whole answer."""

    connect: float = 10.0
    first_token: float = 120.0
    silence: float = 60.0
    total: float = 3600.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its provider lists it. `context_window` is in tokens; `capabilities` is
    what the provider says it can do beside chatting: vision, …

    `thinks`: one can ask it to think before it answers.
    """

    name: str
    display_name: str = ""
    context_window: int | None = None
    max_output_tokens: int | None = None
    thinks: bool = False
    capabilities: tuple[str, ...] = ()
