"""Model files of the built-in service: list, upload, delete, and switch to another one.

Files are in `DATA_DIR/models` or in a folder that the operator configures (MODEL_FOLDERS); nothing
is revealed about files elsewhere, not even whether they exist. Loading a file takes a while and may
fail, so it is a job; after a failure, the previous file is used again.
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
from llm_ui.enums import LoadState, ProviderOrigin
from llm_ui.errors import Conflict, DiskFull, InvalidInput, NotFound, TooLarge
from llm_ui.llm_api import chosen_model
from llm_ui.models import AIProvider
from llm_ui.models.base import new_id
from llm_ui.schemas.catalogue.providers import ModelFile, ModelFiles
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue.provider_sync import sync_provider
from llm_ui.services.files import upload_reservations
from llm_ui.services.files.uploads import clean_name
from llm_ui.services.operations import jobs

KIND = "model_switch"
ENDING = ".gguf"
MEGABYTE = 1024 * 1024
PIECE = 4 * MEGABYTE
# Concurrent uploads, of all administrators together.
AT_ONCE = 2
ARRIVING = "arriving"
PATH_LIMIT = 1000
# Enough for a large file on a slow disk, and no shorter than the model keeper's own timeout.
LOADED_WITHIN_S = 660.0
LOOK_EVERY_S = 0.3
# How soon a running model keeper notices a request; if none is running, there is no response.
NOTICED_WITHIN_S = 30.0
_SAFE = re.compile(r"[^\w.+-]+")

Progress = Callable[..., Awaitable[None]]


def folder() -> Path:
    """The folder of uploaded model files."""
    return get_settings().data_path / "models"


def _require_own() -> None:
    """Raise Conflict if the service isn't run by this application."""
    if get_settings().llm_api_url:
        raise Conflict("error.gguf_elsewhere")


# --- reading ------------------------------------------------------------------------------


async def list_files(actor: Actor) -> ModelFiles:
    """The available files, the one in use, and the state of the last switch.

    Raises:
        NotAllowed: the actor is not an administrator.
        Conflict: the service isn't run by this application (LLM_API_URL).
    """
    require(actor, "administer")
    _require_own()
    return await asyncio.to_thread(_listed)


def _listed() -> ModelFiles:
    news = chosen_model.told(get_settings().data_path)
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
    room = upload_reservations.free_room(_existing(folder()))
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


# --- uploading and deleting ---------------------------------------------------------------


async def receive(
    actor: Actor, name: str, chunks: AsyncIterator[bytes], claimed: int | None = None
) -> ModelFile:
    """Receive a model file, written to disk as it arrives.

    Raises:
        Conflict: the service isn't run by this application.
        InvalidInput: not a GGUF file, empty, or a file of that name exists.
        TooLarge: larger than a model file may be, or than the disk has room for.
        TooManyRequests: too many other uploads are in progress.
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
        # It counts against the disk's free space, not against anyone's quota.
        async with upload_reservations.arrive(
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
    """Remove the partial files of uploads that were interrupted with their worker."""
    await asyncio.to_thread(upload_reservations.sweep, folder() / ARRIVING)


def _file_name(name: str) -> str:
    stem = clean_name(name).removesuffix(ENDING)
    return (_SAFE.sub("-", stem).strip("-.")[:150] or "model") + ENDING


def _too_large(size: int) -> TooLarge:
    limit = get_settings().max_model_gb
    if size > limit * 1024 * MEGABYTE:
        return TooLarge("error.gguf_large", limit=limit)
    return TooLarge("error.gguf_room")


async def _write(arrival: upload_reservations.Arrival, chunks: AsyncIterator[bytes]) -> int:
    file = arrival.file
    size, waiting, head = 0, bytearray(), b""
    async for chunk in chunks:
        size += len(chunk)
        if size > arrival.size:
            raise _too_large(size)
        if len(head) < len(chosen_model.MAGIC):
            # Reject what isn't a model as soon as its first bytes have arrived.
            head += chunk[: len(chosen_model.MAGIC) - len(head)]
            if not chosen_model.MAGIC.startswith(head):
                raise InvalidInput("error.gguf_magic", field="file")
        waiting += chunk
        if len(waiting) >= PIECE:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(file.write, bytes(waiting))
    await asyncio.to_thread(file.flush)
    if head != chosen_model.MAGIC:
        raise InvalidInput("error.gguf_magic", field="file")
    return size


async def delete(actor: Actor, name: str) -> None:
    """Permanently delete an uploaded file.

    Raises:
        NotFound: there is no file of that name.
        Conflict: it is in use or about to be.
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
    """The file in use, and one that is about to be loaded."""
    data = get_settings().data_path
    news, wish = chosen_model.told(data), chosen_model.wanted(data)
    is_open = news.id != wish.id or news.state == LoadState.LOADING
    return {news.path, wish.path} if is_open else {news.path}


