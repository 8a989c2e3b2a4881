"""What names read as, and what is no name."""

import pytest

from llm_ui.security import names

UNSEEN = [
    "ad\u202emin",
    "ad\u200bmin",
    "admin\u200d",
    "ad\u00admin",
    "\ufeffadmin",
    "ad\u2066min",
    "ad\u034fmin",
    "admin\u3164",
    "a\u115fb",
    "x\u2800y",
    "a\ue000b",
    "a\U000e0041b",
    "a\u200cb",
    "a\u061cb",
    "a\u180eb",
]
PLAIN = [
    "Bob",
    "José García",
    "Zoë",
    "Анна",
    "Ωμέγα",
    "李小龍",
    "محمد",
    "می\u200cخواهم",
    "क\u094d\u200dष",
    "Bob 🙂",
]


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_seen_is_no_part_of_a_name(name: str) -> None:
    assert not names.is_visible(names.one_form(name))
    assert names.is_visible(names.visible(name))


@pytest.mark.parametrize("name", PLAIN)
def test_names_of_the_world_are_names(name: str) -> None:
    assert names.is_visible(names.one_form(name))
    assert names.is_of_one_alphabet(name)
    assert names.visible(name) == names.one_form(name) == name


@pytest.mark.parametrize("name", ["аdmin", "adмin", "Βob", "pаypal shop", "Ꭰdmin", "հello"])
def test_no_word_is_of_two_alphabets_that_look_alike(name: str) -> None:
    assert not names.is_of_one_alphabet(name)


@pytest.mark.parametrize("name", ["Anna Анна", "東京 Tokyo", "Kim 김"])
def test_two_words_may_be(name: str) -> None:
    assert names.is_of_one_alphabet(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("admin", "аdmin"),
        ("admin", "Admin"),
        ("admin", "ａｄｍｉｎ"),
        ("admin", "𝐚𝐝𝐦𝐢𝐧"),
        ("admin", " admin "),
        ("admin", "adrnin"),
        ("alice", "aIice"),
        ("alice", "a1ice"),
        ("bob", "b0b"),
        ("ACE", "АСЕ"),
        ("ace", "асе"),
        ("Max", "Мах"),
        ("wave", "vvave"),
        ("O'Neil", "O’Neil"),
        ("a-b", "a‑b"),
        ("istanbul", "ıstanbul"),
        ("a b", "a\u00a0 b"),
        ("ok\ufe0f", "ok"),
    ],
)
def test_names_that_read_alike_share_a_key(one: str, other: str) -> None:
    assert any(a == b for a, b in zip(names.keys(one), names.keys(other), strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bob", "rob"),
        ("anna", "Анна"),
        ("Lan", "Ian"),
        ("person1", "person2"),
        ("Max", "Мах2"),
        ("jose", "josé"),
        ("ab", "a b"),
        ("12", "21"),
    ],
)
def test_names_that_do_not_share_none(one: str, other: str) -> None:
    assert not any(a == b for a, b in zip(names.keys(one), names.keys(other), strict=True))


def test_the_same_name_is_no_double_of_itself() -> None:
    assert not names.look_alike("gpt-4o", "GPT-4o")
    assert names.look_alike("gpt-4o", "gрt-4o")
