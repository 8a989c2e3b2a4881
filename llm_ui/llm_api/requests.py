"""Request bodies of the service: validation and limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from llm_ui.enums import MessageRole
from llm_ui.errors import InvalidInput, one_line
from llm_ui.wire.events import ChatRequest, PromptMessage, Sampling

MAX_BODY_BYTES = 4_000_000
MAX_MESSAGES = 2_000
MAX_TOKENS = 8_192
# Small models may never stop on their own.
DEFAULT_MAX_TOKENS = 1_024

_Text = Annotated[str, StringConstraints(max_length=1_000_000)]


class Message(BaseModel):
    """One turn."""

    role: MessageRole
    content: _Text


class ChatBody(BaseModel):
    """The body of /v1/chat and /v1/chat/stream; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, StringConstraints(max_length=200)] = ""
    messages: list[Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    stop: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] | None = Field(
        default=None, max_length=16
    )
    seed: int | None = Field(default=None, ge=0, lt=2**32)

    def request(self) -> ChatRequest:
        """The engine's request, with a default limit if none was given."""
        return ChatRequest(
            model=self.model,
            messages=tuple(PromptMessage(m.role, m.content) for m in self.messages),
            sampling=Sampling(
                temperature=self.temperature,
                top_p=self.top_p,
                max_tokens=min(self.max_tokens or DEFAULT_MAX_TOKENS, MAX_TOKENS),
                stop=tuple(self.stop) if self.stop else None,
                seed=self.seed,
            ),
        )


def parse_body(raw: bytes) -> ChatRequest:
    """Parse a request body.

    Raises:
        InvalidInput: `params["detail"]` says which field is invalid and why.
    """
    try:
        return ChatBody.model_validate_json(raw).request()
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        detail = one_line(f"{field or 'the body'}: {problem['msg']}")
        raise InvalidInput("error.invalid_input", field=field, detail=detail) from None
