"""Query filters shared by the chat list and the search."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from llm_ui.schemas.chats.finding import ChatFilters
from llm_ui.services.paging import in_utc

Id = Annotated[str, Query(max_length=64)]
WORDS = "ISO 8601, in UTC unless it has a time zone"
From = Annotated[
    datetime | None, Query(alias="from", description=f"Start of the period, inclusive. {WORDS}")
]
To = Annotated[
    datetime | None, Query(alias="to", description=f"End of the period, exclusive. {WORDS}")
]


def filters_of(
    archived: bool | None = None,
    project_id: Id = "",
    tag: Annotated[str, Query(max_length=100)] = "",
    model: Annotated[str, Query(max_length=301)] = "",
    since: From = None,
    until: To = None,
) -> ChatFilters:
    """The filters given in the query."""
    return ChatFilters(
        archived=archived,
        project_id=project_id,
        tag=tag.strip().lower(),
        model_id=model,
        since=_aware(since, "from"),
        until=_aware(until, "to"),
    )


def _aware(moment: datetime | None, field: str) -> datetime | None:
    if moment is None:
        return None
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC), field)


Filters = Annotated[ChatFilters, Depends(filters_of)]
