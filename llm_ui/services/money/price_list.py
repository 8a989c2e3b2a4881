"""The bundled price list of well-known models (price_list.json), dated and with its sources.

`dev.py prices` generates it from the package genai-prices. It applies only to models used through
their makers' own API addresses: other services that offer a model with the same name have their own
prices.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from llm_ui.schemas.catalogue.models import ListedPrice
from llm_ui.schemas.chats.views import UNKNOWN

FILE = Path(__file__).with_name("price_list.json")
MICRO = 1_000_000
# Suffixes of pinned model versions, or of the latest one.
_DATED = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@cache
def _content() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def day() -> str:
    """The date of the list, as an ISO date."""
    return str(_content()["day"])


def find(api_url: str, name: str) -> ListedPrice | None:
    """The list price of a provider's model, by the provider's name for it; None if it isn't listed.

    The sources are the pages named in the list.
    """
    host = urlsplit(api_url).hostname
    for each in _content()["providers"]:
        if each["host"] != host:
            continue
        models = each["models"]
        # How Google names its models at its OpenAI-compatible address.
        name = name.removeprefix("models/")
        figures = models.get(name) or models.get(_DATED.sub("", name))
        if figures is None:
            return None
        read, cached, written = (None if x is None else int(Decimal(x) * MICRO) for x in figures)
        return ListedPrice(
            day=day(),
            currency=_content()["currency"],
            input_micro=read or 0,
            cached_micro=UNKNOWN if cached is None else cached,
            output_micro=written or 0,
            page=each["page"],
        )
    return None
