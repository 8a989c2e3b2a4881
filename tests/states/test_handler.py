"""What the handlers' decorator does around a handler, without a server: who may call it, and how
a refusal is told."""

from __future__ import annotations

from typing import Any

import pytest
import reflex as rx

from llm_ui.errors import InvalidInput, NotAllowed, NotFound
from llm_ui.i18n import translate
from llm_ui.states.browser import Reply
from llm_ui.states.forms import open_form
from llm_ui.states.handlers import handler
from llm_ui.states.socket.access import access_of
from llm_ui.states.socket.guard import _fits


class _Things(rx.State):
    thing_number: int = 0
    thing_problem: str = ""
    thing_field: str = ""
    note_problem: str = ""
    failure: str = ""

    def _fail(self) -> None:
        if self.failure == "missing":
            raise NotFound
        if self.failure == "wrong":
            raise InvalidInput("error.key_days", field="days", limit=9)

    @handler("admin", form="thing_", closes="thing-dialog")
    async def save_thing(self, name: str, days: int = 1) -> None:
        """A form with fields, in a dialog."""
        self._fail()

    @handler(form="note_")
    async def save_note(self, text: str) -> Reply:
        """A form that says what is wrong, and not where."""
        self._fail()
        return rx.redirect("/notes")

    @handler("public", closes="question")
    async def delete_thing(self) -> Reply:
        """What is asked about in a dialog."""
        self._fail()
        return rx.redirect("/things")

    @handler(background=True)
    async def follow(self) -> Any:
        """What goes on beside everything else."""
        yield rx.redirect("/first")
        raise NotAllowed


@pytest.fixture
def things() -> _Things:
    return _Things(_reflex_internal_init=True)


def fn(name: str) -> Any:
    return _Things.event_handlers[name].fn


def names(reply: Any) -> list[Any]:
    """What the browser is to do: calls of ours with their values, and events by name."""
    replies = reply if isinstance(reply, list) else [] if reply is None else [reply]
    return [each.payload["value"] if hasattr(each, "payload") else "redirect" for each in replies]


def test_who_may_call_is_declared_and_arguments_are_those_of_the_handler() -> None:
    assert [access_of(fn(each)) for each in ("save_thing", "save_note", "delete_thing")] == [
        "admin",
        "user",
        "public",
    ]
    assert _fits(fn("save_thing"), {"name": "x"})
    assert _fits(fn("save_thing"), {"name": "x", "days": 3})
    assert not _fits(fn("save_thing"), {"name": "x", "days": "3"})
    assert not _fits(fn("save_thing"), {"days": 3})
    assert not _fits(fn("save_thing"), {"name": "x", "args": 1})


async def test_a_form_is_told_what_is_wrong_and_stays_open(things: _Things) -> None:
    things.failure = "wrong"
    assert names(await fn("save_thing")(things, name="x")) == [["wrong"]]
    assert things.thing_problem == translate("error.key_days", "en", limit=9)
    assert things.thing_field == "days"
    # Another one is about no field.
    things.failure = "missing"
    await fn("save_thing")(things, name="x")
    assert things.thing_problem
    assert things.thing_field == ""
    things.failure = ""
    assert names(await fn("save_thing")(things, name="x")) == [["shut", "thing-dialog"]]
    assert (things.thing_problem, things.thing_field) == ("", "")


async def test_a_form_without_fields_leads_to_none(things: _Things) -> None:
    things.failure = "wrong"
    assert await fn("save_note")(things, text="x") is None
    assert things.note_problem
    things.failure = ""
    assert names(await fn("save_note")(things, text="x")) == ["redirect"]
    assert things.note_problem == ""


async def test_a_question_is_over_whatever_comes_of_it(things: _Things) -> None:
    assert names(await fn("delete_thing")(things)) == [["shut", "question"], "redirect"]
    things.failure = "missing"
    shut, told = names(await fn("delete_thing")(things))
    assert shut == ["shut", "question"]
    assert told[:2] == ["say", "error"]


async def test_what_goes_on_beside_is_told_over_the_page(things: _Things) -> None:
    shown = [each async for each in fn("follow")(things)]
    assert names(shown)[0] == "redirect"
    assert names(shown)[1][:2] == ["say", "error"]


def test_a_form_is_opened_as_a_new_one(things: _Things) -> None:
    things.thing_problem, things.thing_field = "no", "days"
    assert names(open_form(things, "thing_", "thing-dialog")) == [["show", "thing-dialog"]]
    assert (things.thing_number, things.thing_problem, things.thing_field) == (1, "", "")
