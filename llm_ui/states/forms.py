"""Forms with many fields: a page sends them as one JSON object."""

from __future__ import annotations

import orjson

from llm_ui.errors import InvalidInput

FORM_LIMIT = 100_000


def texts_of(form: str) -> dict[str, str]:
    """The fields of a form by name. A box that is not ticked is not among them.

    Raises:
        InvalidInput: it is no form.
    """
    try:
        fields = orjson.loads(form) if len(form) <= FORM_LIMIT else None
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict) or not all(isinstance(each, str) for each in fields.values()):
        raise InvalidInput("error.request_invalid", field="form")
    return fields
