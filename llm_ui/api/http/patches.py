"""Updates as in RFC 7396: omitted fields are kept, null clears, objects are merged.

For fields that can't be empty, null is refused (`KEPT`), because a program that sends null expects
a change that would not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")


class _Kept:
    """Marks an optional field that may be omitted but not cleared."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_refuse_null, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(schema)
        choices = [each for each in found.get("anyOf", ()) if each != {"type": "null"}]
        if len(choices) == 1:
            found = {name: value for name, value in found.items() if name != "anyOf"}
            found |= choices[0]
        elif choices:
            found["anyOf"] = choices
        return found


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("not_null", "null is not allowed here")
    return value


KEPT = _Kept()


def merged(before: Mapping[str, T], change: Mapping[str, T | None]) -> dict[str, T]:
    """Merge a change into an object: null removes a field; fields not named are kept."""
    found = {**before, **change}
    return {name: value for name, value in found.items() if value is not None}


def given(body: BaseModel, name: str, nothing: Any) -> Any:
    """The value of a body's field: None if it was omitted, `nothing` if it was null."""
    value = getattr(body, name)
    return nothing if value is None and name in body.model_fields_set else value
