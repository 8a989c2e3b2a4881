"""Validating models and types, and parsing the model form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.enums import Visibility
from llm_ui.errors import InvalidInput, not_one_of
from llm_ui.models import AIModel
from llm_ui.schemas.catalogue.models import ModelDraft
from llm_ui.security import names
from llm_ui.security.text import storable
from llm_ui.services.catalogue import chat_settings, image_settings
from llm_ui.services.catalogue.capabilities import THINKING, VISION

NAME_LIMIT = 200
DESCRIPTION_LIMIT = 1000
TYPE_NAME_LIMIT = 40
TYPE_DESCRIPTION_LIMIT = 500
LARGEST = 100_000_000
# The capabilities that the application can make use of.
CAPABILITIES = (THINKING, VISION)
# Icons that the pages can draw.
ICONS = (
    "message-circle",
    "brain",
    "eye",
    "code",
    "scan-search",
    "bot",
    "sparkles",
    "zap",
    "cpu",
    "globe",
    "book-open",
    "flask-conical",
    "graduation-cap",
    "lightbulb",
    "languages",
    "star",
    "image",
    "palette",
    "brush",
    "camera",
    "shapes",
)
# Whole numbers, with any country's thousands separators: there are no fractions of a token.
_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:[.,'\u2019\u00a0\u202f ][0-9]{3}){1,2}")


def clean_line(text: str, field: str, limit: int, *, key: str = "error.model_name_long") -> str:
    """A text on one line; may be empty. Raises InvalidInput."""
    cleaned = " ".join(storable(text).split())
    if len(cleaned) > limit:
        raise InvalidInput(key, field=field, limit=limit)
    return cleaned


def clean_shown(text: str, field: str, limit: int) -> str:
    """A display name in normalized form, without invisible characters; may be empty.

    Raises InvalidInput.
    """
    cleaned = clean_line(names.one_form(text), field, limit)
    if not names.is_visible(cleaned):
        raise InvalidInput("error.name_unseen", field=field)
    return cleaned


async def check_alike(session: AsyncSession, name: str, of: str) -> None:
    """Raise InvalidInput if another model than `of` has a name that looks like this but differs.

    An identical name is allowed: two providers may offer the same model.
    """
    query = sa.select(col(AIModel.display_name)).where(col(AIModel.id) != of).distinct()
    for other in await session.scalars(query):
        if names.look_alike(name, other):
            raise InvalidInput("error.name_alike", field="display_name", name=other)


def clean_text(text: str, field: str, limit: int) -> str:
    """A multi-line text. Raises InvalidInput."""
    cleaned = storable(text).strip()
    if len(cleaned) > limit:
        raise InvalidInput("error.model_text_long", field=field, limit=limit)
    return cleaned


def clean_icon(icon: str) -> str:
    """One of ICONS, or "" for none. Raises InvalidInput."""
    if icon and icon not in ICONS:
        raise InvalidInput("error.model_icon", field="icon", accepted=", ".join(ICONS))
    return icon


def clean_size(tokens: int, field: str) -> int | None:
    """A number of tokens; None for 0. Raises InvalidInput."""
    if not 0 <= tokens <= LARGEST:
        raise InvalidInput("error.model_tokens", field=field)
    return tokens or None


def clean_capabilities(given: Iterable[str]) -> list[str]:
    """Capabilities in the order of CAPABILITIES. Raises InvalidInput for an unknown one."""
    found = set(given)
    if not found <= set(CAPABILITIES):
        raise not_one_of("capabilities", CAPABILITIES, each=True)
    return [each for each in CAPABILITIES if each in found]


def clean_params(
    given: Mapping[str, Any], provider_type: str, *, images: bool = False, is_other: bool = False
) -> dict[str, Any]:
    """Validated parameters that this provider type accepts. Raises InvalidInput.

    Args:
        images: whether they are image settings rather than chat settings.
        is_other: whether parameters of the other kind are ignored instead of rejected.
    """
    accepted = (image_settings if images else chat_settings).accepted_by(provider_type)
    known = {name: value for name, value in given.items() if name in accepted}
    if len(known) < len(given) and not is_other:
        raise InvalidInput("error.model_param", field=min(set(given) - set(accepted)))
    return image_settings.clean(known) if images else chat_settings.clean(known)


def visibility_of(name: str) -> Visibility:
    """The visibility with this name. Raises InvalidInput."""
    try:
        return Visibility(name)
    except ValueError:
        raise not_one_of("visibility", Visibility) from None


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


def draft_from_form(
    fields: Mapping[str, str], accepts: Iterable[str], *, images: bool = False
) -> ModelDraft:
    """Parse the model form; checkboxes are present only if checked.

    Args:
        fields: display_name, description, icon, type_id, context_window, longest, place,
            visibility, prompt; the default parameters under their names; can_<capability>.
        accepts: the parameters that the provider accepts.
        images: whether it is an image model, whose form lacks the fields for chats.

    Raises:
        InvalidInput: names the field.
    """
    draft = ModelDraft(
        display_name=fields.get("display_name", ""),
        description=fields.get("description", ""),
        icon=fields.get("icon", ""),
        type_id=fields.get("type_id", ""),
        visibility=fields.get("visibility", Visibility.EVERYONE),
        place=_place(fields.get("place", "")),
    )
    if images:
        return replace(draft, params=image_settings.from_form(fields))
    return replace(
        draft,
        context_window=_size(fields.get("context_window", ""), "context_window"),
        max_tokens=_size(fields.get("longest", ""), "longest"),
        capabilities=[each for each in CAPABILITIES if f"can_{each}" in fields],
        params=chat_settings.from_form({name: fields.get(name, "") for name in accepts}),
        system_prompt=fields.get("prompt", ""),
    )
