"""Chats and their messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from llm_ui.api.files.files import FileInfo
from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.http.filters import Filters
from llm_ui.api.http.patches import KEPT
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.enums import RunState, SourceState
from llm_ui.schemas.chats.chats import AskOptions, ChatHead, ChatView
from llm_ui.schemas.chats.views import UNKNOWN, MessageView
from llm_ui.services.chats import chat_changes, chats

router = APIRouter(prefix="/chats", tags=["chats"])
Limit = Annotated[int, Query(ge=1, le=200)]
Order = Annotated[
    Literal["asc", "desc"] | None,
    Query(description="Order; defaults to the most recently used first, or to titles from A to Z"),
]
Beside = Annotated[str | None, Query(max_length=64)]
# Fields of a chat that change with its messages.
MOVING = ("updated_at", "messages", "earlier", "later")
# A model's ID, its name, or "provider/name". The longest is both names and the slash.
ModelName = Annotated[str, Field(max_length=301)]


class Sampling(Body):
    """Sampling parameters of an answer. Parameters that the model's provider doesn't accept are not
    sent."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None

    def given(self) -> dict[str, Any]:
        """The parameters that are set."""
        return self.model_dump(exclude_none=True)


class Settings(Sampling):
    """Settings of a chat. Its instructions (`system_prompt`) are added after those of its project;
    with `instructions` set to "replace", they are used instead."""

    system_prompt: str | None = None
    instructions: Literal["add", "replace"] | None = None


class ChatSettings(TypedDict, total=False):
    """The settings of a chat; only those that are set are included."""

    temperature: float
    top_p: float
    max_tokens: int
    stop: list[str]
    seed: int
    reasoning_effort: str
    system_prompt: str
    instructions: Literal["replace"]


class NewChat(Body):
    """A chat to create. `model` is a model's ID, its name, or `provider/name`."""

    model: ModelName
    title: Annotated[str | None, Field(max_length=1000)] = None
    temporary: bool = False
    project_id: Annotated[str | None, Field(max_length=64)] = None
    settings: Settings | None = None


class Question(Body):
    """A message to send. Sending it again with the same `idempotency_key` doesn't start another
    run. Models are specified as for a chat."""

    # May be empty if files are attached.
    content: Annotated[str, Field(examples=["What is a monad?"])] = ""
    model: ModelName | None = None
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    # "thinking" and "browsing"; or just "image", for an image instead of text.
    modes: Annotated[list[Annotated[str, Field(max_length=16)]], Field(max_length=8)] = []
    file_ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=50)] = []
    also_model: ModelName | None = None
    # For "image": a model from /models/images. Defaults to the first one.
    image_model: ModelName | None = None


class ChatChange(Body):
    """Changes to a chat: omit a field to keep it, send null to clear it. A cleared title is
    generated again from the next question. `settings` are merged; `tags` replace all existing
    tags."""

    title: Annotated[str | None, Field(max_length=1000)] = None
    settings: Settings | None = None
    model: Annotated[ModelName | None, KEPT] = None
    pinned: Annotated[bool | None, KEPT] = None
    archived: Annotated[bool | None, KEPT] = None
    project_id: Annotated[str | None, Field(max_length=64)] = None
    tags: Annotated[list[Annotated[str, Field(max_length=200)]] | None, Field(max_length=100)] = (
        None
    )


class Started(View):
    """The run that writes the answer, and the answer's message; with `also_model`, the second run
    too."""

    run_id: str
    message_id: str
    also_run_id: OrNull = None


class ChatSummary(View):
    """A chat in a list."""

    id: str
    title: str
    updated_at: str
    running: bool
    pinned: bool
    archived: bool
    project_id: OrNull
    tags: list[str]


class ChatList(Paged):
    """A page of chats."""

    items: list[ChatSummary]


class ModelRef(BaseModel):
    """A model. `id` is null if the model has been removed."""

    id: str | None
    name: str


class Passages(BaseModel):
    """Which passages of a file were used: `first` to `last`, or a number of them (`used`), out of
    `of` in total."""

    first: int | None = None
    last: int | None = None
    used: int | None = None
    of: int


