"""Upload, list, download and delete files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from llm_ui.api.http import forms
from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.openapi.document import BINARY, gives
from llm_ui.db import unit_of_work
from llm_ui.enums import FileKind, FileStatus
from llm_ui.errors import InvalidInput
from llm_ui.services.files import file_texts, files, uploads

router = APIRouter(prefix="/files", tags=["files"])
Limit = Annotated[int, Query(ge=1, le=200)]
# Files are untrusted data: if a browser does open one, nothing in it may run.
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHUT = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    # The content never changes, but only its owner may see it: browsers have to revalidate each
    # time.
    "Cache-Control": "private, no-cache",
}


class FileInfo(View):
    """A file. `status` is waiting (its text is still being read), ready or failed. For a ready
    file, `note` says which parts could not be read, or how the text was read."""

    id: str
    name: str
    size: int
    kind: FileKind
    media_type: str
    status: FileStatus
    error: OrNull
    note: OrNull
    characters: int
    used_in: int
    created_at: str


class FileList(Paged):
    """A page of files, and the storage used by all of your files, in bytes."""

    items: list[FileInfo]
    used: int
    quota: int
    largest: int


class FileText(View):
    """Part of a file's text. `next` is null at the end."""

    text: str
    next: int | None


@router.post(
    "",
    status_code=201,
    responses=problems(415),
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
async def upload_file(
    request: Request,
    actor: Changer,
    name: Annotated[
        str,
        Query(max_length=1000, description="Name of the file; defaults to the name in the form"),
    ] = "",
) -> FileInfo:
    """Upload a file. The request body is either the file's bytes or a form with a single file, as
    sent by `curl -F file=@…`. The form includes the file's name; `name` overrides it. The file type
    is detected from the content."""
    length = request.headers.get("content-length", "")
    claimed = int(length) if length.isdigit() else None
    try:
        if forms.has_form(request):
            form = forms.FormFile(request)
            await form.begin()
            received = await uploads.receive(actor, name or form.name, form.chunks())
        else:
            received = await uploads.receive(actor, name, request.stream(), claimed)
        return FileInfo.of(received)
    except ClientDisconnect:
        raise InvalidInput("error.file_cut", field="file") from None


@router.get("")
async def list_files(
    actor: Reader,
    q: Annotated[str, Query(max_length=200)] = "",
    unused: bool = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> FileList:
    """List your files, newest first. `q` searches their names. Set `unused=true` for files that are
    in no chat and no project."""
    async with unit_of_work(writes=False) as session:
        page = await files.list_files(session, actor, q, cursor, limit, unused=unused)
        room = await files.storage(session, actor)
    return FileList(
        items=[FileInfo.of(each) for each in page.items],
        next_cursor=page.next_cursor,
        used=room.used,
        quota=room.quota,
        largest=room.largest,
    )


@router.get("/{file_id}", responses=problems(404))
async def get_file(file_id: str, actor: Reader) -> FileInfo:
    """Retrieve a file. Poll this while its status is waiting."""
    async with unit_of_work(writes=False) as session:
        return FileInfo.of(await files.get_file(session, actor, file_id))


@router.get(
    "/{file_id}/content",
    response_class=FileResponse,
    responses={
        **gives("application/octet-stream", *IMAGES),
        304: {"description": "Not modified: your copy is current"},
        **problems(404),
    },
)
async def get_file_content(
    file_id: str, actor: Reader, wanted: If, inline: bool = False
) -> FileResponse:
    """Download a file's bytes. With `inline=true`, images are served as images."""
    async with unit_of_work(writes=False) as session:
        found = await files.get_content(session, actor, file_id)
    # A file's bytes never change.
    etag = f'"{file_id}"'
    wanted.spare(etag, SHUT)
    shown = inline and found.kind == FileKind.IMAGE
    return FileResponse(
        found.path,
        media_type=found.media_type if shown else "application/octet-stream",
        filename=found.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={**SHUT, "ETag": etag},
    )


@router.get("/{file_id}/text", responses=problems(404))
async def get_file_text(
    file_id: str, actor: Reader, start: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> FileText:
    """Retrieve a file's text as models receive it. To get the next part, pass `next` as `start`."""
    async with unit_of_work(writes=False) as session:
        found = await file_texts.text_for(session, actor, file_id, start)
    return FileText.of(found)


@router.delete("/{file_id}", status_code=204, responses=problems(404))
async def delete_file(file_id: str, actor: Changer, unused: bool = False) -> None:
    """Delete a file permanently. Questions it was attached to are kept without it. With
    `unused=true`, it is deleted only if no chat and no project uses it."""
    async with unit_of_work() as session:
        await files.delete_file(session, actor, file_id, only_unused=unused)
