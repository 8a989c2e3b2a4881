"""The data that pages show: plain data that is used in states and, as JSON, in REST.

Unknown numbers are -1 and texts that don't apply are empty, so that the browser needs no optional
types. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from llm_ui.enums import MessageRole, ProviderStatus, RunState
from llm_ui.schemas.files.files import FileItem

T = TypeVar("T")

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class ChatItem:
    """A chat in a list. `heading` is set on the first chat of each date group."""

    id: str
    title: str
    heading: str = ""
    updated_at: str = ""
    running: bool = False
    pinned: bool = False
    archived: bool = False
    project_id: str = ""
    tags: list[str] = field(default_factory=list)
    branched: bool = False


@dataclass(frozen=True, slots=True)
class DoneView:
    """The last action on a chat, which can be undone.

    `kind` is "deleted", "archived", "moved" or "" for nothing; `project` is where it was moved to.
    """

    kind: str = ""
    chat_id: str = ""
    title: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message and, for an answer, its statistics.

    It is number `sibling` of `siblings` in its place; `before_id` and `after_id` are its neighbors
    there. `pair` is 1 or 2 for the answers of a comparison until one is kept. `feedback` is 1, -1
    or 0. `run_id` is the run that is writing it now; `last_run_id` is the newest run, even if it
    has ended. `finish_reason` is why the model stopped (see models/chats.py); `truncated` is set if
    it had not finished by then.
    """

    id: str
    role: MessageRole
    content: str
    reasoning: str = ""
    status: RunState = RunState.DONE
    error: str = ""
    error_code: str = ""
    model_name: str = ""
    model_id: str = ""
    run: int = 0
    run_id: str = ""
    last_run_id: str = ""
    ttft_ms: int = UNKNOWN
    tokens_per_second: float = UNKNOWN
    duration_ms: int = UNKNOWN
    input_tokens: int = UNKNOWN
    output_tokens: int = UNKNOWN
    estimated: bool = False
    created_at: str = ""
    modes: list[str] = field(default_factory=list)
    # Objects with number, url, title, state (read or failed) and problem.
    sources: list[dict[str, Any]] = field(default_factory=list)
    thinking_ms: int = UNKNOWN
    files: list[FileItem] = field(default_factory=list)
    # The prompt of a generated image, as its alternative text.
    prompt: str = ""
    sibling: int = 1
    siblings: int = 1
    before_id: str = ""
    after_id: str = ""
    pair: int = 0
    feedback: int = 0
    finish_reason: str = ""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ModelItem:
    """A model that the user can choose.

    `accepts` names the chat settings that its provider accepts, `defaults` has those set by an
    administrator, as text.
    `instructed`: it has instructions of its own, for chats without any.
    """

    id: str
    name: str
    provider: str
    description: str = ""
    icon: str = "message-circle"
    available: bool = True
    thinks: bool = False
    sees: bool = False
    accepts: list[str] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)
    instructed: bool = False


@dataclass(frozen=True, slots=True)
class ImageModelItem:
    """An image model, as a choice."""

    id: str
    name: str
    provider: str


@dataclass(frozen=True, slots=True)
class SettingsView:
    """A chat's settings as shown in the form: texts, empty if not set."""

    system_prompt: str = ""
    temperature: str = ""
    top_p: str = ""
    max_tokens: str = ""
    stop: str = ""
    seed: str = ""
    reasoning_effort: str = ""
    instructions: str = "add"
    count: int = 0


@dataclass(frozen=True, slots=True)
class InstructionsView:
    """The instructions that a chat has besides its own.

    They are the name and instructions of its project, and whether the user has a default prompt.
    """

    project: str = ""
    text: str = ""
    prompted: bool = False


@dataclass(frozen=True, slots=True)
class ContextView:
    """How full the context window is.

    The estimated tokens of the next request so far, the window (UNKNOWN if the model's isn't
    known), and how many messages no longer fit.
    """

    used: int = 0
    window: int = UNKNOWN
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in micro-units (millionths) of the currency."""

    currency: str = "USD"
    micro: int = 0


@dataclass(frozen=True, slots=True)
class DashboardView:
    """The counts on the dashboard of administrators; "today" is the UTC day."""

    users: int = 0
    active_users_today: int = 0
    chats: int = 0
    messages: int = 0
    running: int = 0
    answers_today: int = 0
    input_tokens_today: int = 0
    output_tokens_today: int = 0
    # Errors in the log, regardless of their cause; failed answers are counted separately.
    errors_today: int = 0
    failed_answers_today: int = 0
    online: int = 0
    waiting: int = 0
    # Output tokens per second, of the answers that ended in the last minute.
    tokens_per_second: float = 0
    # Objects with currency and micro (millionths of its unit), largest first.
    cost_today: list[Cost] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """A provider's last known health.

    `status` is ok, down or unknown; `reason` is one of wire.failures.REASONS, "" for none.
    """

    name: str
    type: str
    status: ProviderStatus = ProviderStatus.UNKNOWN
    models: int = 0
    reason: str = ""
    detail: str = ""
    latency_ms: int = UNKNOWN


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `next_cursor` is None on the last one."""

    items: list[T] = field(default_factory=list)
    next_cursor: str | None = None
