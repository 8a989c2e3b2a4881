"""Text, numbers and times, formatted by the browser in the user's language.

`t("chat.new")` is a Var that looks its key up in the bundled catalogs, so no text is sent over
the websocket, and a page needs no state to be translated.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex.vars.base import Var

from llm_ui.i18n import browser_catalogues, catalogue
from llm_ui.react._link import link

browser_catalogues(link)  # for the bundler
_MODULE = link("text.js")["text.js"]
_DATA = VarData(
    imports={_MODULE: [rx.ImportVar(tag="useText")]},
    hooks={"const text = useText();": None},
)


def _call(function: str, *args: Any) -> rx.vars.StringVar:
    call = rx.vars.FunctionStringVar.create(f"text.{function}", _var_data=_DATA).call(*args)
    return call.to(str)


def t(key: str, **params: Any) -> rx.vars.StringVar:
    """The text of a catalog key; parameters may be Vars."""
    if key not in catalogue():
        msg = f"no such text: {key}"
        raise KeyError(msg)
    return _call("t", key, params) if params else _call("t", key)


def t_of(prefix: str, name: Var[str] | str) -> rx.vars.StringVar:
    """The text of a key whose last part is known only in the browser; if there is no such text,
    that part itself."""
    return _call("of", prefix, name)


def language() -> rx.vars.StringVar:
    """The language tag of the page."""
    return _call("language")


def language_name(tag: str) -> rx.vars.StringVar:
    """A language's name in the page's language: German for de."""
    return _call("tongue", tag)


def locale() -> rx.vars.StringVar:
    """The page's language with the reader's country, for dates formatted by the browser."""
    return _call("locale")


def number(value: Any) -> rx.vars.StringVar:
    """12,345.6 in the page's language."""
    return _call("number", value)


def short_number(value: Any) -> rx.vars.StringVar:
    """12.3K."""
    return _call("short", value)


def listing(items: Any) -> rx.vars.StringVar:
    """a, b, c."""
    return _call("list", items)


def duration(milliseconds: Any) -> rx.vars.StringVar:
    """740 ms, 1.4 s, 3 min 5 s."""
    return _call("duration", milliseconds)


def span(seconds: Any) -> rx.vars.StringVar:
    """3 minutes, 2 days: in the largest unit that fits."""
    return _call("span", seconds)


def file_size(size: Any) -> rx.vars.StringVar:
    """512 bytes, 34 kB, 1.2 MB."""
    return _call("size", size)


def when(iso: Any) -> rx.vars.StringVar:
    """A moment in the browser's own time zone."""
    return _call("when", iso)


def day(iso: Any) -> rx.vars.StringVar:
    """A day, given as an ISO date, written out."""
    return _call("day", iso)


def price(micro: Any, currency: Any) -> rx.vars.StringVar:
    """A price given in millionths of the currency's unit, with all of its decimals."""
    return _call("price", micro, currency)


def money(micro: Any, currency: Any) -> rx.vars.StringVar:
    """An amount given in millionths of the currency's unit."""
    return _call("money", micro, currency)
