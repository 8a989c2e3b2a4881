"""images: models that make images are models of ordinary providers

Revision: 0012i, after 0011n

A provider of images becomes a provider, with its key as it is stored, or joins the one that is the
same: its address, type and key. Its models become models of the type "image", whatever their
provider lists; further ones that it lists wait for an admin, as nobody has chosen them. What a
provider has listed already and makes images, by its name, gets that type too, switched off: to chat
with it was an error, and nobody has said that images may be paid for.

The documented names MediaProvider, MediaModel and MediaType are views of these rows. On SQLite,
whoever makes aiprovider, aimodel or aitype anew in a later migration drops them before and makes
them again.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from alembic import op
from llm_ui.config import load_settings
from llm_ui.models.base import UtcDateTime, now
from llm_ui.security import encryption

revision = "0012i"
down_revision = "0011n"
branch_labels = None
depends_on = None

RUN_KEY = "fk_generation_media_model_id_mediamodel"
ADDED, SLUG = "available", "image"
PATH = "/images/generations"
KNOWN = re.compile(
    r"dall-e|(gpt|chatgpt|qwen)-image|\bflux[.-]?(\d|schnell|dev|pro)|stable-?diffusion"
    r"|\bsd-?(xl|[123](\.\d)?)\b|imagen-\d|grok-\d.*-image|seedream|hidream|ideogram|recraft"
    r"|kandinsky",
    re.IGNORECASE,
)
IMAGE_MODELS = "aimodel m JOIN aitype t ON t.id = m.model_type AND t.slug = 'image'"
VIEWS = {
    "mediatype": "SELECT id, name, description, icon FROM aitype WHERE slug = 'image'",
    "mediaprovider": (
        "SELECT id, name, provider_type, api_url, api_key, is_active, created_at, updated_at "
        f"FROM aiprovider WHERE id IN (SELECT m.provider_id FROM {IMAGE_MODELS})"
    ),
    "mediamodel": (
        "SELECT m.id, m.provider_id, m.model_type, m.name, m.display_name, m.default_params, "
        f"m.is_active, m.created_at FROM {IMAGE_MODELS}"
    ),
}


def _table(name: str, *columns: str) -> sa.TableClause:
    kinds = {
        "is_active": sa.Boolean(), "is_default": sa.Boolean(), "is_available": sa.Boolean(),
        "offers_new_models": sa.Boolean(), "created_at": UtcDateTime(), "updated_at": UtcDateTime(),
        "default_params": sa.JSON(), "capabilities": sa.JSON(), "fixed": sa.JSON(),
        "timeouts": sa.JSON(),
    }
    return sa.table(name, *(sa.column(each, kinds.get(each)) for each in columns))


MEDIA_TYPE = ("id", "name", "description", "icon")
MEDIA_PROVIDER = (
    "id", "name", "provider_type", "api_url", "api_key", "is_active", "created_at", "updated_at",
)
MEDIA_MODEL = (
    "id", "provider_id", "model_type", "name", "display_name", "default_params", "is_active",
    "created_at",
)
media_type = _table("mediatype", *MEDIA_TYPE)
media_provider = _table("mediaprovider", *MEDIA_PROVIDER)
media_model = _table("mediamodel", *MEDIA_MODEL)
ai_type = _table("aitype", *MEDIA_TYPE, "slug", "sort_order")
ai_provider = _table(
    "aiprovider", *MEDIA_PROVIDER, "headers_encrypted", "origin", "offers_new_models", "timeouts",
    "status", "status_detail",
)
ai_model = _table(
    "aimodel", *MEDIA_MODEL, "description", "icon", "capabilities", "fixed", "system_prompt",
    "visibility", "sort_order", "is_default", "is_available", "updated_at",
)
generation = _table("generation", "id", "model_id", "media_model_id")


def _rows(query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in op.get_bind().execute(query).mappings()]


def _do(statement: Any) -> None:
    op.get_bind().execute(statement)


# --- up -----------------------------------------------------------------------------------------


def upgrade() -> None:
    kind = _image_type()
    by_age = (media_provider.c.created_at, media_provider.c.id)
    providers = {row["id"]: row for row in _rows(sa.select(media_provider).order_by(*by_age))}
    models = _rows(sa.select(media_model).order_by(media_model.c.created_at, media_model.c.id))
    used = {each["provider_id"] for each in models}
    there, places = _rows(sa.select(ai_provider)), dict[str, str]()
    for row_id, row in providers.items():
        places[row_id] = _joined(row, there) or _become(row, row_id in used)
    for model in models:
        _model(model, providers[model["provider_id"]], places[model["provider_id"]], kind)
    if kind:
        _mark_known(kind)
    with op.batch_alter_table("generation") as batch:
        batch.drop_constraint(op.f(RUN_KEY), type_="foreignkey")
        batch.drop_column("media_model_id")
    for name in ("mediamodel", "mediaprovider", "mediatype"):
        op.drop_table(name)
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _image_type() -> str | None:
    """The id of the type, if media had one; where it had none the application makes it."""
    before = _rows(sa.select(media_type).order_by(media_type.c.name != SLUG))
    if not before:
        return None
    known = _rows(sa.select(ai_type))
    names = {each["name"].lower() for each in known}
    free = (each for each in (SLUG, f"{SLUG}s", before[0]["id"]) if each not in names)
    kind = {
        **before[0], "slug": SLUG, "name": next(free),
        "sort_order": max((each["sort_order"] for each in known), default=0) + 1,
    }
    _do(sa.insert(ai_type).values(kind))
    return str(kind["id"])


def _joined(row: dict[str, Any], there: list[dict[str, Any]]) -> str:
    """The id of the provider that this one joins, taken out of those that are there: models of
    one name may not meet at it. "" where it joins none."""
    for other in there:
        if other["id"] == row["id"] or _is_same(row, other):
            there.remove(other)
            if row["is_active"] and not other["is_active"]:
                # A downgrade has left it behind.
                own, on = ai_provider.c.id == row["id"], {"is_active": True}
                _do(sa.update(ai_provider).where(own).values(**on, offers_new_models=False))
            return str(other["id"])
    return ""


def _become(row: dict[str, Any], is_used: bool) -> str:
    """Make a provider of it. Without a model it has made nothing, and is switched off."""
    made = {
        **row, "is_active": row["is_active"] and is_used, "origin": "admin",
        "offers_new_models": False, "timeouts": {}, "status": "unknown", "status_detail": "",
    }
    _do(sa.insert(ai_provider).values(made))
    return str(row["id"])


def _is_same(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a provider asks the same server in the same way; one that is switched off, or that
    sends headers of its own, does not."""
    if not other["is_active"] or other["headers_encrypted"]:
        return False
    here, there = (each["api_url"].rstrip("/").removesuffix(PATH) for each in (row, other))
    is_there = here == there and row["provider_type"] == other["provider_type"]
    return is_there and _same_key(row["api_key"], other["api_key"])


