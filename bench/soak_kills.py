"""Killing workers in the middle of answers, and the invariants checked afterwards.

After each kill:

- what a tab had received KEPT_AFTER_S before it (or earlier) is in the database;
- no run stays queued or running;
- each chat has its question and its answer, exactly once;
- Continue resumes from there, and the tab shows what the database has.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.load import at_once
from bench.stage import Stage
from bench.tab import LeanTab
from llm_ui.db import script_url
from tests.scripted import expected_text
from tests.states.client import EDITING, FOLLOWING, OPEN_CHAT, Refused, utf16_length

KEPT_AFTER_S = 0.3
# The web server gives up when a worker that was just restarted dies again.
RESPAWN_S = 6.5
BACK_S = 60.0
ENDED_S = 30.0
ACTIVE = "('queued', 'running')"


@dataclass
class Answer:
    """An answer that was being written: the tab that asked, and the one that follows it."""

    script: str
    tabs: list[LeanTab]
    chat: str = ""
    run: int = 0
    seen: str = ""
    # The longest text that had reached any tab, at each moment.
    arrivals: list[tuple[float, int]] = field(default_factory=list)

    @property
    def asker(self) -> LeanTab:
        return self.tabs[0]


@dataclass
class Report:
    """The result of one kill. `problems` is empty if all went well."""

    seed: int
    what: str
    after: float
    killed: float = 0.0
    back: float = 0.0
    seen: int = 0
    unkept: float = 0.0
    interrupted: int = 0
    continued: int = 0
    done: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        """A one-line summary."""
        verdict = "; ".join(self.problems) or "ok"
        return (
            f"seed {self.seed}: {self.what} killed {self.after:.2f} s after the questions, "
            f"{self.seen} characters seen, {1000 * self.unkept:.0f} ms of them lost, "
            f"{self.interrupted} interrupted, "
            f"{self.continued} continued, {self.done} done, "
            f"back in {self.back:.1f} s: {verdict}"
        )


class Killer:
    """Kills the server of a stage repeatedly while tabs stream.

    Args:
        answers: how many run at once.
        kept_after: what a tab had received this many seconds before a kill must be kept.
    """

    def __init__(self, at: Stage, answers: int = 4, kept_after: float = KEPT_AFTER_S) -> None:
        self._kept_after = kept_after
        self._at = at
        self._count = answers
        self._tabs: list[LeanTab] = []
        self._database = sa.create_engine(script_url(at.database_url))
        self._started = time.monotonic()

    async def open(self) -> None:
        """Open two tabs for each answer: one asks, the other follows."""
        tokens = await asyncio.to_thread(self._at.people, self._count)
        self._tabs = [LeanTab(self._at.url, token) for token in tokens for _ in range(2)]
        await at_once([tab.connect("/chat") for tab in self._tabs])

    async def close(self) -> None:
        """Close everything."""
        for tab in self._tabs:
            await tab.drop()
        self._database.dispose()

    def _rows(self, query: str, **values: Any) -> list[Any]:
        with self._database.connect() as connection:
            return list(connection.execute(sa.text(query), values).all())

    async def kill(self, seed: int) -> Report:
        """Kill once; everything random derives from the seed."""
        chance = random.Random(seed)
        answers = await self._begin(chance)
        report = Report(seed, "", chance.uniform(0.15, 2.2))
        await asyncio.sleep(report.after)
        await self._until_respawn_is_safe()
        victim = chance.choice(await asyncio.to_thread(self._owners) or sorted(self._at.workers))
        # With a single worker, alternately: a worker that is restarted, or the whole server.
        whole = len(self._at.workers) == 1 and seed % 2 == 1
        report.what = "the server" if whole else "a worker"
        before = self._at.workers
        report.killed = killed = time.monotonic()
        if whole:
            self._at.kill_server()
        else:
            os.kill(victim, signal.SIGKILL)
        # What is still in the sockets was sent before the kill, and may arrive late.
        await asyncio.sleep(0.1)
        for each in answers:
            self._note_seen(each, killed - self._kept_after)
        report.seen = sum(len(each.seen) for each in answers)
        await self._come_back(before, victim, whole, answers)
        report.back = time.monotonic() - killed
        await self._check(answers, report)
        return report

    def _owners(self) -> list[int]:
        """The workers that are writing an answer; killing an idle one proves nothing."""
        rows = self._rows(f"SELECT DISTINCT owner FROM generation WHERE state IN {ACTIVE}")
        owners = {int(row[0].split(":")[1]) for row in rows if row[0]}
        return sorted(owners & set(self._at.workers))

    async def _until_respawn_is_safe(self) -> None:
        await asyncio.sleep(max(0.0, self._started + RESPAWN_S - time.monotonic()))

    async def _begin(self, chance: random.Random) -> list[Answer]:
        """Ask all questions; the following tabs open the chats."""
        # Wait for a safe moment before asking, so that the wait is not part of the answers.
        await self._until_respawn_is_safe()
        # Reconnect all tabs at once, or a restarted worker would have none.
        await asyncio.gather(*(tab.drop() for tab in self._tabs))
        for tab in self._tabs:
            tab.state.clear()
        await asyncio.gather(*(tab.connect("/chat") for tab in self._tabs))
        await at_once([tab.ready() for tab in self._tabs])
        answers = []
        for number in range(self._count):
            rate = chance.choice([40, 100, 250])
            text = "split-utf8" if chance.random() < 0.5 else "markdown"
            script = f"tokens={rate * 3} rate={rate} {text}"
            answers.append(Answer(script, self._tabs[2 * number : 2 * number + 2]))
        stamp = f"{time.monotonic_ns()}"
        for tab in self._tabs:
            tab.answers.forget()
        await at_once(
            [each.asker.ask(each.script, f"{stamp}-{n}") for n, each in enumerate(answers)]
        )
        for each in answers:
            each.chat = each.asker.vars(OPEN_CHAT)["open_chat_id"]
            each.asker.path = f"/chat/{each.chat}"
            each.run = each.asker.vars(OPEN_CHAT)["messages"][-1]["run"]
        await at_once([each.tabs[1].open(f"/chat/{each.chat}") for each in answers])
        return answers

    def _note_seen(self, answer: Answer, moment: float) -> None:
        for tab in answer.tabs:
            for run, arrivals in tab.answers.arrivals.items():
                answer.arrivals += arrivals
                length = max((size for came, size in arrivals if came <= moment), default=0)
                text = tab.answers.text(run).encode("utf-16-le")[: 2 * length].decode("utf-16-le")
                answer.seen = max(answer.seen, text, key=len)

    async def _come_back(
        self, before: list[int], victim: int, whole: bool, answers: list[Answer]
    ) -> None:
        if whole:
            self._at.start_server()
            await asyncio.to_thread(self._at.until_ready)
        deadline = time.monotonic() + BACK_S
        while victim in self._at.workers or len(self._at.workers) < len(before):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no worker came back:\n{self._at.log()[-2000:]}")
            await asyncio.sleep(0.05)
        self._started = time.monotonic()
        gone = [tab for each in answers for tab in each.tabs if tab.closed_at]
        for each in answers:
            each.tabs[1].path = f"/chat/{each.chat}"
        await asyncio.gather(*(_reconnect(tab, deadline) for tab in gone))

    # --- what must be true ------------------------------------------------------------

    async def _check(self, answers: list[Answer], report: Report) -> None:
        chats = [each.chat for each in answers]
        if stuck := await self._until_ended(chats):
            report.problems.append(f"{len(stuck)} runs never ended: {stuck}")
            return
        for each in answers:
            try:
                await self._check_one(each, report)
            except AssertionError as error:
                report.problems.append(f"{each.script}: {error}")

    async def _until_ended(self, chats: list[str]) -> list[Any]:
        """Wait until no run is active; returns those that still are after ENDED_S."""
        deadline = time.monotonic() + ENDED_S
        query = f"SELECT chat_id, state, owner FROM generation WHERE state IN {ACTIVE}"
        while True:
            rows = await asyncio.to_thread(self._rows, query)
            active = [tuple(row) for row in rows if row[0] in chats]
            if not active or time.monotonic() > deadline:
                return active
            await asyncio.sleep(0.1)

    async def _check_one(self, answer: Answer, report: Report) -> None:
        wanted = expected_text(answer.script)
        message = await self._stored(answer.chat)
        kept = utf16_length(message["content"])
        beyond = [came for came, size in answer.arrivals if size > kept]
        report.unkept = max(report.unkept, report.killed - min(beyond, default=report.killed))
        assert message["content"].startswith(answer.seen), (
            f"{len(answer.seen)} characters were shown, {len(message['content'])} are stored"
        )
        if message["status"] == "done":
            report.done += 1
            assert message["content"] == wanted, "the complete answer is wrong"
            await self._shown(answer, message["content"])
            return
        report.interrupted += 1
        assert message["status"] == "interrupted", f"it is {message['status']}"
        assert wanted.startswith(message["content"]), "the stored text was never sent"
        await self._shown(answer, message["content"])
        retried = not message["content"]
        handler = (EDITING, "retry") if retried else (FOLLOWING, "continue_answer")
        await answer.asker.call(*handler, message_id=message["id"])
        # The scripted model has no memory: it repeats its whole answer.
        longer = message["content"] + wanted
        await answer.asker.until(
            lambda: (
                answer.asker.vars(OPEN_CHAT)["busy"] is False
                and answer.asker.vars(OPEN_CHAT)["messages"][-1]["status"] == "done"
            ),
            ENDED_S,
        )
        report.continued += 1
        stored = await self._stored(answer.chat, retried=retried)
        assert stored["content"] == longer, "the continued answer is wrong"
        stream = answer.asker.answers.stream(answer.asker.answers.newest)
        assert stream.text == longer, "the continued stream is wrong"
        assert stream.gaps == 0, f"{stream.gaps} gaps"
        assert stream.length == utf16_length(longer)

    async def _stored(self, chat: str, *, retried: bool = False) -> dict[str, Any]:
        query = "SELECT id, role, status, content FROM chatmessage WHERE chat_id = :chat"
        rows = [row._asdict() for row in await asyncio.to_thread(self._rows, query, chat=chat)]
        rows.sort(key=lambda row: str(row["id"]))
        roles = [row["role"] for row in rows]
        assert roles == ["user", "assistant"] + ["assistant"] * retried, f"messages: {roles}"
        last: dict[str, Any] = rows[-1]
        return last

    async def _shown(self, answer: Answer, content: str) -> None:
        """Wait until every tab shows the message as it is in the database."""

        def same(tab: LeanTab) -> bool:
            shown = tab.vars(OPEN_CHAT).get("messages") or []
            return len(shown) == 2 and shown[-1]["content"] == content

        for tab in answer.tabs:
            await tab.until(lambda tab=tab: same(tab))  # type: ignore[misc]


async def _reconnect(tab: LeanTab, deadline: float) -> None:
    """Reconnect like the page does: to the same chat, retrying as often as necessary."""
    while True:
        try:
            tab.state.clear()
            await tab.connect(tab.path)
            return
        except (OSError, Refused, AssertionError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
