"""Export one chat as a file."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from llm_ui.api.http.deps import Reader
from llm_ui.api.http.errors import problems
from llm_ui.services.accounts import export

router = APIRouter(prefix="/chats", tags=["chats"])


@router.get(
    "/{chat_id}/export",
    response_class=StreamingResponse,
    responses={
        **problems(404),
        200: {
            "description": "The file",
            "content": {
                export.MEDIA_TYPES["markdown"]: {"schema": {"type": "string"}},
                export.MEDIA_TYPES["json"]: {"schema": {"type": "object"}},
            },
        },
    },
)
async def export_chat(
    chat_id: str,
    actor: Reader,
    form: Annotated[Literal["markdown", "json"], Query(alias="format")] = "markdown",
) -> StreamingResponse:
    """Export a chat: the active branch as Markdown, or all branches as JSON."""
    name, content = await export.one_chat(actor, chat_id, form)
    # Not every client understands the second form (`filename*`).
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, media_type=export.MEDIA_TYPES[form], headers=headers)
