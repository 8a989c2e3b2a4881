"""Examples for the OpenAPI document.

An example is assembled from the schema: its own example, the examples of its fields, and the
allowed values. Where the schema says too little, the names of fields determine the values (WORDS),
and realistic request bodies are written out (REQUESTS).
"""

from __future__ import annotations

from typing import Any

from llm_ui import __version__
from llm_ui.api.openapi.described import MOMENTS

Schema = dict[str, Any]

ID = "019a5c1e-7d3f-7b52-9c41-2f6e8d0a1b3c"
OTHER_ID = "019a5c1e-9f10-7c08-8e2d-5b7a9c3d1e4f"
MOMENT = "2026-03-14T09:26:53+00:00"
LATER = "2026-03-14T09:27:01+00:00"

# Request bodies by the names of their schemas. For all other schemas, an example has the required
# fields, and those that have an example or come first.
REQUESTS: dict[str, Any] = {
    "RetryBody": {"params": {"temperature": 0.9}},
    "AddressBody": {"is_active": False},
    "ChatChange": {"title": "Heat pumps, sorted", "pinned": True},
    "ChatIds": {"ids": [ID]},
    "Changes": {"theme": "dark"},
    "Deletion": {"email": "bob@example.org", "hand_over_to": OTHER_ID},
    "Feedback": {"value": 1},
    "NewAddress": {"api_url": "http://127.0.0.1:8001/v1", "position": 0},
    # The bundled model: what is tried out as it stands does something.
    "NewChat": {
        "model": "SmolLM2-135M-Instruct",
        "title": "Heat pumps",
        "settings": {"temperature": 0.2},
    },
    "NewInvitation": {"email": "erin@example.org", "role": "user", "days": 7},
    "NewKeyBody": {"key_name": "Nightly report", "scopes": ["read"], "days": 90},
    "NewPassword": {
        "current": "correct horse battery",
        "new": "an even better horse battery",
    },
    "NewProject": {"name": "House", "system_prompt": "Answer in metric units."},
    "NewProvider": {
        "name": "Own GPU",
        "provider_type": "openai",
        "api_url": "http://127.0.0.1:8000/v1",
        "api_key": "sk-example",
    },
    "EditBody": {"content": "And in winter?"},
    "PersonChange": {"role": "admin"},
    "OrganizeBody": {"ids": [ID], "pinned": True, "add_tag": "house"},
    "ProjectChange": {"description": "All about the renovation."},
    "PromptBody": {
        "name": "Friendly email",
        "text": "Write an email to {{person}}.",
        "tags": ["mail"],
        "is_public": False,
    },
    "PromptChange": {"text": "Write a short email to {{person}}."},
    "ProviderBody": {"name": "Own GPU", "timeouts": {"first_token": 60}},
    # Without a key: sent again with other words it would be refused.
    "Question": {"content": "Which heat pump suits an old house?"},
    "Tags": {"tags": ["house", "heating"]},
}

# What stands in an answer, by the name of the field.
WORDS: dict[str, Any] = {
    "address": "203.0.113.7",
    "api_url": "http://127.0.0.1:8000/v1",
    "code": "conflict",
    "confirm": "delete",
    "content": "A heat pump moves heat from outside into the house.",
    "created_by": "Alice",
    "csrf_token": "4f2d7c0e9a1b",
    "current": "correct horse battery",
    "currency": "USD",
    "database": "sqlite",
    "day": "2026-03-14",
    "description": "All about the renovation.",
    "detail": "Connection refused",
    "domains": "example.org",
    "email": "bob@example.org",
    "end": "2026-03-14",
    "excerpt": "Write an email to {{person}}.",
    "icon": "folder",
    "key": "llmui_2b7e151628aed2a6abf7158809cf4f3c",
    "job_type": "backup",
    "kind": "text",
    "language": "en",
    "label": "OpenAI-compatible",
    "link": "/api/v1/admin/backups/llm-ui-2026-03-14.zip/content",
    "made": "12 chats and 3 files",
    "media_type": "application/pdf",
    "message": "bob@example.org",
    "model": "SmolLM2",
    "name": "House",
    "note": "3 of 12 tables",
    "origin": "admin",
    "owner": "Bob",
    "password": "correct horse battery",
    "path": "/join#Zm9vYmFyYmF6",
    "prefix": "llmui_2b7e",
    "program": "Firefox",
    "provider": "Own GPU",
    "reason": "refused",
    "provider_type": "openai",
    "reference": "K7QM2XPA",
    "role": "user",
    "start": "2026-02-13",
    "state": "active",
    "status": "ok",
    "system": "Linux",
    "system_prompt": "Answer in metric units.",
    "tag": "house",
    "text": "heat pump",
    "theme": "dark",
    "title": "Heat pumps",
    "token": "Zm9vYmFyYmF6cXV4",
    "type": "openai",
    "url": "https://example.org/heat-pumps",
    "user": "Bob",
    "username": "Bob",
    "value": "admin",
    "version": __version__,
}

