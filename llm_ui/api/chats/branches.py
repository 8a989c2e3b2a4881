"""Single messages of a chat: edits, retries and branches."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from llm_ui.api.chats.chats import (
    MOVING,
    Beside,
    Chat,
    Limit,
    Message,
    MessageList,
    ModelName,
    Sampling,
    Started,
    chat_of,
    message_of,
)
from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.http.responses import KnownOrNull, View
from llm_ui.api.http.strict import Body
from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.services.answers import context, runs
from llm_ui.services.chats import branches, chats, messages

router = APIRouter(prefix="/chats/{chat_id}", tags=["branches"])
STARTS = problems(404, 409)


class RetryBody(Body):
    """Options for a retry. `model` defaults to the chat's model. An image is retried by an image
    model, by default the one that generated it."""

    model: ModelName | None = None
    params: Sampling | None = None


class EditBody(Body):
    """The edited text of a question."""

    content: str
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=64)] = None


class Feedback(Body):
    """Feedback on an answer: 1 for good, -1 for bad, 0 for none."""

    value: Literal[-1, 0, 1]


class Context(View):
    """Estimated tokens of the next request so far, the model's context window (null if unknown),
    and how many of the oldest messages no longer fit and are left out."""

    used_tokens: int = Field(validation_alias="used")
    window_tokens: KnownOrNull = Field(validation_alias="window")
    left_out_messages: int = Field(validation_alias="left_out")


async def _require_in(actor: Actor, chat_id: str, message_id: str) -> None:
    """Raise NotFound unless the message belongs to this chat."""
    async with unit_of_work(writes=False) as session:
        await messages.require_in(session, actor, chat_id, message_id)


@router.get("/messages", responses=problems(404))
async def list_messages(
    chat_id: str,
    actor: Reader,
    before: Beside = None,
    after: Beside = None,
    around: Beside = None,
    limit: Limit = 50,
) -> MessageList:
    """List the newest messages of a chat's active branch. Pass `before`, `after` or `around` (only
    one of them) with a message ID to get the messages just before, just after or around that
    message, which may be on any branch."""
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(
            session, actor, chat_id, limit=limit, before=before, after=after, around=around
        )
    return MessageList(
        items=[message_of(each) for each in view.messages],
        earlier=view.earlier or None,
        later=view.later or None,
    )


@router.get("/messages/{message_id}", responses=problems(404))
async def get_message(chat_id: str, message_id: str, actor: Reader) -> Message:
    """Retrieve a message, on any branch of the chat."""
    async with unit_of_work(writes=False) as session:
        await messages.require_in(session, actor, chat_id, message_id)
        return message_of(await messages.get_view(session, actor, message_id))


@router.post("/messages/{message_id}/retry", status_code=202, responses=STARTS)
async def retry_answer(
    chat_id: str, message_id: str, actor: Changer, body: RetryBody | None = None
) -> Started:
    """Retry an answer. The new answer becomes another version beside the existing one."""
    await _require_in(actor, chat_id, message_id)
    again = body or RetryBody()
    params = again.params.given() if again.params else {}
    return Started.of(await runs.retry(actor, message_id, again.model, params))


@router.post("/messages/{message_id}/continue", status_code=202, responses=STARTS)
async def continue_answer(chat_id: str, message_id: str, actor: Changer) -> Started:
    """Continue an answer that was cut off (stopped, failed or interrupted)."""
    await _require_in(actor, chat_id, message_id)
    return Started.of(await runs.continue_answer(actor, message_id))


@router.post("/messages/{message_id}/edit", status_code=202, responses=STARTS)
async def edit_message(chat_id: str, message_id: str, body: EditBody, actor: Changer) -> Started:
    """Edit a question and ask it again. The original question and everything that followed it
    remain as another branch."""
    await _require_in(actor, chat_id, message_id)
    return Started.of(await runs.edit(actor, message_id, body.content, body.idempotency_key))


@router.post("/messages/{message_id}/show", responses=problems(404))
async def show_branch(chat_id: str, message_id: str, actor: Changer) -> Chat:
    """Switch to the branch of this message. The newest message at its end becomes the end of the
    chat."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        await branches.show(session, actor, message_id)
        return chat_of(await chats.open_chat(session, actor, chat_id))


@router.post("/messages/{message_id}/keep", responses=problems(404, 409))
async def keep_answer(chat_id: str, message_id: str, actor: Changer) -> Chat:
    """Keep this answer of a comparison and continue the chat with it."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        await branches.keep(session, actor, message_id)
        return chat_of(await chats.open_chat(session, actor, chat_id))


@router.post("/messages/{message_id}/fork", status_code=201, responses=problems(404, 409))
async def fork_chat(chat_id: str, message_id: str, actor: Changer, wanted: If) -> Chat:
    """Copy the conversation up to and including this message into a new chat."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        head = await branches.fork(session, actor, message_id)
        made = chat_of(await chats.open_chat(session, actor, head.id))
    wanted.mark(made, MOVING)
    return made


@router.put("/messages/{message_id}/feedback", responses=problems(404))
async def rate_answer(chat_id: str, message_id: str, body: Feedback, actor: Changer) -> Message:
    """Rate an answer as good or bad, or clear its rating."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        await branches.rate(session, actor, message_id, body.value)
        return message_of(await messages.get_view(session, actor, message_id))


@router.get("/context", responses=problems(404))
async def get_context(chat_id: str, actor: Reader) -> Context:
    """Retrieve how much of the model's context window the chat uses."""
    async with unit_of_work(writes=False) as session:
        return Context.of(await context.measure(session, actor, chat_id))
