"""Filters of lists: whether a column holds what was typed, compared as search compares words.

Capitals, marks, widths and ways of composing a character do not count. SQLite asks
`llm_ui.folding`, PostgreSQL does the same with what it has.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_MARKS = (
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    r"\u200b-\u200f\u00ad]"
)


class _Folded(FunctionElement[str]):
    name = "folded"
    type = sa.Text()
    inherit_cache = True


@compiles(_Folded, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"search_fold({compiler.process(element.clauses, **options)})"


@compiles(_Folded, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"regexp_replace(normalize(lower({text}), NFKD), '{_MARKS}', '', 'g')"


def holds(word: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Whether one of the columns has this somewhere in it."""
    # Signs that mean something to LIKE must not come out of the folding later.
    plain = unicodedata.normalize("NFKC", word)
    pattern = "%" + plain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    wanted = _Folded(sa.literal(pattern))
    return sa.or_(*(_Folded(each).like(wanted, escape="\\") for each in columns))
