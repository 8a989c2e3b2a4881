"""What may be written of a model or a type, and what the form of a model means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.errors import InvalidInput
from llm_ui.models import AIModel, MediaModel
from llm_ui.schemas.models import ModelDraft
from llm_ui.security import names
from llm_ui.security.text import storable
from llm_ui.services import chat_settings
from llm_ui.services.modes import THINKING
from llm_ui.services.vision import VISION

NAME_LIMIT = 200
DESCRIPTION_LIMIT = 1000
TYPE_NAME_LIMIT = 40
TYPE_DESCRIPTION_LIMIT = 500
LARGEST = 100_000_000
VISIBILITIES = ("everyone", "admins", "chosen")
# What the application knows to make use of.
CAPABILITIES = (THINKING, VISION)
# Names of icons that the pages know how to draw.
ICONS = (
    "message-circle", "brain", "eye", "code", "scan-search", "bot", "sparkles", "zap",
    "cpu", "globe", "book-open", "flask-conical", "graduation-cap", "lightbulb", "languages",
    "star",
)  # fmt: skip
# Whole numbers, their thousands apart in any country's way; half a token there is not.
_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:[.,'\u2019\u00a0\u202f ][0-9]{3}){1,2}")


def clean_line(text: str, field: str, limit: int, *, key: str = "error.model_name_long") -> str:
    """A text on one line, which may be empty. Raises InvalidInput."""
    cleaned = " ".join(storable(text).split())
    if len(cleaned) > limit:
        raise InvalidInput(key, field=field, limit=limit)
    return cleaned


def clean_shown(text: str, field: str, limit: int) -> str:
    """A name that people see, in one form, all of it to be seen; it may be empty. Raises
    InvalidInput."""
    cleaned = clean_line(names.one_form(text), field, limit)
    if not names.is_visible(cleaned):
        raise InvalidInput("error.name_unseen", field=field)
    return cleaned


async def check_alike(session: AsyncSession, name: str, of: str) -> None:
    """Raise InvalidInput if another model than `of` has a name that reads like this one and is
    not it: the same model of two providers may have the same name."""
    for table in (AIModel, MediaModel):
        query = sa.select(col(table.display_name)).where(col(table.id) != of).distinct()
        for other in await session.scalars(query):
            if names.look_alike(name, other):
                raise InvalidInput("error.name_alike", field="display_name", name=other)


def clean_text(text: str, field: str, limit: int) -> str:
    """A text of several lines. Raises InvalidInput."""
    cleaned = storable(text).strip()
    if len(cleaned) > limit:
        raise InvalidInput("error.model_text_long", field=field, limit=limit)
    return cleaned


def clean_icon(icon: str) -> str:
    """One of ICONS, or "" for none. Raises InvalidInput."""
    if icon and icon not in ICONS:
        raise InvalidInput("error.model_icon", field="icon")
    return icon


def clean_size(tokens: int, field: str) -> int | None:
    """A number of tokens; None for 0. Raises InvalidInput."""
    if not 0 <= tokens <= LARGEST:
        raise InvalidInput("error.model_tokens", field=field)
    return tokens or None


def clean_capabilities(given: Iterable[str]) -> list[str]:
    """Capabilities in the order of CAPABILITIES. Raises InvalidInput for one that is none."""
    found = set(given)
    if not found <= set(CAPABILITIES):
        raise InvalidInput("error.request_invalid", field="capabilities")
    return [each for each in CAPABILITIES if each in found]


def clean_params(given: Mapping[str, Any], provider_type: str) -> dict[str, Any]:
    """Parameters that this type of provider takes, in their ranges. Raises InvalidInput."""
    if unknown := set(given) - set(chat_settings.accepted_by(provider_type)):
        raise InvalidInput("error.model_param", field=sorted(unknown)[0])
    return chat_settings.clean(given)


def clean_visibility(visibility: str) -> str:
    """One of VISIBILITIES. Raises InvalidInput."""
    if visibility not in VISIBILITIES:
        raise InvalidInput("error.request_invalid", field="visibility")
    return visibility


# --- a form's texts -----------------------------------------------------------------------


def _size(text: str, field: str) -> int:
    typed = text.strip()
    if not typed:
        return 0
    if not _WHOLE.fullmatch(typed):
        raise InvalidInput("error.model_tokens", field=field)
    tokens = int(re.sub(r"\D", "", typed))
    if tokens == 0:
        raise InvalidInput("error.model_tokens", field=field)
    return tokens


def _place(text: str) -> int | None:
    typed = text.strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 6 or int(typed) == 0:
        raise InvalidInput("error.model_place", field="place")
    return int(typed)


def draft_from_form(fields: Mapping[str, str], accepts: Iterable[str]) -> ModelDraft:
    """What a model's form says; boxes that are ticked are there, others are not.

    Args:
        fields: display_name, description, icon, type_id, context_window, longest, place,
            visibility, prompt; the default parameters under their names; can_<capability>.
        accepts: the parameters that the provider takes.

    Raises:
        InvalidInput: names the field.
    """
    params = chat_settings.from_form({name: fields.get(name, "") for name in accepts})
    return ModelDraft(
        display_name=fields.get("display_name", ""),
        description=fields.get("description", ""),
        icon=fields.get("icon", ""),
        type_id=fields.get("type_id", ""),
        context_window=_size(fields.get("context_window", ""), "context_window"),
        max_tokens=_size(fields.get("longest", ""), "longest"),
        capabilities=[each for each in CAPABILITIES if f"can_{each}" in fields],
        params=params,
        system_prompt=fields.get("prompt", ""),
        visibility=fields.get("visibility", "everyone"),
        place=_place(fields.get("place", "")),
    )
