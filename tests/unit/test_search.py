"""Search: what is found, in which order, how it is marked, and what never is."""

from __future__ import annotations

import random
import unicodedata
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.models import ChatHistory, ChatMessage
from llm_ui.models.base import now
from llm_ui.schemas.chats.finding import ChatFilters, Part
from llm_ui.services.chats import chats, organize, search
from llm_ui.services.chats.search_words import marked, parse, snippet
from llm_ui.services.projects import projects
from tests.conftest import People


async def put(
    actor: Actor, title: str, *texts: str, status: str = "done", temporary: bool = False
) -> str:
    """A chat with these messages; its id."""
    async with unit_of_work() as session:
        chat = ChatHistory(user_id=actor.user_id, title=title, is_temporary=temporary)
        session.add(chat)
        await session.flush()
        parent = None
        for number, text in enumerate(texts):
            role = "assistant" if number % 2 else "user"
            row = ChatMessage(
                chat_id=chat.id, parent_id=parent, role=role, content=text, status=status
            )
            session.add(row)
            await session.flush()
            parent = row.id
        return chat.id


async def find(actor: Actor, query: str, filters: ChatFilters | None = None) -> list[str]:
    """The ids of the chats that are found."""
    async with unit_of_work(writes=False) as session:
        page = await search.search(session, actor, query, filters)
    return [each.chat_id for each in page.items]


async def test_titles_and_messages_are_found(people: People):
    bread = await put(people.bob, "Bread", "How much yeast for a loaf?", "Seven grams of yeast.")
    pump = await put(people.bob, "Heat pumps in winter", "Do they work?", "Yes, down to -20 °C.")
    assert await find(people.bob, "yeast") == [bread]
    assert await find(people.bob, "winter") == [pump]
    assert await find(people.bob, "WINTER pumps") == [pump]
    assert await find(people.bob, "yeast winter") == []
    assert await find(people.bob, "") == await find(people.bob, " \t ") == []


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("brown fox", True),
        ("fox brown", True),
        ('"brown fox"', True),
        ('"fox brown"', False),
        ("“brown fox”", True),
        ("fox -dog", False),
        ("fox -cat", True),
        ('fox -"lazy dog"', False),
        ('fox -"dog lazy"', True),
        ("-cat", False),
        ("jum", True),
        ("jum fox", False),
        ("jumps", True),
        ("ümlaut", True),
        ("uber", True),
        ("ÜBER", True),
        ("read_file.py", True),
        ("path/to", True),
        ('"quick brown', True),
        ("fox AND NOT dog", False),
    ],
)
async def test_the_language_of_queries(people: People, query: str, fits: bool):
    text = "The quick brown fox jumps over the lazy dog. Umlaut: über path/to/read_file.py"
    chat = await put(people.bob, "", text)
    assert await find(people.bob, query) == ([chat] if fits else [])


HOSTILE = (
    '"',
    '""',
    '"""',
    "'",
    "\\",
    "*",
    "a*",
    "^a",
    "a^",
    "(",
    ")",
    "((",
    "a OR",
    "OR",
    "NOT",
    "AND",
    "NEAR(a b)",
    "a NEAR/2 b",
    "body:x",
    "owner:u",
    "- -",
    "--",
    '-"',
    ":*",
    "a:*",
    "a & | !",
    "<->",
    "!",
    "a<->",
    "%",
    "_",
    "%s",
    ":q",
    ";",
    "'; DROP TABLE user; --",
    "\x00",
    "a\x00b",
    "\ud800",
    "½",
    "１２",
    "漢字",
    "🙂",
    "\u0301",
    "a" * 5000,
    "a " * 3000,
    '"a' * 300,
    "-a " * 200,
    "{}",
    "$$",
    "İstanbul",
    "ß",
    "\u202e",
    "\\'",
    "a'b",
    "''",
    "col : x",
    "+a",
    "a + b",
    "^",
    "~",
    "NULL",
)