def _same_key(here: str | None, there: str | None) -> bool:
    if not here or not there or here == there:
        return (here or "") == (there or "")
    keys = load_settings().secret_keys
    try:
        return encryption.decrypt(keys, here) == encryption.decrypt(keys, there)
    except encryption.UndecryptableError:
        return False


def _model(
    row: dict[str, Any], provider: dict[str, Any], place: str, kind: str | None
) -> None:
    """Make a model of a media model, or what is listed already of that name into it."""
    own = {
        "model_type": kind, "default_params": row["default_params"],
        "is_active": row["is_active"] and (place == provider["id"] or provider["is_active"]),
    }
    same = sa.and_(ai_model.c.provider_id == place, ai_model.c.name == row["name"])
    listed = _rows(sa.select(ai_model).where(same))
    model_id = listed[0]["id"] if listed else row["id"]
    if listed:
        own |= {"display_name": row["display_name"], "is_default": False, "updated_at": now()}
        _do(sa.update(ai_model).where(same).values(own))
    else:
        last = sa.select(sa.func.max(ai_model.c.sort_order)).where(ai_model.c.provider_id == place)
        made = {
            **row, **own, "provider_id": place, "description": "", "icon": "", "capabilities": [],
            "fixed": [ADDED], "system_prompt": "", "visibility": "everyone", "is_default": False,
            "is_available": True, "updated_at": row["created_at"],
            "sort_order": (op.get_bind().scalar(last) or -1) + 1,
        }
        _do(sa.insert(ai_model).values(made))
    runs = generation.c.media_model_id == row["id"]
    _do(sa.update(generation).where(runs).values(model_id=model_id))


