"""Asking: with the run's address as the answer, or with the run itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.responses import StreamingResponse

from llm_ui.api.chats import Question, Started, started_of
from llm_ui.api.deps import Changer
from llm_ui.api.errors import problems
from llm_ui.api.idempotency import STREAM
from llm_ui.api.runs import place_of, stream_of
from llm_ui.schemas.chats import AskOptions
from llm_ui.services import files, runs

router = APIRouter(prefix="/chats", tags=["chats"])
# How long a question waits for the text of a file that has just been uploaded.
READ_WITHIN_S = 10.0


def wants_stream(accept: str) -> bool:
    """Whether a caller names server-sent events among what it takes."""
    kinds = (each.partition(";")[0].strip().lower() for each in accept.split(","))
    return STREAM in kinds


@router.post(
    "/{chat_id}/messages",
    status_code=202,
    response_model=Started,
    responses={
        200: {"content": {STREAM: {}}, "description": "The run's events"},
        **problems(401, 403, 404, 409, 422),
    },
)
async def ask(
    chat_id: str,
    body: Question,
    actor: Changer,
    response: Response,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Started | StreamingResponse:
    """Ask; the answer is written by a run that you can watch at /runs/{id}/events.

    A file that is still being read is waited for, for up to ten seconds.

    With `Accept: text/event-stream` the run's events come at once, as they do there. `Location`
    says where that is: go on there, with `Last-Event-ID`, should the line be cut. The run goes on
    meanwhile. `Link` has the second run of `also_model`.
    """
    options = AskOptions(
        modes=tuple(body.modes),
        file_ids=tuple(body.file_ids),
        also_model_id=body.also_model or "",
        image_model_id=body.image_model or "",
    )
    await files.until_read(actor, body.file_ids, READ_WITHIN_S)
    asked = await runs.ask(
        actor,
        body.content,
        chat_id=chat_id,
        model_id=body.model,
        key=body.idempotency_key,
        options=options,
    )
    place = {"Location": place_of(asked.run_id)}
    if wants_stream(accept):
        if asked.also_run_id:
            place["Link"] = f'<{place_of(asked.also_run_id)}>; rel="alternate"'
        return await stream_of(actor, asked.run_id, headers=place)
    response.headers.update(place)
    return started_of(asked)