class Source(BaseModel):
    """A source of an answer, cited in its text as [number]. `problem` says why the source could not
    be read. `part` is set if only a part of the source was used."""

    number: int
    url: str = ""
    title: str = ""
    state: SourceState = SourceState.READ
    problem: str = ""
    part: Passages | None = None


class Message(BaseModel):
    """A message. Unknown counts and times are null; times are in milliseconds.

    The message is number `sibling` of the `siblings` versions at this point of the chat. `pair` is
    1 or 2 for the two answers of a comparison, until one is kept. `feedback` is 1, -1 or 0.

    `run_id` is the latest run that has written the message (/runs/{id}).

    `finish_reason` is why the model stopped: `stop`, `length` (it reached its limit),
    `content_filter`, `pause` (the provider broke off) or `too_long` (the answer reached the maximum
    length). It is null while the answer is being written, and if the model didn't stop by itself.
    `truncated` is true for every finish reason except `stop` and null: the answer is incomplete,
    and can be continued unless the reason is `too_long`.
    """

    id: str
    role: str
    content: str
    reasoning: str
    status: RunState
    error: str | None
    error_code: str | None
    model: ModelRef | None
    run_id: str | None
    time_to_first_token_ms: int | None
    duration_ms: int | None
    tokens_per_second: float | None
    input_tokens: int | None
    output_tokens: int | None
    estimated: bool
    created_at: str
    modes: list[str]
    thinking_ms: int | None
    sources: list[Source]
    files: list[FileInfo]
    sibling: int
    siblings: int
    previous_id: str | None
    next_id: str | None
    pair: int
    feedback: int
    finish_reason: str | None
    truncated: bool


class MessageList(BaseModel):
    """A page of messages, oldest first.

    Pass `earlier` as `before` to get the previous page, or `later` as `after` to get the next one.
    Each is null at its end of the branch.
    """

    items: list[Message]
    earlier: str | None
    later: str | None


class Chat(BaseModel):
    """A chat with the newest messages of its active branch, oldest first.

    Pass `earlier` as `before` to get the previous page of messages, or `later` as `after` to get
    the next one.
    """

    id: str
    title: str
    model: ModelRef | None
    created_at: str
    updated_at: str
    temporary: bool
    settings: ChatSettings
    pinned: bool
    archived: bool
    project_id: str | None
    tags: list[str]
    # The chat that this one was branched from; it may have been deleted since.
    branched_from: str | None
    messages: list[Message]
    earlier: str | None
    later: str | None


def _known(value: float) -> float | None:
    return None if value == UNKNOWN else value


def _count(value: int) -> int | None:
    return None if value == UNKNOWN else value


def model_ref(model_id: str, name: str) -> ModelRef | None:
    """A model as returned by the API, or None if there is no model."""
    return ModelRef(id=model_id or None, name=name) if model_id or name else None


def message_of(view: MessageView) -> Message:
    """A message as returned by the API."""
    return Message(
        id=view.id,
        role=view.role,
        content=view.content,
        reasoning=view.reasoning,
        status=view.status,
        error=view.error or None,
        error_code=view.error_code or None,
        model=model_ref(view.model_id, view.model_name),
        run_id=view.last_run_id or None,
        time_to_first_token_ms=_count(view.ttft_ms),
        duration_ms=_count(view.duration_ms),
        tokens_per_second=_known(view.tokens_per_second),
        input_tokens=_count(view.input_tokens),
        output_tokens=_count(view.output_tokens),
        estimated=view.estimated,
        created_at=view.created_at,
        modes=view.modes,
        thinking_ms=_count(view.thinking_ms),
        sources=[Source.model_validate(each) for each in view.sources],
        files=[FileInfo.of(each) for each in view.files],
        sibling=view.sibling,
        siblings=view.siblings,
        previous_id=view.before_id or None,
        next_id=view.after_id or None,
        pair=view.pair,
        feedback=view.feedback,
        finish_reason=view.finish_reason or None,
        truncated=view.truncated,
    )