# What a field of one schema holds, where its name alone would say something else.
PLACES: dict[str, Any] = {
    "Backup.name": "llm-ui-2026-03-14.zip",
    "BackupItem.name": "llm-ui-2026-03-14.zip",
    "ChatList.next_cursor": None,
    "ConnectionView.address": "http://127.0.0.1:8000/v1",
    "ConnectionView.names": ["SmolLM2"],
    "RegistrationView.registration": "open",
    "Fact.before": "user",
    "FileInfo.name": "plan.pdf",
    "FurtherAddress.headers": ["X-Team"],
    "Hit.role": "assistant",
    "Key.key_name": "Nightly report",
    "Key.scopes": ["read"],
    "LinkView.kind": "invite",
    "LogRow.log_type": "admin.user_role",
    "LogRow.log_level": "info",
    "Message.modes": ["thinking"],
    "Message.reasoning": "",
    "Message.role": "assistant",
    "Message.status": "done",
    "ModelItem.accepts": ["temperature", "max_tokens"],
    "ModelItem.description": "Small and quick",
    "ModelItem.name": "SmolLM2",
    "ModelRef.name": "SmolLM2",
    "PresetItem.key": "openrouter",
    "PresetItem.name": "OpenRouter",
    "Prompt.name": "Friendly email",
    "Prompt.text": "Write an email to {{person}}.",
    "Prompt.variables": ["person"],
    "PromptSummary.name": "Friendly email",
    "PromptSummary.variables": ["person"],
    "ProviderView.headers": ["X-Team"],
    "ProviderView.name": "Own GPU",
    "ProviderView.variables": [],
    "Source.problem": "",
    "Source.state": "read",
    "Synced.changed": [],
    "Synced.gone": [],
    "Synced.new": ["SmolLM2"],
    "TagView.name": "house",
    "UsageModel.name": "SmolLM2",
}

# What is no JSON.
TEXTS: dict[str, str] = {
    "application/x-ndjson": f'{{"created_at": "{MOMENT}", "log_type": "sign_in.ok"}}\n',
    "text/csv": "day,model,answers\n2026-03-14,SmolLM2,3\n",
    "text/event-stream": (
        'id: 0\nevent: snapshot\ndata: {"text":"","reasoning":""}\n\n'
        'id: 4\nevent: text\ndata: {"text":"Heat"}\n\n'
        'id: 4\nevent: end\ndata: {"status":"done","state":"done",'
        '"finish_reason":"stop","truncated":false,'
        '"usage":{"input_tokens":21,"cached_tokens":0,"output_tokens":1,"reasoning_tokens":0,'
        '"estimated":false,"cost_micro":0,"currency":"USD"}}\n\n'
    ),
}


class Examples:
    """Makes examples for schemas; `schemas` are those that they refer to, by name."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas

    def answer(self, schema: Schema) -> Any:
        """What could be answered: all fields are there."""
        return self._value(schema, "", whole=True)

    def request(self, schema: Schema) -> Any:
        """What could be sent: no more than is needed or tells something."""
        return self._value(schema, "", whole=False)

    def illustrate_parameter(self, parameter: Schema) -> None:
        """Give a parameter of a path or a query that has to be there its example."""
        schema = parameter.get("schema", {})
        if "example" in parameter or not parameter.get("required"):
            return
        known = "examples" in schema or parameter["in"] != "path"
        parameter["example"] = (
            self._value(schema, parameter["name"], False)
            if known
            else ("llm-ui-2026-03-14.zip" if parameter["name"] == "name" else ID)
        )

    def _value(self, schema: Schema, name: str, whole: bool) -> Any:
        if "$ref" in schema:
            target = schema["$ref"].rpartition("/")[2]
            if not whole and target in REQUESTS:
                return REQUESTS[target]
            return self._value(self._schemas[target], name, whole)
        if "example" in schema:
            return schema["example"]
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return next((each for each in schema["enum"] if each), schema["enum"][0])
        for several in ("anyOf", "oneOf", "allOf"):
            if schema.get(several):
                return self._one_of(schema[several], name, whole)
        return self._plain(schema, name, whole)

    def _one_of(self, choices: list[Schema], name: str, whole: bool) -> Any:
        filled = [each for each in choices if each.get("type") != "null"]
        may_be_null = len(filled) < len(choices)
        first = self._value((filled or choices)[0], name, whole)
        # A text that nothing is known of says less than its absence.
        return None if may_be_null and first == name.replace("_", " ") else first

    def _plain(self, schema: Schema, name: str, whole: bool) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, whole)
            case "array":
                singular = name.removesuffix("s")
                return [self._value(schema.get("items", {}), singular, whole)]
            case "boolean":
                return bool(schema.get("default", False))
            case "integer" | "number" as kind:
                number = max(schema.get("default") or 1, schema.get("minimum", 1))
                return number if kind == "integer" else float(number)
            case "string":
                return self._text(schema, name)
            case "null":
                return None
        return {}

    def _object(self, schema: Schema, whole: bool) -> Any:
        fields, title = schema.get("properties", {}), schema.get("title", "")
        if whole:
            wanted = list(fields)
        else:
            told = [each for each in fields if _says_itself(fields[each])]
            wanted = [*schema.get("required", []), *told] or list(fields)[:1]
        return {
            each: PLACES[f"{title}.{each}"]
            if f"{title}.{each}" in PLACES
            else self._value(fields[each], each, whole)
            for each in wanted
        }

    def _text(self, schema: Schema, name: str) -> str:
        if schema.get("format") == "date-time" or name.endswith("_at") or name in MOMENTS:
            return LATER if name in ("finished_at", "updated_at") else MOMENT
        if schema.get("format") == "date":
            return "2026-03-14"
        if name == "id" or name.endswith("_id"):
            return ID
        return str(WORDS.get(name) or schema.get("default") or name.replace("_", " ") or "text")


def _says_itself(schema: Schema) -> bool:
    return "example" in schema or bool(schema.get("examples"))
