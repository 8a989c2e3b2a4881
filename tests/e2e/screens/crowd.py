"""Ten thousand of everything that pages list, written past the app."""

from __future__ import annotations

import random
from datetime import timedelta

from llm_ui.models import (
    AIModel,
    AIProvider,
    APIKey,
    BackgroundJob,
    ChatHistory,
    ModelPrice,
    MonitoringLog,
    User,
)
from llm_ui.models.base import now
from tests.e2e.screens.figures import many_used
from tests.e2e.screens.kit import Stage
from tests.e2e.screens.rows import put
from tests.e2e.screens.titles import CHATS

COUNT = 10_000
FIRST = ("Mara", "Jonas", "Aylin", "Piet", "Lucía", "Tomasz", "Ines", "Viktor", "Noor", "Hanne")
LAST = ("Okafor", "Lindqvist", "Moreau", "Kowalska", "Brandt", "Sato", "Pereira", "Novák", "Byrne")
FAMILIES = ("Meridian", "Cobalt", "Lumen", "Harbour", "Aurora", "Quartz", "Fjord")
SIZES = ("3b", "8b", "14b", "32b", "70b")
TITLES = [kept.title for kept in CHATS]


def crowd(stage: Stage) -> None:
    """People, their keys, jobs, events, models, and chats of ada."""
    stage.is_crowded = True
    chance, today = random.Random(11), now()
    people = [_person(number, chance) for number in range(COUNT)]
    put(stage.app, User, list(people))
    many_used(stage, people)
    put(stage.app, APIKey, [_key(person, n, chance) for n, person in enumerate(people)])
    events, jobs, chats = [], [], []
    # The newest last, as ids are given.
    for number, person in zip(reversed(range(COUNT)), people, strict=True):
        at = today - timedelta(minutes=9 * number + chance.randint(1, 8))
        failed = chance.random() < 0.08
        event = MonitoringLog(
            log_type="sign_in.failed" if failed else "sign_in.ok",
            log_level="warning" if failed else "info",
            user_id=person.id,
            address=f"203.0.113.{number % 250}",
            created_at=at,
        )
        job = BackgroundJob(
            job_type="export_archive",
            status="failed" if number % 40 == 7 else "done",
            progress=1.0,
            user_id=person.id,
            result={"bytes": chance.randint(9_000, 4_000_000)},
            error="no space left on device" if number % 40 == 7 else "",
            attempts=1,
            created_at=at,
            started_at=at,
            finished_at=at + timedelta(seconds=4),
        )
        title = f"{chance.choice(TITLES)}, part {number + 2}"
        chat = ChatHistory(
            user_id=stage.ada.user_id,
            title=title,
            title_is_automatic=False,
            created_at=at,
            updated_at=at,
        )
        events.append(event)
        jobs.append(job)
        chats.append(chat)
    put(stage.app, MonitoringLog, list(events))
    put(stage.app, BackgroundJob, list(jobs))
    put(stage.app, ChatHistory, list(chats))
    _models(stage, chance)


def _models(stage: Stage, chance: random.Random) -> None:
    """A provider with many models, which is switched off so that nobody asks it for them."""
    provider = AIProvider(
        name="Northern Router",
        provider_type="openai",
        api_url="https://router.example/v1",
        is_active=False,
    )
    put(stage.app, AIProvider, [provider])
    models, prices = [], []
    for number in range(COUNT):
        family, size = FAMILIES[number % len(FAMILIES)], SIZES[number // len(FAMILIES) % len(SIZES)]
        model = AIModel(
            provider_id=provider.id,
            name=f"{family.lower()}/{family.lower()}-{size}-{number}",
            display_name=f"{family} {size.upper()} {number}",
            is_active=chance.random() > 0.2,
            context_window=chance.choice((8192, 32_768, 131_072)),
            sort_order=number + 1,
            is_available=chance.random() > 0.1,
            icon=chance.choice(("", "", "code", "eye")),
            visibility=chance.choice(("everyone", "everyone", "admins")),
        )
        models.append(model)
        if chance.random() > 0.3:
            read = chance.randint(1, 80) * 50_000
            price = ModelPrice(model_id=model.id, input_micro=read, output_micro=4 * read)
            prices.append(price)
    put(stage.app, AIModel, list(models))
    put(stage.app, ModelPrice, list(prices))


def _person(number: int, chance: random.Random) -> User:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    made = now() - timedelta(days=chance.randint(1, 900))
    return User(
        email=f"{first}.{last}.{number}@example.org".lower(),
        username=f"{first} {last}",
        password_hash="!",
        is_active=chance.random() > 0.05,
        created_at=made,
        updated_at=made,
        last_login=made,
        last_active_at=now() - timedelta(hours=chance.randint(1, 2000)),
    )


def _key(person: User, number: int, chance: random.Random) -> APIKey:
    made = now() - timedelta(days=chance.randint(0, 300))
    return APIKey(
        user_id=person.id,
        key_name=chance.choice(("notebook", "ci", "reports", "mail sorter")),
        prefix=f"llmui_{number:08x}",
        api_key=f"{number:064d}",
        scopes=["chat"],
        created_at=made,
        expires_at=made + timedelta(days=365),
        last_used=now() - timedelta(minutes=chance.randint(2, 90_000)),
    )