async def test_hostile_queries_never_raise(people: People):
    await put(people.bob, "A title", "a b c")
    for query in HOSTILE:
        for filters in (None, ChatFilters(project_id=query[:50], tag=query[:50])):
            assert isinstance(await find(people.bob, query, filters), list), query


async def test_the_index_keeps_step(people: People):
    chat = await put(people.bob, "Before", "first words")
    async with unit_of_work() as session:
        await chats.rename_chat(session, people.bob, chat, "After")
        row = await session.scalar(sa.select(ChatMessage).where(col(ChatMessage.chat_id) == chat))
        assert row is not None
        row.content = "second thoughts"
    assert await find(people.bob, "before") == await find(people.bob, "words") == []
    assert await find(people.bob, "after") == await find(people.bob, "thoughts") == [chat]
    async with unit_of_work() as session:
        await chats.delete_chat(session, people.bob, chat)
    assert await find(people.bob, "thoughts") == []
    async with unit_of_work() as session:
        await chats.undo_delete(session, people.bob, chat)
    assert await find(people.bob, "thoughts") == [chat]
    async with unit_of_work() as session:
        await session.execute(sa.delete(ChatHistory).where(col(ChatHistory.id) == chat))
        left = await session.scalar(sa.text("SELECT count(*) FROM searchentry"))
    assert left == 0
    assert await find(people.bob, "thoughts") == []


async def test_only_finished_messages_are_found(people: People):
    chat = await put(people.bob, "", "half an answer", status="running")
    assert await find(people.bob, "answer") == []
    async with unit_of_work() as session:
        await session.execute(
            sa.update(ChatMessage).where(col(ChatMessage.chat_id) == chat).values(status="stopped")
        )
    assert await find(people.bob, "answer") == [chat]


async def test_temporary_chats_leave_no_word_until_they_are_kept(people: People):
    chat = await put(people.bob, "A secret title", "a secret word", temporary=True)
    assert await find(people.bob, "secret") == []
    async with unit_of_work() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM searchentry")) == 0
        await session.execute(
            sa.update(ChatHistory).where(col(ChatHistory.id) == chat).values(is_temporary=False)
        )
    assert await find(people.bob, "secret word") == [chat]
    assert await find(people.bob, "secret title") == [chat]


async def test_charlie_finds_nothing_of_bobs(people: People):
    await put(people.bob, "Private", "a private word")
    own = await put(people.charlie, "Mine", "a private word too")
    assert await find(people.charlie, "private") == [own]
    async with unit_of_work() as session:
        project = await projects.create_project(session, people.bob, "Bob's")
    assert await find(people.charlie, "private", ChatFilters(project_id=project.id)) == []


async def test_filters(people: People):
    one, two = await put(people.bob, "Apple pie"), await put(people.bob, "Apple cake")
    async with unit_of_work() as session:
        project = await projects.create_project(session, people.bob, "Kitchen")
        await organize.move(session, people.bob, [one], project.id)
        await organize.tag(session, people.bob, [two], "Sweet", True)
    assert await find(people.bob, "apple", ChatFilters(project_id=project.id)) == [one]
    assert await find(people.bob, "apple", ChatFilters(tag="sweet")) == [two]
    tomorrow = now() + timedelta(days=1)
    assert await find(people.bob, "apple", ChatFilters(since=tomorrow)) == []
    assert len(await find(people.bob, "apple", ChatFilters(until=tomorrow))) == 2
    async with unit_of_work() as session:
        await organize.archive(session, people.bob, [one], True)
    assert await find(people.bob, "apple", ChatFilters()) == [two]
    assert await find(people.bob, "apple", ChatFilters(archived=True)) == [one]
    assert len(await find(people.bob, "apple", ChatFilters(archived=None))) == 2


async def test_a_title_comes_before_a_mention_and_much_before_little(people: People):
    little = await put(people.bob, "", "sourdough " + "and other things of every kind " * 40)
    much = await put(people.bob, "", "sourdough sourdough sourdough starter")
    title = await put(people.bob, "Sourdough", "how?")
    assert await find(people.bob, "sourdough") == [title, much, little]


