"""Log rows as sentences in the reader's language.

Rows store kinds, names and raw values for programs; the text is produced when a row is read, so old
rows appear in the current reader's language too.
"""

from __future__ import annotations

from typing import Any

from llm_ui.enums import LogLevel, UserRole
from llm_ui.i18n import catalogue, placeholders, translate
from llm_ui.schemas.audit.audit_log import Fact, LogEntry, LogLine
from llm_ui.services.audit.values import label, raw, shown

CHANGES_TOLD = 3
# Details already contained in the sentence or its second line.
_TOLD = {
    "admin.models_switched": {"is_active", "count", "models"},
    "admin.prices_listed": {"count", "prices"},
    "admin.user_role": {"role"},
    "admin.user_disabled": {"active"},
    "admin.user_enabled": {"active"},
    "admin.user_deleted": {"role", "active"},
    "admin.invitation_revoked": {"role"},
    "admin.price_changed": {"currency"},
    "admin.type_created": {"name", "sort_order"},
    "admin.type_deleted": {"name", "sort_order", "icon", "description"},
}
_WITH_NAME_BEHIND = ("key.created", "key.revoked")


def line(entry: LogEntry, language: str) -> LogLine:
    """The row as text: a sentence, other important information, and labeled details.

    Args:
        entry: the row as programs get it.
        language: the reader's.
    """
    values: dict[str, Any] = {each.name: raw(each.value) for each in entry.facts}
    before = {each.name: raw(each.before) for each in entry.facts if each.is_change}
    currency = str(values.get("currency") or before.get("currency") or "")

    def fact(each: Fact) -> Fact:
        now_is = shown(each.name, values[each.name], language, currency)
        was = shown(each.name, before[each.name], language, currency) if each.is_change else ""
        return Fact(label(each.name, language), now_is, was, each.is_change)

    facts = [fact(each) for each in entry.facts]
    return LogLine(
        id=entry.id,
        created_at=entry.created_at,
        log_level=entry.log_level,
        told=_told(entry, values, before, language),
        more=_more(entry, values, before, facts, language),
        user=entry.user,
        address=entry.address,
        reference=entry.reference,
        facts=facts,
    )


def _variant(kind: str, values: dict[str, Any], before: dict[str, Any]) -> str:
    match kind:
        case "admin.provider_tested" | "admin.media_provider_tested":
            return ".ok" if values.get("ok") else ".failed"
        case "admin.user_role":
            return ".admin" if values.get("role") == UserRole.ADMIN else ".user"
        case "admin.models_switched":
            return ".on" if values.get("is_active") else ".off"
        case "admin.price_changed" if before:
            if all(each is None for each in before.values()):
                return ".added"
            return ".deleted" if values.get("input_micro", 0) is None else ".changed"
        case "admin.price_changed":
            return ".changed"
        case "sign_out" if values.get("others"):
            return ".others"
    return ""


def _told(entry: LogEntry, values: dict[str, Any], before: dict[str, Any], language: str) -> str:
    key = f"audit.say.{entry.log_type}{_variant(entry.log_type, values, before)}"
    known = catalogue()
    if key not in known:
        fallback = f"admin.kind.{entry.log_type}"
        if fallback in known:
            return translate(fallback, language)
        words = entry.log_type.replace(".", ": ").replace("_", " ")
        return words[:1].upper() + words[1:]
    first = entry.message.partition(": ")[0]
    name = entry.message.partition(" ")[2] if entry.log_type in _WITH_NAME_BEHIND else first
    job = f"jobs.kind.{entry.message}"
    params = {
        "name": name,
        "model": values.get("model") or first,
        "provider": values.get("provider") or first,
        "job": translate(job, language) if job in known else entry.message.replace("_", " "),
        "count": values.get("count", values.get("others", 0)),
    }
    wanted = {"name": name} if "name" in placeholders(known[key]) else params
    return translate(key, language, **wanted)


def _more(
    entry: LogEntry,
    values: dict[str, Any],
    before: dict[str, Any],
    facts: list[Fact],
    language: str,
) -> str:
    known = catalogue()
    if entry.log_type == "error.unhandled":
        return entry.message
    if entry.log_type == "security.event_refused":
        key = f"audit.blocked.{entry.message.partition(':')[0].replace(' ', '_')}"
        return translate(key, language) if key in known else ""
    if entry.log_type == "admin.models_switched":
        return shown("models", values.get("models"), language)
    if entry.log_type == "admin.provider_synced" and isinstance(values.get("found"), dict):
        return translate("audit.synced", language, **values["found"])
    if entry.log_type == "key.rotated":
        return entry.message
    for name, start in (("code", "audit.code."), ("reason", "providers.reason.")):
        if values.get(name) and f"{start}{values[name]}" in known:
            return translate(f"{start}{values[name]}", language)
    if before:
        return _changes(entry, facts, language)
    if entry.log_level == LogLevel.ERROR:
        return entry.message.partition(": ")[2]
    return ""


def _changes(entry: LogEntry, facts: list[Fact], language: str) -> str:
    nothing = translate("audit.not_set", language)
    told = _TOLD.get(entry.log_type, set())
    pairs = zip(entry.facts, facts, strict=True)
    changed = [each for raw_fact, each in pairs if each.is_change and raw_fact.name not in told]
    changed = [each for each in changed if each.value != each.before]
    words = [
        translate("audit.set", language, field=each.name, value=each.value)
        if each.before == nothing
        else translate(
            "audit.changed", language, field=each.name, before=each.before, after=each.value
        )
        for each in changed[:CHANGES_TOLD]
    ]
    return " · ".join(words) + (" …" if len(changed) > CHANGES_TOLD else "")
