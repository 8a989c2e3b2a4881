"""Ask a question: returns the run, or streams its events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.responses import StreamingResponse

from llm_ui.api.answers.runs import place_of, stream_of
from llm_ui.api.chats.chats import Question, Started
from llm_ui.api.http.deps import Changer
from llm_ui.api.http.errors import problems
from llm_ui.api.http.idempotency import STREAM
from llm_ui.schemas.chats.chats import AskOptions
from llm_ui.services.answers import runs
from llm_ui.services.files import files

router = APIRouter(prefix="/chats", tags=["chats"])
# How long to wait for the text of a file that has just been uploaded.
READ_WITHIN_S = 10.0


def wants_stream(accept: str) -> bool:
    """Whether an `Accept` header lists server-sent events."""
    kinds = (each.partition(";")[0].strip().lower() for each in accept.split(","))
    return STREAM in kinds


@router.post(
    "/{chat_id}/messages",
    status_code=202,
    response_model=Started,
    responses={
        200: {"content": {STREAM: {}}, "description": "The run's event stream"},
        **problems(404, 409),
    },
)
async def ask(
    chat_id: str,
    body: Question,
    actor: Changer,
    response: Response,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Started | StreamingResponse:
    """Send a message to a chat. A run writes the answer; stream it from /runs/{id}/events.

    If an attached file is still being read, the call waits up to ten seconds for it.

    With `Accept: text/event-stream`, the response is the run's event stream itself. `Location` is
    the URL of that stream: if the connection drops, resume there with `Last-Event-ID`. The run
    continues in the meantime. With `also_model`, `Link` points to the second run.
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
    return Started.of(asked)