async def test_an_old_title_comes_before_many_new_mentions(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "POOL", 3)
    title = await put(people.bob, "Rhubarb")
    for n in range(8):
        await put(people.bob, f"No. {n}", "rhubarb again")
    assert (await find(people.bob, "rhubarb"))[0] == title


async def test_pages_give_each_chat_once(people: People):
    made = {await put(people.bob, f"Common {n}", "a common word") for n in range(25)}
    seen: list[str] = []
    cursor = None
    async with unit_of_work(writes=False) as session:
        while True:
            page = await search.search(session, people.bob, "common", None, cursor, 10)
            seen += [each.chat_id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(seen) == sorted(made)


async def test_what_does_not_fit_the_pool_comes_on_later_pages(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "POOL", 7)
    monkeypatch.setattr(search, "TITLES", 4)
    made = {await put(people.bob, f"Common {n}") for n in range(25)}
    seen: list[str] = []
    cursor = None
    async with unit_of_work(writes=False) as session:
        while True:
            page = await search.search(session, people.bob, "common", None, cursor, 3)
            seen += [each.chat_id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "LTF8MA==", "OTl8OTk5OTk5"])
async def test_a_forged_cursor_is_refused(people: People, cursor: str):
    async with unit_of_work(writes=False) as session:
        with pytest.raises(InvalidInput):
            await search.search(session, people.bob, "x", None, cursor)


async def test_rows_that_were_there_before_are_found(db: Database, people: People):
    """What the migration does with old rows is what the triggers do with new ones."""
    chat = await put(people.bob, "Old title", "old words")
    async with unit_of_work(writes=False) as session:
        rows = (await session.execute(sa.text("SELECT chat_id, message_id FROM searchentry"))).all()
    assert {row[0] for row in rows} == {chat}
    assert sorted(row[1] is None for row in rows) == [False, True]


def test_marks_are_parts_and_never_markup():
    parts = marked("<b>Bread</b> & bread", parse("bread"))
    assert parts == [
        Part("<b>"),
        Part("Bread", True),
        Part("</b> & "),
        Part("bread", True),
    ]


def test_only_whole_words_are_marked_but_for_the_one_being_written():
    assert [p.text for p in marked("cat concatenate cats", parse("cat")) if p.hit] == [
        "cat",
        "cats",
    ]
    assert [p.text for p in marked("cat cats", parse('"cat"')) if p.hit] == ["cat"]
    assert [p.text for p in marked("Über den Wolken", parse("uber")) if p.hit] == ["Über"]


def test_a_snippet_shows_the_place_with_the_most():
    text = "needle " + "hay " * 200 + "needle and thread, needle" + " hay" * 200
    found = snippet(text, parse("needle thread"))
    assert sum(part.hit for part in found) == 3
    line = "".join(part.text for part in found)
    assert len(line) < 220
    assert line.startswith("…")
    assert line.endswith("…")


def test_a_snippet_is_one_line():
    assert "\n" not in "".join(p.text for p in snippet("a\n\nb needle\nc", parse("needle")))


