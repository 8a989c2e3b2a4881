"""Chats and their messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from llm_ui.api.answers import Paged
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.etags import If
from llm_ui.api.files import FileInfo, file_of
from llm_ui.api.filters import Filters
from llm_ui.api.patches import KEPT
from llm_ui.api.strict import Body
from llm_ui.db import in_unit_of_work, unit_of_work
from llm_ui.schemas.chats import Asked, AskOptions, ChatHead, ChatView
from llm_ui.schemas.views import UNKNOWN, MessageView
from llm_ui.services import chat_changes, chats

router = APIRouter(prefix="/chats", tags=["chats"])
Limit = Annotated[int, Query(ge=1, le=200)]
Beside = Annotated[str | None, Query(max_length=64)]
# What of a chat moves with its messages.
MOVING = ("updated_at", "messages", "earlier", "later")
# The id of a model, its name, or "provider/name": the longest of each, and the stroke.
ModelName = Annotated[str, Field(max_length=301)]


class Sampling(Body):
    """Parameters of an answer. What the model's provider does not take is not sent."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None

    def given(self) -> dict[str, Any]:
        """What is set."""
        return self.model_dump(exclude_none=True)


class Settings(Sampling):
    """What may be set for a chat. Its instructions (`system_prompt`) come behind those of its
    project; with `instructions` "replace" they take their place."""

    system_prompt: str | None = None
    instructions: Literal["add", "replace"] | None = None


class NewChat(Body):
    """A chat to make; `model` is the id of a model, its name, or `provider/name`."""

    model: ModelName
    title: Annotated[str | None, Field(max_length=1000)] = None
    temporary: bool = False
    project_id: Annotated[str | None, Field(max_length=64)] = None
    settings: Settings | None = None


class Question(Body):
    """A message to send. With an `idempotency_key` a second send starts nothing new. Models are
    named as for a chat."""

    # May be empty where files are sent along.
    content: Annotated[str, Field(examples=["What is a monad?"])] = ""
    model: ModelName | None = None
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    # "thinking" and "browsing"; or "image", alone, for an image instead of words.
    modes: Annotated[list[Annotated[str, Field(max_length=16)]], Field(max_length=8)] = []
    file_ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=50)] = []
    also_model: ModelName | None = None
    # For "image": one of /models/images; the first of them without one.
    image_model: ModelName | None = None


class ChatChange(Body):
    """What may be changed of a chat: what is left out stays, null clears. Without a title of
    yours it gets one from the next question; `settings` are merged; `tags` are all of them."""

    title: Annotated[str | None, Field(max_length=1000)] = None
    settings: Settings | None = None
    model: Annotated[ModelName | None, KEPT] = None
    pinned: Annotated[bool | None, KEPT] = None
    archived: Annotated[bool | None, KEPT] = None
    project_id: Annotated[str | None, Field(max_length=64)] = None
    tags: Annotated[list[Annotated[str, Field(max_length=200)]] | None, Field(max_length=100)] = (
        None
    )


class Started(BaseModel):
    """The run that answers, and the message it writes; with `also_model` the second run."""

    run_id: str
    message_id: str
    also_run_id: str | None = None


class ChatSummary(BaseModel):
    """A chat in a list."""

    id: str
    title: str
    updated_at: str
    running: bool
    pinned: bool
    archived: bool
    project: str | None
    tags: list[str]


class ChatList(Paged):
    """A page of chats."""

    items: list[ChatSummary]


class ModelRef(BaseModel):
    """A model; `id` is null when it has been removed since."""

    id: str | None
    name: str


class Passages(BaseModel):
    """Which passages of a file were used: from `first` to `last`, or as many as `used`, of
    all `of`."""

    first: int | None = None
    last: int | None = None
    used: int | None = None
    of: int


class Source(BaseModel):
    """What an answer rests on, cited in it as [number]; `problem` says why it was not read.
    `part` if only a part of it was used."""

    number: int
    url: str = ""
    title: str = ""
    state: str = "read"
    problem: str = ""
    part: Passages | None = None