def chat_of(view: ChatView) -> Chat:
    """A chat as returned by the API."""
    return Chat(
        **_head(view.head),
        messages=[message_of(each) for each in view.messages],
        earlier=view.earlier or None,
        later=view.later or None,
    )


def _head(head: ChatHead) -> dict[str, Any]:
    return {
        "id": head.id,
        "title": head.title,
        "model": model_ref(head.model_id, head.model_name),
        "created_at": head.created_at,
        "updated_at": head.updated_at,
        "temporary": head.temporary,
        "settings": dict(head.settings),
        "pinned": head.pinned,
        "archived": head.archived,
        "project_id": head.project_id or None,
        "tags": list(head.tags),
        "branched_from": head.branched_from or None,
    }


@router.post("", status_code=201, responses=problems(404, 409))
async def create_chat(body: NewChat, actor: Changer, wanted: If) -> Chat:
    """Create an empty chat."""
    async with unit_of_work() as session:
        options = AskOptions(
            temporary=body.temporary,
            project_id=body.project_id or "",
            settings=body.settings.given() if body.settings else {},
        )
        head = await chats.create_chat(session, actor, body.model, body.title, options)
    made = chat_of(ChatView(head))
    wanted.mark(made, MOVING)
    return made


@router.get("")
async def list_chats(
    actor: Reader,
    filters: Filters,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    sort: chats.ChatSort = "updated_at",
    order: Order = None,
) -> ChatList:
    """List your chats, most recently used first. Without `archived`, archived chats are left
    out."""
    if filters.archived is None:
        filters = replace(filters, archived=False)
    falling = order == "desc" or (order is None and sort == "updated_at")
    async with unit_of_work(writes=False) as session:
        await chats.check_filters(session, actor, filters)
        page = await chats.list_chats(
            session, actor, cursor, limit, filters, sort=sort, falling=falling
        )
    return ChatList.of(page)


@router.get("/{chat_id}", responses=problems(404))
async def get_chat(
    chat_id: str,
    actor: Reader,
    before: Beside = None,
    after: Beside = None,
    around: Beside = None,
    limit: Limit = 200,
    *,
    wanted: If,
) -> Chat:
    """Retrieve a chat with its newest messages. Pass `before`, `after` or `around` (only one of
    them) with a message ID to get the messages just before, just after or around that message,
    which may be on any branch."""
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(
            session, actor, chat_id, limit=limit, before=before, after=after, around=around
        )
    found = chat_of(view)
    wanted.answer(found, MOVING)
    return found


@router.patch("/{chat_id}", responses=problems(404, 409))
async def update_chat(chat_id: str, body: ChatChange, actor: Changer, wanted: If) -> Chat:
    """Update a chat: its title, its settings, the model that answers next, or where it is kept."""
    async with unit_of_work() as session:
        if wanted.guards:
            now = await chats.get_for_change(session, actor, chat_id)
            wanted.require(chat_of(now), MOVING)
        told = body.model_dump(exclude_unset=True)
        await chat_changes.change(session, actor, chat_id, told)
        changed = chat_of(await chats.open_chat(session, actor, chat_id))
    wanted.mark(changed, MOVING)
    return changed


@router.delete("/{chat_id}", status_code=204, responses=problems(404))
async def delete_chat(chat_id: str, actor: Changer, wanted: If) -> None:
    """Delete a chat. You can restore it with `POST …/undelete` for ten minutes."""
    async with unit_of_work() as session:
        if wanted.guards:
            now = await chats.get_for_change(session, actor, chat_id)
            wanted.require(chat_of(now), MOVING)
        await chats.delete_chat(session, actor, chat_id)


@router.post("/{chat_id}/undelete", responses=problems(404))
async def undelete_chat(chat_id: str, actor: Changer) -> Chat:
    """Restore a deleted chat."""
    async with unit_of_work() as session:
        await chats.undo_delete(session, actor, chat_id)
        return chat_of(await chats.open_chat(session, actor, chat_id))
