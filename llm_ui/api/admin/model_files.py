"""Model files of the bundled service: GGUF files on this server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.requests import ClientDisconnect

from llm_ui.api.answers import Paged
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.jobs import Job, job_of
from llm_ui.api.openapi import BINARY
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.schemas.providers import ModelFile
from llm_ui.services import gguf

router = APIRouter(prefix="/model-files", tags=["admin: model files"])


class ModelFileList(Paged):
    """The files, all on one page. `state` says how it went with the one that was wanted last:
    loading, ready or failed, and `detail` why. `room` is what the disk takes, in bytes."""

    items: list[ModelFile]
    state: str
    detail: str | None
    room: int


class Use(Body):
    """A GGUF file on the server by its whole path; null for the usual one."""

    path: Annotated[
        str | None, Field(max_length=4000, examples=["/srv/models/qwen3-4b.Q4_K_M.gguf"])
    ]


@router.get("", responses=problems(401, 403, 409))
async def list_model_files(actor: AdminReader) -> ModelFileList:
    """The files there are; the one that is in use among them."""
    found = await gguf.list_files(actor)
    return ModelFileList(
        items=found.files, state=found.state, detail=found.detail or None, room=found.room
    )


@router.post(
    "",
    status_code=201,
    responses=problems(401, 403, 409, 413, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": BINARY}},
        }
    },
)
async def upload_model_file(
    request: Request, actor: AdminChanger, name: Annotated[str, Query(max_length=1000)] = ""
) -> ModelFile:
    """Upload a GGUF file: the body is its bytes, which go to the disk as they come."""
    length = request.headers.get("content-length", "")
    claimed = int(length) if length.isdigit() else None
    try:
        return await gguf.receive(actor, name, request.stream(), claimed)
    except ClientDisconnect:
        raise InvalidInput("error.file_cut", field="file") from None


@router.put("/current", status_code=202, responses=problems(401, 403, 409, 422))
async def use_model_file(body: Use, actor: AdminChanger) -> Job:
    """Have the bundled service load another file. It is a job; if the file does not load, the
    one of before is in use again, and the job says why."""
    async with unit_of_work() as session:
        return job_of(await gguf.switch(session, actor, body.path or ""))


@router.delete("/{name}", status_code=204, responses=problems(401, 403, 404, 409))
async def delete_model_file(name: str, actor: AdminChanger) -> None:
    """Remove an uploaded file for good."""
    await gguf.delete(actor, name)
