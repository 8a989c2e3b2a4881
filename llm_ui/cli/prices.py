"""Generates the bundled price list (llm_ui/services/money/price_list.json) from genai-prices.

python -m llm_ui.cli.prices [--day 2026-11-30]

The package is needed only here, never where LLM UI runs. Only what our prices can express is
included: exact model names, and prefixes that the package uses like names (a date suffix is handled
when the list is read); the day's prices per text token, for prompts of ordinary length. Models with
further charges, or with prices that depend on the time of day, are left out: no price is better
than a wrong one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from llm_ui.cli.setup.steps import say
from llm_ui.services.money.price_list import FILE

# Services that run models at an address of their own, by the package's name for them.
HOSTS = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "google": "generativelanguage.googleapis.com",
    "mistral": "api.mistral.ai",
    "deepseek": "api.deepseek.com",
    "x-ai": "api.x.ai",
    "groq": "api.groq.com",
    "cerebras": "api.cerebras.ai",
    "cohere": "api.cohere.com",
    "perplexity": "api.perplexity.ai",
    "moonshotai": "api.moonshot.ai",
    "zai": "api.z.ai",
    "minimax": "api.minimax.io",
    "together": "api.together.xyz",
    "fireworks": "api.fireworks.ai",
}
# Charges besides text tokens. Other kinds of input have prices of their own and do not matter, but
# models with other kinds of output are not supported.
_ELSE = ("requests_kcount", "output_audio_mtok", "output_image_mtok")
_NO_TEXT = ("audio", "realtime", "tts", "image", "transcribe", "whisper", "voice", "live", "ocr")
ABOUT = (
    "List prices in units of the currency per million tokens: input, input from the cache (null: "
    "as input), output. Reasoning is paid as output by all of these. Of a name that ends in a "
    "date or -latest what stands here without it holds, unless it has a line of its own. Made by "
    "`python3 dev.py prices`; long prompts may cost more."
)


def _names(clause: Any) -> Iterator[str]:
    """The names in one of the package's matching rules; patterns are not names."""
    for part in getattr(clause, "or_", None) or [clause]:
        exact = getattr(part, "equals", None) or getattr(part, "starts_with", None)
        if exact:
            yield str(exact)


def _prices(prices: Any, day: date) -> Any:
    """The prices that apply all day on this day; None if they depend on the hour."""
    if not isinstance(prices, list):
        return prices
    held = None
    for each in prices:
        starts = getattr(each.constraint, "start_date", None)
        if each.constraint is None or (starts is not None and starts <= day):
            held = each.prices
        elif starts is None:
            return None
    return held


def _amount(value: Any) -> str | None:
    """A price per million tokens as a decimal string; for tiered prices, that of short prompts."""
    value = getattr(value, "base", value)
    return None if value is None else format(Decimal(value).normalize(), "f")


def _figures(prices: Any, *, embeds: bool) -> list[str | None] | None:
    if prices is None or any(getattr(prices, name, None) for name in _ELSE):
        return None
    read, cached, written = (
        _amount(getattr(prices, name, None))
        for name in ("input_mtok", "cache_read_mtok", "output_mtok")
    )
    # Embedding models have no output tokens.
    written = written or ("0" if embeds else None)
    if read is None or written is None or Decimal(read) <= 0:
        return None
    if Decimal(written) <= 0 and not embeds:
        return None
    if cached is not None and Decimal(cached) > Decimal(read):
        return None
    return [read, cached, written]


def listed(provider: Any, day: date) -> dict[str, list[str | None]]:
    """A provider's models by name, with their prices."""
    found: dict[str, list[str | None]] = {}
    for model in provider.models:
        figures = _figures(_prices(model.prices, day), embeds="embed" in model.id)
        if figures is None or any(part in model.id for part in _NO_TEXT):
            continue
        for name in (model.id, *_names(model.match)):
            is_foreign = provider.id == "google" and not name.startswith(("gem", "text-emb"))
            # If two rules contain a name, the first one applies, as in the package.
            if not (is_foreign or name.startswith("ft:") or not name[-1].isalnum()):
                found.setdefault(name, figures)
    return dict(sorted(found.items()))


def content(providers: list[Any], source: str, day: date) -> dict[str, Any]:
    """The complete list."""
    known = {each.id: each for each in providers}
    return {
        "day": day.isoformat(),
        "currency": "USD",
        "source": source,
        "about": ABOUT,
        "providers": [
            {
                "host": host,
                "page": next(p for p in known[name].pricing_urls if p.startswith("https://")),
                "models": listed(known[name], day),
            }
            for name, host in HOSTS.items()
        ],
    }


def text_of(made: dict[str, Any]) -> str:
    """The file's text: one line per model, so that diffs are readable."""
    lines = json.dumps(made, indent=1, ensure_ascii=False)
    for provider in made["providers"]:
        for figures in provider["models"].values():
            lines = lines.replace(
                json.dumps(figures, indent=1).replace("\n", "\n    "), json.dumps(figures)
            )
    return lines + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Write the list."""
    from genai_prices import data  # type: ignore[import-not-found,unused-ignore]

    parser = argparse.ArgumentParser(description=__doc__)
    today = datetime.now(UTC).date()
    parser.add_argument("--day", type=date.fromisoformat, default=today)
    day = parser.parse_args(arguments).day
    made = content(data.providers, f"genai-prices {version('genai-prices')}", day)
    FILE.write_text(text_of(made), encoding="utf-8")
    say(f"{sum(len(each['models']) for each in made['providers'])} names, {made['source']}, {day}")


if __name__ == "__main__":
    main()
