"""Files: uploading, listing, downloading, deleting."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from llm_ui.api import forms
from llm_ui.api.answers import Paged
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.etags import If
from llm_ui.api.openapi import BINARY, gives
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.schemas.files import FileItem
from llm_ui.services import file_texts, files, receiving

router = APIRouter(prefix="/files", tags=["files"])
Limit = Annotated[int, Query(ge=1, le=200)]
# A file is data: should a browser open one all the same, it may do nothing there.
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHUT = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    # The same for ever, but only for whoever is signed in: a browser asks each time.
    "Cache-Control": "private, no-cache",
}


class FileInfo(BaseModel):
    """A file. `status` is waiting (its text is being read), ready or failed; `note` says what
    of a file that is ready could not be read, or how it was."""

    id: str
    name: str
    size: int
    kind: Literal["text", "image"]
    media_type: str
    status: Literal["waiting", "ready", "failed"]
    error: str | None
    note: str | None
    characters: int
    used_in: int
    created_at: str


class FileList(Paged):
    """A page of files, and the room that all of them take, in bytes."""

    items: list[FileInfo]
    used: int
    quota: int
    largest: int


class FileText(BaseModel):
    """A stretch of a file's text; `next` is null at its end."""

    text: str
    next: int | None


def file_of(item: FileItem) -> FileInfo:
    """A file as its answer."""
    return FileInfo(
        id=item.id,
        name=item.name,
        size=item.size,
        kind=item.kind,
        media_type=item.media_type,
        status=item.status,
        error=item.error or None,
        note=item.note or None,
        characters=item.characters,
        used_in=item.used_in,
        created_at=item.created_at,
    )


@router.post(
    "",
    status_code=201,
    responses=problems(401, 403, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": BINARY},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": BINARY},
                    }
                },
            },
        }
    },
)
async def upload(
    request: Request, actor: Changer, name: Annotated[str, Query(max_length=1000)] = ""
) -> FileInfo:
    """Upload a file: the body is its bytes, or a form with one file in it (`curl -F file=@…`),
    which has its name along; `name` goes before that. What it is, is found out from its
    content."""
    length = request.headers.get("content-length", "")
    claimed = int(length) if length.isdigit() else None
    try:
        if forms.has_form(request):
            form = forms.FormFile(request)
            await form.begin()
            received = await receiving.receive(actor, name or form.name, form.chunks())
        else:
            received = await receiving.receive(actor, name, request.stream(), claimed)
        return file_of(received)
    except ClientDisconnect:
        raise InvalidInput("error.file_cut", field="file") from None


@router.get("", responses=problems(401, 422))
async def list_files(
    actor: Reader,
    q: Annotated[str, Query(max_length=200)] = "",
    unused: bool = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> FileList:
    """Your files, the newest first; `q` looks in their names. With `unused=true` those that no
    chat and no project has."""
    async with unit_of_work(writes=False) as session:
        page = await files.list_files(session, actor, q, cursor, limit, unused=unused)
        room = await files.storage(session, actor)
    return FileList(
        items=[file_of(each) for each in page.items],
        next_cursor=page.next_cursor,
        used=room.used,
        quota=room.quota,
        largest=room.largest,
    )


@router.get("/{file_id}", responses=problems(401, 404))
async def get_file(file_id: str, actor: Reader) -> FileInfo:
    """One file as it is now: ask again while it is waiting."""
    async with unit_of_work(writes=False) as session:
        return file_of(await files.get_file(session, actor, file_id))


@router.get(
    "/{file_id}/content",
    response_class=FileResponse,
    responses={
        **gives("application/octet-stream", *IMAGES),
        304: {"description": "Not Modified: what you have is still yours to see"},
        **problems(401, 404),
    },
)
async def get_file_content(
    file_id: str, actor: Reader, wanted: If, inline: bool = False
) -> FileResponse:
    """The bytes, as a download; images with `inline=true` as images."""
    async with unit_of_work(writes=False) as session:
        found = await files.get_content(session, actor, file_id)
    # A file keeps its bytes for good.
    etag = f'"{file_id}"'
    wanted.spare(etag, SHUT)
    shown = inline and found.kind == "image"
    return FileResponse(
        found.path,
        media_type=found.media_type if shown else "application/octet-stream",
        filename=found.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={**SHUT, "ETag": etag},
    )


@router.get("/{file_id}/text", responses=problems(401, 404, 422))
async def get_text(
    file_id: str, actor: Reader, start: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> FileText:
    """What was read in a file, as models get it; `next` is the `start` of what follows."""
    async with unit_of_work(writes=False) as session:
        found = await file_texts.text_for(session, actor, file_id, start)
    return FileText(text=found.text, next=found.next)


@router.delete("/{file_id}", status_code=204, responses=problems(401, 403, 404))
async def delete_file(file_id: str, actor: Changer, unused: bool = False) -> None:
    """Delete a file for good; questions it was attached to stay, without it. With
    `unused=true` it goes only if no chat and no project has it."""
    async with unit_of_work() as session:
        await files.delete_file(session, actor, file_id, only_unused=unused)