class Message(BaseModel):
    """A message. Counts and times that are not known are null; times are milliseconds.

    It is number `sibling` of `siblings` that begin a branch at its place. `pair` is 1 or 2
    for two models' answers side by side until one is kept, `feedback` 1, -1 or 0.

    `run_id` is the run that writes or has written it last (/runs/{id}).

    `finish_reason` is why the model stopped: `stop`, `length` (its limit), `content_filter`,
    `pause` (the provider broke off) or `too_long` (no answer may be longer); null while it
    writes and where it did not stop by itself. `truncated` with all but `stop` and null: the
    answer is not whole, and can be continued unless it is `too_long`.
    """

    id: str
    role: str
    content: str
    reasoning: str
    status: str
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

    `earlier` goes into `before` to get the page before it, `later` into `after` to get the
    one after it; null at either end.
    """

    items: list[Message]
    earlier: str | None
    later: str | None


class Chat(BaseModel):
    """A chat with the newest messages of its active branch, oldest first.

    `earlier` goes into `before` to get the page of messages before these, `later` into
    `after` to get the one after them.
    """

    id: str
    title: str
    model: ModelRef | None
    created_at: str
    updated_at: str
    temporary: bool
    settings: dict[str, Any]
    pinned: bool
    archived: bool
    project_id: str | None
    tags: list[str]
    # The chat that this one was copied from; it may be gone by now.
    branched_from: str | None
    messages: list[Message]
    earlier: str | None
    later: str | None


def _known(value: float) -> float | None:
    return None if value == UNKNOWN else value


def _count(value: int) -> int | None:
    return None if value == UNKNOWN else value


def model_ref(model_id: str, name: str) -> ModelRef | None:
    """A model as it is answered, if there is one."""
    return ModelRef(id=model_id or None, name=name) if model_id or name else None


def message_of(view: MessageView) -> Message:
    """A message as it is answered."""
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
        files=[file_of(each) for each in view.files],
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
    """A chat as it is answered."""
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


def started_of(asked: Asked) -> Started:
    """What has been started, as it is answered."""
    return Started(
        run_id=asked.run_id, message_id=asked.message_id, also_run_id=asked.also_run_id or None
    )


@router.post("", status_code=201, responses=problems(401, 403, 404, 409, 422))
async def create_chat(body: NewChat, actor: Changer) -> Chat:
    """An empty chat."""
    async with unit_of_work() as session:
        options = AskOptions(
            temporary=body.temporary,
            project_id=body.project_id or "",
            settings=body.settings.given() if body.settings else {},
        )
        head = await chats.create_chat(session, actor, body.model, body.title, options)
    return chat_of(ChatView(head))


@router.get("", responses=problems(401, 422))
async def list_chats(
    actor: Reader,
    filters: Filters,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> ChatList:
    """Your chats, the last used first; without `archived` only those that are not."""
    if filters.archived is None:
        filters = replace(filters, archived=False)
    async with unit_of_work(writes=False) as session:
        page = await chats.list_chats(session, actor, cursor, limit, filters)
    items = [
        ChatSummary(
            id=c.id,
            title=c.title,
            updated_at=c.updated_at,
            running=c.running,
            pinned=c.pinned,
            archived=c.archived,
            project=c.project_id or None,
            tags=c.tags,
        )
        for c in page.items
    ]
    return ChatList(items=items, next_cursor=page.next_cursor)


@router.get("/{chat_id}", responses=problems(401, 404, 422))
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
    """A chat with its newest messages, or with those just before, just after or around the
    message with this id (one of the three), which need not be on the active branch."""
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(
            session, actor, chat_id, limit=limit, before=before, after=after, around=around
        )
    found = chat_of(view)
    wanted.answer(found, MOVING)
    return found


@router.patch("/{chat_id}", responses=problems(401, 403, 404, 409, 422))
async def change_chat(chat_id: str, body: ChatChange, actor: Changer, wanted: If) -> Chat:
    """Change a chat: its title, its settings, who answers next, where it is kept."""
    async with unit_of_work() as session:
        if wanted.guards:
            now = await chats.get_for_change(session, actor, chat_id)
            wanted.require(chat_of(now), MOVING)
        told = body.model_dump(exclude_unset=True)
        await chat_changes.change(session, actor, chat_id, told)
        changed = chat_of(await chats.open_chat(session, actor, chat_id))
    wanted.mark(changed, MOVING)
    return changed


@router.delete("/{chat_id}", status_code=204, responses=problems(401, 403, 404))
async def delete_chat(chat_id: str, actor: Changer) -> None:
    """Delete a chat; `POST …/undelete` brings it back for ten minutes."""
    await in_unit_of_work(lambda session: chats.delete_chat(session, actor, chat_id))


@router.post("/{chat_id}/undelete", responses=problems(401, 403, 404))
async def undelete_chat(chat_id: str, actor: Changer) -> Chat:
    """Bring a deleted chat back."""
    async with unit_of_work() as session:
        await chats.undo_delete(session, actor, chat_id)
        return chat_of(await chats.open_chat(session, actor, chat_id))