def _mark_known(kind: str) -> None:
    chatting = sa.select(ai_type.c.id).where(ai_type.c.slug == "chat")
    listed = sa.select(ai_model.c.id, ai_model.c.name).where(
        sa.or_(ai_model.c.model_type.is_(None), ai_model.c.model_type.in_(chatting)),
        ai_model.c.provider_id.in_(
            sa.select(ai_provider.c.id).where(ai_provider.c.provider_type == "openai")
        ),
    )
    ids = [row["id"] for row in _rows(listed) if KNOWN.search(row["name"])]
    for model_id in ids:
        values = {"model_type": kind, "is_active": False, "is_default": False}
        _do(sa.update(ai_model).where(ai_model.c.id == model_id).values(**values))


# --- down ---------------------------------------------------------------------------------------


def downgrade() -> None:
    """Copies of the models that make images stay with their provider, switched off; a provider
    that offers nothing new was one of images, and is switched off itself."""
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    _make_tables()
    with op.batch_alter_table("generation") as batch:
        batch.add_column(sa.Column("media_model_id", sa.String(), nullable=True))
        batch.create_foreign_key(
            op.f(RUN_KEY), "mediamodel", ["media_model_id"], ["id"], ondelete="SET NULL"
        )
    kinds = _rows(sa.select(ai_type).where(ai_type.c.slug == SLUG))
    if not kinds:
        return
    (kind,) = kinds
    media = {**{name: kind[name] for name in MEDIA_TYPE}, "name": SLUG}
    _do(sa.insert(media_type).values(media))
    models = _rows(sa.select(ai_model).where(ai_model.c.model_type == kind["id"]))
    used = {each["provider_id"] for each in models}
    names: set[str] = set()
    for row in _rows(sa.select(ai_provider).order_by(ai_provider.c.created_at)):
        if row["id"] in used:
            name = row["name"] if row["name"] not in names else row["id"]
            names.add(name)
            copy = {**{each: row[each] for each in MEDIA_PROVIDER}, "name": name}
            _do(sa.insert(media_provider).values(copy))
            if not row["offers_new_models"]:
                own = ai_provider.c.id == row["id"]
                _do(sa.update(ai_provider).where(own).values(is_active=False))
    for row in models:
        _do(sa.insert(media_model).values({each: row[each] for each in MEDIA_MODEL}))
        runs = generation.c.model_id == row["id"]
        _do(sa.update(generation).where(runs).values(media_model_id=row["id"], model_id=None))
    off = {"is_active": False, "is_default": False, "model_type": None}
    _do(sa.update(ai_model).where(ai_model.c.model_type == kind["id"]).values(**off))
    _do(sa.delete(ai_type).where(ai_type.c.id == kind["id"]))


def _make_tables() -> None:
    op.create_table(
        "mediatype",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("icon", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediatype")),
        sa.UniqueConstraint("name", name=op.f("uq_mediatype_name")),
    )
    op.create_table(
        "mediaprovider",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("provider_type", sa.String(length=16), nullable=False),
        sa.Column("api_url", sa.String(length=500), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediaprovider")),
        sa.UniqueConstraint("name", name=op.f("uq_mediaprovider_name")),
    )
    provider, kind = "fk_mediamodel_provider_id_mediaprovider", "fk_mediamodel_model_type_mediatype"
    op.create_table(
        "mediamodel",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("model_type", sa.String(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("default_params", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["mediaprovider.id"], name=op.f(provider), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model_type"], ["mediatype.id"], name=op.f(kind), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediamodel")),
        sa.UniqueConstraint("provider_id", "name", name=op.f("uq_mediamodel_provider_id_name")),
    )
    op.create_index(op.f("ix_mediamodel_model_type"), "mediamodel", ["model_type"])