# Each text, and what has to find it; each way round, composed and decomposed.
IN_OTHER_SCRIPTS = [
    ("한국 여행 일정을 짜 주세요", ["한국", "여행", "일정", "일정을", "주세요"]),
    ("서울에서 부산까지의 기차여행은 얼마인가요", ["서울", "부산", "여행", "기차여행"]),
    ("Какой мой любимый чай", ["любимый", "ЛЮБИМЫЙ", "чай", "люб"]),
    ("Ёжик и йод, Київ і їжак", ["ежик", "ёжик", "йод", "київ", "їжак"]),
    ("Ο άνθρωπος και ο λόγος", ["ανθρωπος", "ΆΝΘΡΩΠΟΣ", "λογοσ", "λόγος"]),
    ("أَحْمَد يُحِبُّ المدرســة", ["احمد", "أحمد", "المدرسة", "المدرسه", "يحب"]),
    ("שָׁלוֹם עֲלֵיכֶם", ["שלום", "עליכם"]),
    ("کتاب‌های فارسی", ["کتابهای", "فارسي"]),
    ("हिन्दी में किताब २०२४", ["हिन्दी", "किताब", "2024"]),
    ("Ｆｕｌｌ　ｗｉｄｔｈ ＡＢＣ１２３", ["full", "width", "abc123"]),
    ("the ﬁle oﬀice x² ①", ["file", "office", "x2", "1"]),
    ("Die Straße nach Łódź, smørrebrød", ["strasse", "STRASSE", "lodz", "smorrebrod"]),
    ("İstanbul ve Iğdır ışık", ["istanbul", "ISTANBUL", "igdir", "isik"]),
    ("Đường Nguyễn Huệ đẹp", ["duong", "nguyen", "Huệ", "dep"]),
    ("ﾃｷｽﾄのﾊﾞｯｸｱｯﾌﾟ", ["テキスト", "バックアップ"]),
    ("soft\u00adware and zero\u200bwidth", ["software", "zerowidth"]),
]
INSIDE_SENTENCES = [
    ("请帮我写一份设备清单和采购计划", ["设备清单", "设备", "清单", "采购计划", "计划", "请"]),
    ("我想喝茶，不要咖啡。", ["茶", "喝茶", "咖啡", "不要"]),
    (
        "日本語のテキスト：ヒートポンプは熱を移動させる装置です。",
        ["ヒートポンプ", "テキスト", "装置", "移動", "熱", "ポンプ"],
    ),
    ("Python入門書を3冊読む", ["python", "入門", "Python入門", "入門書", "3冊", "読む", "pyth"]),
    ("ผมชอบดื่มกาแฟตอนเช้า", ["กาแฟ", "ตอนเช้า", "ดื่ม"]),
    ("ខ្ញុំចូលចិត្តកាហ្វេ", ["កាហ្វេ"]),
    ("ຂ້ອຍມັກກາເຟ", ["ກາເຟ"]),
    ("ကျွန်တော် ကော်ဖီကြိုက်တယ်", ["ကော်ဖီ"]),
    ("臺灣𠮷野家", ["𠮷野", "野家", "𠮷"]),
]
WITH_SIGNS = [
    ("ask gpt-4o-mini about it", ["gpt-", "gpt-4", "gpt-4o", "gpt-4o-", "gpt-4o-mi", "4o-mini"]),
    ("call my_func(x) now", ["my", "my_", "my_f", "my_func", "my_func("]),
    ("see foo.bar and Node.js", ["foo.", "foo.b", "foo.bar", "node.j", "node.js"]),
    ("C++ or C# or F#", ["C++", "C#", "c", "f#"]),
    ("mail bob.smith@example.org", ["bob.sm", "bob.smith@", "bob.smith@exam", "example.org"]),
    ("in /usr/local/bin/python3.11", ["/usr/lo", "usr/local", "local/bin/pyth", "python3.1"]),
    ("https://example.org/a?b=c", ["https://exam", "example.org/a"]),
    ("don’t use O'Reilly", ["don't", "o'rei", "o’reilly"]),
]


@pytest.mark.parametrize("cases", [IN_OTHER_SCRIPTS, INSIDE_SENTENCES, WITH_SIGNS])
async def test_what_was_written_is_found_by_what_is_typed(
    people: People, cases: list[tuple[str, list[str]]]
):
    for text, queries in cases:
        for form in ("NFC", "NFD"):
            chat = await put(people.bob, "", unicodedata.normalize(form, text))
            for query in queries:
                for typed in (query, unicodedata.normalize("NFD", query)):
                    assert chat in await find(people.bob, typed), (text, form, typed)
            async with unit_of_work() as session:
                await session.execute(sa.delete(ChatHistory).where(col(ChatHistory.id) == chat))
        for query in queries:
            assert await find(people.bob, query) == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("パンを焼く", "バン"),
        ("и", "й"),
        ("请帮我写一份清单", "单清"),
        ("设有备用", "设备"),
        ("C and D", "C++"),
        ("C++ only", "C#"),
        ("concatenate", "cat"),
        ("gpt 4 turbo", "gpt-4o"),
        ("喝茶", "-茶 喝"),
        ("read the file", "readfile"),
    ],
)
async def test_what_only_looks_alike_is_not_found(people: People, text: str, query: str):
    await put(people.bob, "", text)
    assert await find(people.bob, query) == []


