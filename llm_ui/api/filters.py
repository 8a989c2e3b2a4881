"""The filters that lists of chats and the search have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from llm_ui.schemas.finding import ChatFilters
from llm_ui.services.paging import in_utc

Id = Annotated[str, Query(max_length=64)]
Moment = Annotated[datetime | None, Query(description="ISO 8601; without a zone it is UTC")]


def filters_of(
    archived: bool | None = None,
    project: Id = "",
    tag: Annotated[str, Query(max_length=100)] = "",
    model: Annotated[str, Query(max_length=301)] = "",
    since: Moment = None,
    until: Moment = None,
) -> ChatFilters:
    """What the query asks for."""
    return ChatFilters(
        archived=archived,
        project_id=project,
        tag=tag.strip().lower(),
        model_id=model,
        since=_aware(since, "since"),
        until=_aware(until, "until"),
    )


def _aware(moment: datetime | None, field: str) -> datetime | None:
    if moment is None:
        return None
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC), field)


Filters = Annotated[ChatFilters, Depends(filters_of)]
