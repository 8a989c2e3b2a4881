"""Single messages of a chat: other words, other answers, other branches."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from llm_ui.api.chats import (
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
    started_of,
)
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.strict import Body
from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.schemas.views import UNKNOWN
from llm_ui.services import branches, chats, context, messages, runs

router = APIRouter(prefix="/chats/{chat_id}", tags=["branches"])
STARTS = problems(401, 403, 404, 409, 422)


class Again(Body):
    """Another try at an answer, by the chat's model if no other is named; for an image by an
    image model, the same one if no other is named."""

    model: ModelName | None = None
    params: Sampling | None = None


class OtherWords(Body):
    """A question in other words."""

    content: str
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=64)] = None


class Feedback(Body):
    """1 for a good answer, -1 for a bad one, 0 for neither."""

    value: Literal[-1, 0, 1]


class Context(BaseModel):
    """Estimated tokens of the next request so far, the model's window (null if nobody says
    how large it is), and how many of the oldest messages are no longer sent."""

    used_tokens: int
    window_tokens: int | None
    left_out_messages: int


async def _require_in(actor: Actor, chat_id: str, message_id: str) -> None:
    """A message under another chat than its own is no message."""
    async with unit_of_work(writes=False) as session:
        await messages.require_in(session, actor, chat_id, message_id)


@router.get("/messages", responses=problems(401, 404, 422))
async def list_messages(
    chat_id: str,
    actor: Reader,
    before: Beside = None,
    after: Beside = None,
    around: Beside = None,
    limit: Limit = 50,
) -> MessageList:
    """The newest messages of a chat's active branch, or those just before, just after or around
    the message with this id (one of the three), which need not be on that branch."""
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(
            session, actor, chat_id, limit=limit, before=before, after=after, around=around
        )
    return MessageList(
        items=[message_of(each) for each in view.messages],
        earlier=view.earlier or None,
        later=view.later or None,
    )


@router.get("/messages/{message_id}", responses=problems(401, 404))
async def get_message(chat_id: str, message_id: str, actor: Reader) -> Message:
    """One message, on whichever branch it is."""
    async with unit_of_work(writes=False) as session:
        await messages.require_in(session, actor, chat_id, message_id)
        return message_of(await messages.get_view(session, actor, message_id))


@router.post("/messages/{message_id}/retry", status_code=202, responses=STARTS)
async def retry(
    chat_id: str, message_id: str, actor: Changer, body: Again | None = None
) -> Started:
    """Have the question before this answer answered again, beside the answer that is there."""
    await _require_in(actor, chat_id, message_id)
    again = body or Again()
    params = again.params.given() if again.params else {}
    return started_of(await runs.retry(actor, message_id, again.model, params))


@router.post("/messages/{message_id}/continue", status_code=202, responses=STARTS)
async def continue_answer(chat_id: str, message_id: str, actor: Changer) -> Started:
    """Have an answer that was cut off (stopped, failed, interrupted) written on."""
    await _require_in(actor, chat_id, message_id)
    return started_of(await runs.continue_answer(actor, message_id))


@router.post("/messages/{message_id}/edit", status_code=202, responses=STARTS)
async def edit(chat_id: str, message_id: str, body: OtherWords, actor: Changer) -> Started:
    """Ask this question in other words, beside it; what followed it stays as a branch."""
    await _require_in(actor, chat_id, message_id)
    return started_of(await runs.edit(actor, message_id, body.content, body.idempotency_key))


@router.post("/messages/{message_id}/show", responses=problems(401, 403, 404))
async def show(chat_id: str, message_id: str, actor: Changer) -> Chat:
    """Go on with this message's branch: its newest end becomes the chat's."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        await branches.show(session, actor, message_id)
        return chat_of(await chats.open_chat(session, actor, chat_id))


@router.post("/messages/{message_id}/keep", responses=problems(401, 403, 404, 409))
async def keep(chat_id: str, message_id: str, actor: Changer) -> Chat:
    """Of two models' answers side by side, go on with this one."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        await branches.keep(session, actor, message_id)
        return chat_of(await chats.open_chat(session, actor, chat_id))


@router.post("/messages/{message_id}/fork", status_code=201, responses=problems(401, 403, 404, 409))
async def fork(chat_id: str, message_id: str, actor: Changer) -> Chat:
    """Copy the conversation up to this message into a new chat."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        head = await branches.fork(session, actor, message_id)
        return chat_of(await chats.open_chat(session, actor, head.id))


@router.put("/messages/{message_id}/feedback", responses=problems(401, 403, 404, 422))
async def rate(chat_id: str, message_id: str, body: Feedback, actor: Changer) -> Message:
    """Say whether an answer was good."""
    await _require_in(actor, chat_id, message_id)
    async with unit_of_work() as session:
        await branches.rate(session, actor, message_id, body.value)
        return message_of(await messages.get_view(session, actor, message_id))


@router.get("/context", responses=problems(401, 404, 422))
async def measure(chat_id: str, actor: Reader) -> Context:
    """How full the model's window is."""
    async with unit_of_work(writes=False) as session:
        found = await context.measure(session, actor, chat_id)
    return Context(
        used_tokens=found.used,
        window_tokens=None if found.window == UNKNOWN else found.window,
        left_out_messages=found.left_out,
    )
