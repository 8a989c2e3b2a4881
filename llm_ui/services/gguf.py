"""The model file of the bundled service: which there are, one more, and another one in use.

Files lie in `DATA_DIR/models`, or in a folder that whoever runs the server names (MODEL_FOLDERS);
of what lies elsewhere nothing is told, not even whether it is there. Loading one takes a
while and may fail: it is a job, and after a failure the file of before is in use again.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, DiskFull, InvalidInput, NotFound, TooLarge
from llm_ui.llm_api import choice
from llm_ui.models import AIProvider
from llm_ui.models.base import new_id
from llm_ui.schemas.jobs import JobItem
from llm_ui.schemas.providers import ModelFile, ModelFiles
from llm_ui.services import arrivals, jobs
from llm_ui.services.monitoring import record
from llm_ui.services.provider_sync import sync_provider
from llm_ui.services.receiving import clean_name

KIND = "model_switch"
ENDING = ".gguf"
MEGABYTE = 1024 * 1024
PIECE = 4 * MEGABYTE
# Files on their way, of all admins together.
AT_ONCE = 2
ARRIVING = "arriving"
PATH_LIMIT = 1000
# A large file from a slow disk; the keeper itself gives up no earlier.
LOADED_WITHIN_S = 660.0
LOOK_EVERY_S = 0.3
# The keeper has to notice a wish; with nobody keeping, nobody does.
NOTICED_WITHIN_S = 30.0
_SAFE = re.compile(r"[^\w.+-]+")

Progress = Callable[..., Awaitable[None]]


def folder() -> Path:
    """Where uploaded model files lie."""
    return get_settings().data_path / "models"


def _require_own() -> None:
    """Raise Conflict where somebody else runs the service."""
    if get_settings().llm_api_url:
        raise Conflict("error.gguf_elsewhere")


# --- looking ------------------------------------------------------------------------------


async def list_files(actor: Actor) -> ModelFiles:
    """The files there are, the one in use among them, and how it is with that.

    Raises:
        NotAllowed: the actor is no admin.
        Conflict: somebody else runs the service (LLM_API_URL).
    """
    require(actor, "administer")
    _require_own()
    return await asyncio.to_thread(_listed)


def _listed() -> ModelFiles:
    news = choice.told(get_settings().data_path)
    usual = get_settings().llm_api_model or ""
    found = [ModelFile("", "", _size(usual), news.path is None, is_usual=True, usual=usual)]
    own = sorted(folder().glob(f"*{ENDING}")) if folder().is_dir() else []
    for path in own:
        if not path.name.startswith(".") and path.is_file():
            is_current = news.path == str(path)
            found.append(ModelFile(path.name, str(path), path.stat().st_size, is_current))
    if news.path and all(not each.is_current for each in found):
        elsewhere = Path(news.path)
        found.append(
            ModelFile(elsewhere.name, news.path, _size(news.path), True, is_elsewhere=True)
        )
    room = arrivals.free_room(_existing(folder()))
    return ModelFiles(found, news.state, news.detail, max(0, room))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size if path else 0
    except OSError:
        return 0


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


# --- bringing and removing ----------------------------------------------------------------


async def receive(
    actor: Actor, name: str, chunks: AsyncIterator[bytes], claimed: int | None = None
) -> ModelFile:
    """Take a model file in: its bytes go to the disk as they come.

    Raises:
        Conflict: somebody else runs the service.
        InvalidInput: no GGUF, empty, or a file of that name is there already.
        TooLarge: larger than a model file may be, or than the disk has room for.
        TooManyRequests: others are on their way.
    """
    require(actor, "administer")
    _require_own()
    target = folder() / _file_name(name)
    if await asyncio.to_thread(target.exists):
        raise InvalidInput("error.gguf_known", field="name", name=target.name)
    largest = get_settings().max_model_gb * 1024 * MEGABYTE
    if claimed is not None and claimed > largest:
        raise _too_large(claimed)
    try:
        # It is the disk's room that they take, so nobody's in particular.
        async with arrivals.arrive(
            folder() / ARRIVING, KIND, claimed, largest=largest, room=2**63, at_once=AT_ONCE
        ) as arrival:
            size = await _write(arrival, chunks)
            await asyncio.to_thread(arrival.path.replace, target)
    except DiskFull:
        raise TooLarge("error.gguf_room") from None
    async with unit_of_work() as session:
        record(session, "admin.gguf_uploaded", target.name, user_id=actor.user_id, bytes=size)
    return ModelFile(target.name, str(target), size)


async def remove_interrupted() -> None:
    """Remove what uploads left that were cut off with their worker."""
    await asyncio.to_thread(arrivals.sweep, folder() / ARRIVING)


def _file_name(name: str) -> str:
    stem = clean_name(name).removesuffix(ENDING)
    return (_SAFE.sub("-", stem).strip("-.")[:150] or "model") + ENDING


def _too_large(size: int) -> TooLarge:
    limit = get_settings().max_model_gb
    if size > limit * 1024 * MEGABYTE:
        return TooLarge("error.gguf_large", limit=limit)
    return TooLarge("error.gguf_room")


async def _write(arrival: arrivals.Arrival, chunks: AsyncIterator[bytes]) -> int:
    file = arrival.file
    size, waiting, head = 0, bytearray(), b""
    async for chunk in chunks:
        size += len(chunk)
        if size > arrival.size:
            raise _too_large(size)
        if len(head) < len(choice.MAGIC):
            # What is no model need not come whole.
            head += chunk[: len(choice.MAGIC) - len(head)]
            if not choice.MAGIC.startswith(head):
                raise InvalidInput("error.gguf_magic", field="file")
        waiting += chunk
        if len(waiting) >= PIECE:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(file.write, bytes(waiting))
    await asyncio.to_thread(file.flush)
    if head != choice.MAGIC:
        raise InvalidInput("error.gguf_magic", field="file")
    return size


async def delete(actor: Actor, name: str) -> None:
    """Remove an uploaded file for good.

    Raises:
        NotFound: there is none of that name.
        Conflict: it is the one in use, or wanted.
    """
    require(actor, "administer")
    _require_own()
    path = folder() / name
    own = await asyncio.to_thread(lambda: sorted(folder().glob(f"*{ENDING}")))
    if path not in own or path.name.startswith("."):
        raise NotFound
    if str(path) in await asyncio.to_thread(_in_use):
        raise Conflict("error.gguf_used")
    await asyncio.to_thread(path.unlink, missing_ok=True)
    async with unit_of_work() as session:
        record(session, "admin.gguf_deleted", name, user_id=actor.user_id)


def _in_use() -> set[str | None]:
    """The file that works, and one that is about to be loaded."""
    data = get_settings().data_path
    news, wish = choice.told(data), choice.wanted(data)
    is_open = news.id != wish.id or news.state == "loading"
    return {news.path, wish.path} if is_open else {news.path}


# --- switching ----------------------------------------------------------------------------


async def switch(session: AsyncSession, actor: Actor, path: str) -> JobItem:
    """Queue the loading of another file; the model of before answers until then.

    Args:
        path: of a GGUF file in one of the folders for models, whole; "" for the usual one.

    Raises:
        InvalidInput: there is no such file there, or it is no GGUF.
        Conflict: somebody else runs the service.
    """
    require(actor, "administer")
    _require_own()
    wish = path.strip()
    if wish:
        wish = await asyncio.to_thread(_checked, wish)
    return await jobs.enqueue(session, actor, KIND, {"path": wish}, key=KIND)


def _checked(wish: str) -> str:
    """The path without detours. Links in a folder are whoever's who may write there."""
    path = Path(os.path.normpath(wish))
    fits = len(wish) <= PATH_LIMIT and "\0" not in wish and path.is_absolute()
    folders = (folder(), *(each.resolve() for each in get_settings().model_folders))
    if not fits or not any(path.is_relative_to(each) for each in folders) or not path.is_file():
        raise InvalidInput("error.gguf_missing", field="path")
    if not choice.is_gguf(path):
        raise InvalidInput("error.gguf_magic", field="path")
    return str(path)


