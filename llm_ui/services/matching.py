"""List filters: substring matching that compares text in the same way as search.

Case, diacritics, width and Unicode composition are ignored. SQLite calls `llm_ui.folding`;
PostgreSQL does the same with its own functions.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from llm_ui.normal_forms import LONG_RUN, normalized

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
    # PostgreSQL's normalization is also quadratic in the number of consecutive combining marks.
    bounded = f"regexp_replace(lower({text}), '{LONG_RUN}', '\\1', 'g')"
    return f"regexp_replace(normalize({bounded}, NFKD), '{_MARKS}', '', 'g')"


def holds(word: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Whether one of the columns contains the word."""
    # Characters special to LIKE must not appear through folding after they were escaped.
    plain = normalized(word, "NFKC")
    pattern = "%" + plain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    wanted = _Folded(sa.literal(pattern))
    return sa.or_(*(_Folded(each).like(wanted, escape="\\") for each in columns))
