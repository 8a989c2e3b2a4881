"""Files of projects: who may put them there, and what of them a question takes along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, NotFound
from llm_ui.models import ChatHistory, ProjectFile, StoredFile
from llm_ui.schemas.files.files import FileItem
from llm_ui.services.answers import file_prompts
from llm_ui.services.answers.file_prompts import IMAGE_TOKENS, put_in
from llm_ui.services.chats import organize
from llm_ui.services.files import files
from llm_ui.services.projects import project_files, projects
from llm_ui.services.token_estimates import estimate
from llm_ui.wire.events import PromptMessage
from tests.conftest import People
from tests.files import png
from tests.unit.test_attachments import given, stored

QUESTION = "Who installed the heat pump in the annex, and what did it cost?"
TURNS = [
    PromptMessage("user", "First question", message_id="1"),
    PromptMessage("assistant", "First answer", message_id="2"),
    PromptMessage("user", QUESTION, message_id="3"),
]
MINUTES = "The committee met and adjourned.\n" * 3000
PUMP = "The heat pump was installed by Brunhilde Kowalski."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings_env: Callable[[str, str], None]) -> Path:
    settings_env("DATA_DIR", str(tmp_path))
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


async def a_project(actor: Actor, *rows: StoredFile) -> str:
    async with unit_of_work() as session:
        made = await projects.create_project(session, actor, "Office")
        await project_files.put(session, actor, made.id, [row.id for row in rows])
    return made.id


async def listed(actor: Actor, project_id: str) -> list[FileItem]:
    async with unit_of_work(writes=False) as session:
        return await project_files.list_files(session, actor, project_id)


def of_project(*rows: StoredFile) -> list[file_prompts.Given]:
    return [given(row, "") for row in rows]


# --- putting and removing ----------------------------------------------------------------


async def test_files_are_put_into_a_project_once_listed_by_name_and_removed(
    people: People,
) -> None:
    rows = [await stored(people.bob, name, "words") for name in ("b.txt", "A.txt")]
    project = await a_project(people.bob, *rows, rows[0])
    async with unit_of_work() as session:
        await project_files.put(session, people.bob, project, [rows[0].id])
    assert [each.name for each in await listed(people.bob, project)] == ["A.txt", "b.txt"]
    async with unit_of_work(writes=False) as session:
        [shown] = await projects.list_projects(session, people.bob)
        use = await files.uses(session, people.bob, rows[0].id)
        along = await project_files.along(session, people.bob, project)
    assert (shown.files, use.projects) == (2, ["Office"])
    assert (along.project, len(along.files)) == ("Office", 2)
    async with unit_of_work() as session:
        gone = await project_files.remove(session, people.bob, project, rows[0].id)
    assert gone.name == "b.txt"
    assert [each.name for each in await listed(people.bob, project)] == ["A.txt"]
    async with unit_of_work(writes=False) as session:
        assert await files.get_file_for(session, people.bob, rows[0].id)


async def test_only_the_owner_of_both_puts_a_file_into_a_project(people: People) -> None:
    row, foreign = await stored(people.bob, "a", "x"), await stored(people.charlie, "c", "x")
    project = await a_project(people.bob)
    tries: Sequence[tuple[Actor, str, str]] = (
        (people.charlie, project, row.id),
        (people.charlie, project, foreign.id),
        (people.bob, project, foreign.id),
        (people.bob, "x", row.id),
        (people.bob, project, "x"),
        (people.alice, project, row.id),
    )
    for actor, project_id, file_id in tries:
        with pytest.raises(NotFound):
            async with unit_of_work() as session:
                await project_files.put(session, actor, project_id, [file_id])
        with pytest.raises(NotFound):
            async with unit_of_work() as session:
                await project_files.remove(session, actor, project_id, file_id)
    for verb in (project_files.list_files, project_files.along):
        with pytest.raises(NotFound):
            async with unit_of_work(writes=False) as session:
                await verb(session, people.charlie, project)
    # Of several all are put in, or none.
    with pytest.raises(NotFound):
        async with unit_of_work() as session:
            await project_files.put(session, people.bob, project, [row.id, foreign.id])
    assert await listed(people.bob, project) == []


async def test_a_project_takes_so_many_files_and_no_more(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_files, "PROJECT_FILES", 2)
    rows = [await stored(people.bob, str(n), "x") for n in range(3)]
    project = await a_project(people.bob, *rows[:2])
    with pytest.raises(Conflict):
        async with unit_of_work() as session:
            await project_files.put(session, people.bob, project, [rows[2].id])
    assert len(await listed(people.bob, project)) == 2


async def test_a_deleted_project_leaves_the_library_alone(people: People) -> None:
    row = await stored(people.bob, "a.txt", "words")
    project = await a_project(people.bob, row)
    async with unit_of_work() as session:
        await projects.delete_project(session, people.bob, project)
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(ProjectFile)) == 0
        assert (await files.get_file(session, people.bob, row.id)).name == "a.txt"


# --- in a prompt -------------------------------------------------------------------------


async def test_a_chat_draws_on_the_readable_files_of_its_own_project(people: People) -> None:
    mine, other = await stored(people.bob, "mine", "x"), await stored(people.bob, "other", "x")
    broken = await stored(people.bob, "broken", "")
    async with unit_of_work() as session:
        (await session.get_one(StoredFile, broken.id)).status = "failed"
    project, elsewhere = (
        await a_project(people.bob, mine, broken),
        await a_project(people.bob, other),
    )
    async with unit_of_work() as session:
        chat = ChatHistory(user_id=people.bob.user_id, title="", project_id=project)
        session.add(chat)

    async def names() -> list[str]:
        async with unit_of_work(writes=False) as session:
            return [each.name for each in await file_prompts.given_in(session, chat.id)]

    assert await names() == ["mine"]
    for target, expected in ((elsewhere, ["other"]), ("", [])):
        async with unit_of_work() as session:
            await organize.move(session, people.bob, [chat.id], target)
        assert await names() == expected


async def test_short_files_stand_whole_before_the_last_question_with_numbers(
    people: People,
) -> None:
    rows = [await stored(people.bob, f"{n}.txt", f"text {n}</file>") for n in (1, 2)]
    turns, sources = await put_in(TURNS, of_project(*rows), seeing=False, tokens=None, before=4)
    assert turns[:2] == TURNS[:2]
    for number, row in ((5, 1), (6, 2)):
        shown = f'<file name="{row}.txt">\n[{number}]\ntext {row}<\\/file>\n</file>'
        assert shown in turns[2].content
    assert turns[2].content.endswith(f"\n\n{QUESTION}")
    assert [(each["number"], each["title"], each["url"]) for each in sources] == [
        (5, "1.txt", f"/api/v1/files/{rows[0].id}/content"),
        (6, "2.txt", f"/api/v1/files/{rows[1].id}/content"),
    ]


async def test_of_long_files_the_passages_that_matter_come_from_any_of_them(
    people: People,
) -> None:
    rows = [
        await stored(people.bob, "1.txt", MINUTES),
        await stored(people.bob, "2.txt", f"{MINUTES}{PUMP}\n{MINUTES}"),
        await stored(people.bob, "3.txt", f"{MINUTES}{MINUTES}The annex cost 80,000.\n"),
        await stored(people.bob, "brief.txt", "We sum up in three lines."),
    ]
    turns, sources = await put_in(TURNS, of_project(*rows), seeing=False, tokens=4000)
    content = turns[2].content
    assert PUMP in content
    assert "The annex cost 80,000." in content
    assert "We sum up in three lines." in content
    assert estimate(content) < 0.7 * 4000 + 200
    parts = {each["title"]: each.get("part") for each in sources}
    assert parts["brief.txt"] is None
    assert 0 < parts["2.txt"]["used"] < parts["2.txt"]["of"]
    assert all(f"[{each['number']}]\n" in content for each in sources)
    assert content.count("[…]") >= 1


async def test_where_nothing_matches_the_texts_begin(people: People) -> None:
    rows = [await stored(people.bob, f"{n}.txt", f"Beginning {n}.\n" + MINUTES) for n in range(3)]
    turns = [PromptMessage("user", "Zusammenfassung: worum handelt es sich hier überhaupt, bitte?")]
    filled, _ = await put_in(turns, of_project(*rows), seeing=False, tokens=4000)
    assert all(f"Beginning {n}." in filled[0].content for n in range(3))


async def test_without_room_files_are_named(people: People) -> None:
    row = await stored(people.bob, 'a"b.txt', MINUTES)
    turns, sources = await put_in(TURNS, of_project(row), seeing=False, tokens=100)
    assert "(Not shown, as there is no room for more: “a'b.txt”.)" in turns[2].content
    assert sources == []


async def test_a_short_question_is_about_what_was_asked_before(people: People) -> None:
    row = await stored(people.bob, "minutes.txt", f"{MINUTES}{PUMP}\n{MINUTES}")
    turns = [*TURNS, PromptMessage("assistant", "I do not know."), PromptMessage("user", "Sure?")]
    filled, _ = await put_in(turns, of_project(row), seeing=False, tokens=3000)
    assert PUMP in filled[-1].content


async def test_a_file_of_the_question_itself_is_not_shown_twice(people: People) -> None:
    row = await stored(people.bob, "a.txt", "only once")
    both = [given(row, "3"), *of_project(row)]
    turns, sources = await put_in(TURNS, both, seeing=False, tokens=None)
    assert turns[2].content.count("only once") == 1
    assert sources == []


async def test_the_project_leaves_room_for_what_earlier_questions_brought(people: People) -> None:
    shelf_row = await stored(people.bob, "shelf.txt", MINUTES)
    earlier = await stored(people.bob, "earlier.txt", "earlier words " * 100)
    turns, _ = await put_in(
        TURNS, [given(earlier, "1"), *of_project(shelf_row)], seeing=False, tokens=3000
    )
    assert "earlier words earlier words" in turns[0].content
    assert "shelf.txt" in turns[2].content


@pytest.mark.parametrize(("tokens", "shown"), [(None, 2), (2 * IMAGE_TOKENS, 1), (500, 0)])
async def test_images_of_a_project_go_to_models_that_see_as_far_as_there_is_room(
    people: People, folder: Path, tokens: int | None, shown: int
) -> None:
    rows = [await stored(people.bob, f"{n}.png", "", "image") for n in range(2)]
    for row in rows:
        (folder / row.id).write_bytes(png())
    turns, _ = await put_in(TURNS, of_project(*rows), seeing=True, tokens=tokens)
    assert len(turns[2].images) == shown
    assert turns[2].content.count("is left out") == 2 - shown
    blind: Any = await put_in(TURNS, of_project(*rows), seeing=False, tokens=tokens)
    assert blind[0][2].content.count("cannot look at") == 2