# --- switching ----------------------------------------------------------------------------


async def switch(session: AsyncSession, actor: Actor, path: str) -> JobItem:
    """Queue a job that loads another file; the previous model answers until then.

    Args:
        path: the absolute path of a GGUF file in one of the model folders; "" for the default one.

    Raises:
        InvalidInput: there is no such file, or it is not a GGUF file.
        Conflict: the service isn't run by this application.
    """
    require(actor, "administer")
    _require_own()
    wish = path.strip()
    if wish:
        wish = await asyncio.to_thread(_checked, wish)
    return await jobs.enqueue(session, actor, KIND, {"path": wish}, key=KIND)


def _checked(wish: str) -> str:
    """The normalized path. Symlinks are allowed, because anyone who can write to a model folder is
    trusted."""
    path = Path(os.path.normpath(wish))
    fits = len(wish) <= PATH_LIMIT and "\0" not in wish and path.is_absolute()
    folders = (folder(), *(each.resolve() for each in get_settings().model_folders))
    if not fits or not any(path.is_relative_to(each) for each in folders) or not path.is_file():
        raise InvalidInput("error.gguf_missing", field="path")
    if not chosen_model.is_gguf(path):
        raise InvalidInput("error.gguf_magic", field="path")
    return str(path)


async def load(wish: str, progress: Progress) -> dict[str, Any]:
    """Have the model keeper load a file, and sync the provider's models. Run by the job.

    Raises:
        Conflict: it could not be loaded (the message says why), or no model keeper is running.
    """
    data = get_settings().data_path
    name, wish_id = Path(wish).name, new_id()
    await asyncio.to_thread(chosen_model.want, data, chosen_model.Wanted(wish_id, wish or None))
    began = time.monotonic()
    while (news := await asyncio.to_thread(chosen_model.told, data)).id != wish_id or (
        news.state == LoadState.LOADING
    ):
        waited = time.monotonic() - began
        await progress(min(0.9, waited / 60), "jobs.note.gguf_loading", name=name or "–")
        if waited > (NOTICED_WITHIN_S if news.id != wish_id else LOADED_WITHIN_S):
            raise Conflict("error.gguf_silent")
        await asyncio.sleep(LOOK_EVERY_S)
    await _sync()
    if news.state == LoadState.FAILED:
        raise Conflict("error.gguf_failed", detail=news.detail)
    return {"name": name or "–", "path": wish}


async def go_back() -> None:
    """Cancel the loading of a file; the previous one stays in use."""
    data = get_settings().data_path
    news = await asyncio.to_thread(chosen_model.told, data)
    await asyncio.to_thread(chosen_model.want, data, chosen_model.Wanted(new_id(), news.path))


async def _sync() -> None:
    async with unit_of_work(writes=False) as session:
        bundled = sa.select(col(AIProvider.id)).where(
            col(AIProvider.origin) == ProviderOrigin.BUNDLED
        )
        provider_id = await session.scalar(bundled)
    if provider_id:
        await sync_provider(provider_id)