async def test_a_phrase_and_what_must_not_be_there_hold_for_every_script(people: People):
    one = await put(people.bob, "", "设备 清单")
    two = await put(people.bob, "", "设备清单")
    assert set(await find(people.bob, "设备 清单")) == {one, two}
    assert await find(people.bob, '"设备清单"') == [two]
    assert await find(people.bob, '设备 -"设备清单"') == [one]
    assert await find(people.bob, '"설비 목록"') == []


async def test_a_title_in_any_script_is_found_and_marked(people: People):
    chat = await put(people.bob, "热泵与ヒートポンプの比較", "x")
    async with unit_of_work(writes=False) as session:
        page = await search.search(session, people.bob, "ﾋｰﾄﾎﾟﾝﾌﾟ")
    assert [each.chat_id for each in page.items] == [chat]
    assert Part("ヒートポンプ", True) in page.items[0].title


async def test_a_chat_that_changes_hands_is_found_by_its_new_owner_in_any_script(people: People):
    chat = await put(people.bob, "설비 목록", "请帮我写一份设备清单")
    async with unit_of_work() as session:
        await session.execute(
            sa.update(ChatHistory)
            .where(col(ChatHistory.id) == chat)
            .values(user_id=people.charlie.user_id)
        )
    for query in ("목록", "设备"):
        assert await find(people.charlie, query) == [chat]
        assert await find(people.bob, query) == []


async def test_very_long_texts_are_indexed_whatever_they_are_made_of(people: People):
    rng = random.Random(5)
    many = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(120_000))
    chat = await put(people.bob, "", many)
    assert await find(people.bob, many[1000:1004]) == [chat]
    words = await put(people.bob, "", " ".join(f"wort{n}ü" for n in range(30_000)))
    assert await find(people.bob, "wort5u") == [words]
    key = await put(people.bob, "", "k" * 5000)
    assert await find(people.bob, "k" * 5000) == [key]


@pytest.mark.parametrize(
    ("text", "query", "hits"),
    [
        ("请写设备清单，设备要新", "设备", ["设备", "设备"]),
        ("喝茶", "茶", ["茶"]),
        ("Die STRASSE und die Straße", "straße", ["STRASSE", "Straße"]),
        ("cafe\u0301 noir", "café", ["cafe\u0301"]),
        ("\u1112\u1161\u11ab 여행", "한", ["\u1112\u1161\u11ab"]),
        ("use gpt-4o-mini, gpt 4o", "gpt-4o", ["gpt-4o", "gpt 4o"]),
        ("use gpt-4o-mini", "gpt-4o-m", ["gpt-4o-mini"]),
        ("C++ and C", "C++", ["C++"]),
        ("my_func my_function", "my_func", ["my_func", "my_function"]),
        ("ｆｕｌｌ width", "full", ["ｆｕｌｌ"]),
        ("the ﬁle", "file", ["ﬁle"]),
        ("Python入門", "入門", ["入門"]),
        ("Python入門", "python", ["Python"]),
        ("أَحْمَد هنا", "احمد", ["أَحْمَد"]),
        ("पुस्तक हिन्दी", "हिन्दी", ["हिन्दी"]),
    ],
)
def test_the_place_is_marked_in_the_text_as_it_was_written(text: str, query: str, hits: list[str]):
    parts = marked(text, parse(query))
    assert "".join(part.text for part in parts) == text
    assert [part.text for part in parts if part.hit] == hits


def test_a_snippet_of_a_text_without_blanks_shows_the_place():
    found = snippet(
        "春眠不觉晓处处闻啼鸟。" * 50 + "设备清单在这里" + "夜来风雨声花落知多少。" * 50,
        parse("设备清单"),
    )
    assert Part("设备清单", True) in found
    assert len("".join(part.text for part in found)) < 220