async def load(wish: str, progress: Progress) -> dict[str, Any]:
    """Have the keeper load a file, and the provider's models listed anew; what the job calls.

    Raises:
        Conflict: it could not be loaded (the reason is in its words), or nobody keeps the
            service here.
    """
    data = get_settings().data_path
    name, wish_id = Path(wish).name, new_id()
    await asyncio.to_thread(choice.want, data, choice.Wanted(wish_id, wish or None))
    began = time.monotonic()
    while (news := await asyncio.to_thread(choice.told, data)).id != wish_id or (
        news.state == "loading"
    ):
        waited = time.monotonic() - began
        await progress(min(0.9, waited / 60), "jobs.note.gguf_loading", name=name or "–")
        if waited > (NOTICED_WITHIN_S if news.id != wish_id else LOADED_WITHIN_S):
            raise Conflict("error.gguf_silent")
        await asyncio.sleep(LOOK_EVERY_S)
    await _sync()
    if news.state == "failed":
        raise Conflict("error.gguf_failed", detail=news.detail)
    return {"name": name or "–", "path": wish}


async def go_back() -> None:
    """Nobody wants the file any more that is being loaded: the one of before stays."""
    data = get_settings().data_path
    news = await asyncio.to_thread(choice.told, data)
    await asyncio.to_thread(choice.want, data, choice.Wanted(new_id(), news.path))


async def _sync() -> None:
    async with unit_of_work(writes=False) as session:
        bundled = sa.select(col(AIProvider.id)).where(col(AIProvider.origin) == "bundled")
        provider_id = await session.scalar(bundled)
    if provider_id:
        await sync_provider(provider_id)
