"""Model files of the built-in service: GGUF files on this server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.requests import ClientDisconnect

from llm_ui.api.http.deps import AdminChanger, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.responses import Paged
from llm_ui.api.http.strict import Body
from llm_ui.api.openapi.document import BINARY
from llm_ui.api.operations.jobs import Job
from llm_ui.db import unit_of_work
from llm_ui.enums import LoadState
from llm_ui.errors import InvalidInput
from llm_ui.schemas.catalogue.providers import ModelFile
from llm_ui.services.catalogue import model_files

router = APIRouter(prefix="/model-files", tags=["admin: model files"])


class ModelFileList(Paged):
    """All files, on one page. `state` is the state of the file selected last (loading, ready or
    failed), and `detail` says why it failed. `room` is the free disk space in bytes."""

    items: list[ModelFile]
    state: LoadState
    detail: str | None
    room: int


class Use(Body):
    """The full path of a GGUF file on the server; null for the default file."""

    path: Annotated[
        str | None, Field(max_length=4000, examples=["/srv/models/qwen3-4b.Q4_K_M.gguf"])
    ]


@router.get("", responses=problems(409))
async def list_model_files(actor: AdminReader) -> ModelFileList:
    """List the model files, including the one in use."""
    found = await model_files.list_files(actor)
    return ModelFileList(
        items=found.files, state=found.state, detail=found.detail or None, room=found.room
    )


@router.post(
    "",
    status_code=201,
    responses=problems(409),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": BINARY}},
        }
    },
)
async def upload_model_file(
    request: Request,
    actor: AdminChanger,
    name: Annotated[
        str, Query(max_length=1000, description="Name to store the file under, ending in .gguf")
    ] = "",
) -> ModelFile:
    """Upload a GGUF file. Send its bytes as the request body; they are streamed to disk."""
    length = request.headers.get("content-length", "")
    claimed = int(length) if length.isdigit() else None
    try:
        return await model_files.receive(actor, name, request.stream(), claimed)
    except ClientDisconnect:
        raise InvalidInput("error.file_cut", field="file") from None


@router.put("/current", status_code=202, responses=problems(409))
async def use_model_file(body: Use, actor: AdminChanger) -> Job:
    """Start a job that makes the built-in service load another file. If the file fails to load, the
    service goes back to the previous one, and the job says why."""
    async with unit_of_work() as session:
        return Job.of(await model_files.switch(session, actor, body.path or ""))


@router.delete("/{name}", status_code=204, responses=problems(404, 409))
async def delete_model_file(name: str, actor: AdminChanger) -> None:
    """Delete an uploaded file permanently."""
    await model_files.delete(actor, name)
