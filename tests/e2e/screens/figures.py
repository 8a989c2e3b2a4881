"""What colleagues used in half a year, and how fast the last month's answers came."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from llm_ui.models import PerformanceMetric, UsageLog, User
from llm_ui.models.base import new_id, now
from tests.e2e.screens.kit import Stage
from tests.e2e.screens.rows import PROVIDER, USAGE_DAYS, put
from tests.e2e.screens.texts import MODELS

COLLEAGUES = ("Mara Okafor", "Jonas Lindqvist", "Aylin Moreau", "Piet Kowalska", "Lucía Brandt")
ADDRESSES = ("http://10.0.4.11:8000/v1", "http://10.0.4.12:8000/v1")
METRIC_DAYS = 31
# Milliseconds to the first token, and tokens a second, of each model.
SPEEDS = ((900, 28.0), (210, 96.0), (520, 47.0), (380, 61.0))
SUM_UP = "import asyncio; from llm_ui.cli.usage import rebuild; asyncio.run(rebuild())"


def figures(stage: Stage) -> None:
    """Some colleagues, and somebody whose account is gone."""
    chance, today = random.Random(23), now().replace(hour=8, minute=0)
    people = [
        User(
            email=f"{name.split()[0].lower()}@example.org",
            username=name,
            password_hash="",
            created_at=today - timedelta(days=260 - 9 * n),
        )
        for n, name in enumerate(COLLEAGUES)
    ]
    put(stage.app, User, list(people))
    used = []
    for place, user_id in enumerate([*(each.id for each in people), None]):
        for back in range(1, USAGE_DAYS):
            day = today - timedelta(days=back)
            if day.weekday() >= 5 or (user_id is None and back < 120):
                continue
            for _ in range(chance.randint(0, 7 - place)):
                used.append(_answer(stage, user_id, day, chance))
    put(stage.app, UsageLog, used)
    _speeds(stage, chance)
    stage.app.python(SUM_UP)


def many_used(stage: Stage, people: list[User]) -> None:
    """Everybody asks something this month."""
    chance, today = random.Random(29), now()
    used = [
        _answer(stage, each.id, today - timedelta(days=chance.randint(1, 29)), chance)
        for each in people
    ]
    put(stage.app, UsageLog, used)
    stage.app.python(SUM_UP)


def _answer(stage: Stage, user_id: str | None, day: datetime, chance: random.Random) -> UsageLog:
    name, shown, *_, read, written = chance.choices(MODELS, weights=(3, 6, 4, 2))[0]
    given, said = chance.randint(180, 9200), chance.randint(120, 1900)
    failed = chance.random() < 0.03
    return UsageLog(
        user_id=user_id,
        model_id=stage.ids[name],
        model_name=shown,
        provider_name=PROVIDER,
        status="failed" if failed else "done",
        input_tokens=given,
        cached_tokens=given // 3 if chance.random() < 0.4 else 0,
        output_tokens=0 if failed else said,
        reasoning_tokens=said // 2 if name == MODELS[0][0] and not failed else 0,
        is_estimated=chance.random() < 0.05,
        cost_micro=(given * read + said * written) // 1_000_000,
        created_at=day + timedelta(minutes=chance.randint(0, 600)),
    )


def _speeds(stage: Stage, chance: random.Random) -> None:
    """Answers at working hours, slower when many ask; the last day's also by night."""
    used, measured = [], []
    for minutes in range(3, METRIC_DAYS * 1440, 4):
        at = now() - timedelta(minutes=minutes)
        is_work = at.weekday() < 5 and 6 <= at.hour < 19
        if chance.random() > (0.5 if is_work or minutes < 1440 else 0.03):
            continue
        place = chance.choices(range(len(MODELS)), weights=(3, 6, 4, 2))[0]
        name, shown, *_ = MODELS[place]
        first, rate = SPEEDS[place]
        first *= chance.lognormvariate(0.25 if 9 <= at.hour < 12 else 0, 0.45)
        failed, run_id = chance.random() < 0.02 * (1 + place), new_id()
        used.append(
            UsageLog(
                run_id=run_id,
                user_id=stage.ada.user_id,
                model_id=stage.ids[name],
                model_name=shown,
                provider_name=PROVIDER,
                created_at=at,
                status="failed" if failed else "done",
                input_tokens=900,
                output_tokens=0 if failed else 300,
            )
        )
        values = {"duration": first + 300_000 / rate}
        if not failed:
            values |= {
                "time_to_first_token": first,
                "tokens_per_second": rate * chance.uniform(0.7, 1.1),
            }
        measured += [
            PerformanceMetric(
                metric_name=what,
                metric_value=round(value, 2),
                run_id=run_id,
                model_name=shown,
                model_id=stage.ids[name],
                provider_name=PROVIDER,
                address=ADDRESSES[minutes % 3 == 0],
                created_at=at,
            )
            for what, value in values.items()
        ]
    put(stage.app, UsageLog, used)
    put(stage.app, PerformanceMetric, measured)
