"""Providers as those who look after them see them: never a key, never a header's value.

Numbers that are not known are UNKNOWN (-1), texts and times that do not apply are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_ui.schemas.views import UNKNOWN


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What was different when a provider was asked for its models. The lists hold the first
    names of each kind, the counts are of all; `models` is how many it has now."""

    at: str = ""
    models: int = 0
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    new_count: int = 0
    changed_count: int = 0
    gone_count: int = 0

    @property
    def is_news(self) -> bool:
        """Whether anything was different."""
        return bool(self.new_count or self.changed_count or self.gone_count)


@dataclass(frozen=True, slots=True)
class AddressItem:
    """A further address of a provider, and how it answered when last asked.

    `status` is ok, down or unknown; `reason` is one of wire.failures.REASONS, `detail` the
    server's own words.
    """

    id: str
    base_url: str
    is_active: bool = True
    key_stored: bool = False
    headers: list[str] = field(default_factory=list)
    status: str = "unknown"
    reason: str = ""
    detail: str = ""
    latency_ms: int = UNKNOWN
    checked_at: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class ProviderItem:
    """A provider. What it says of `reason`, `detail`, `latency_ms` and `checked_at` is about
    its own address; `status` (ok, down, unknown) is about all of its addresses together.

    `origin` is bundled, environment or admin; the address and the key of the first two come
    from the environment's `variables`. `limit` 0: no limit of its own. `takes_files`: its model
    file can be chosen here.
    """

    id: str
    name: str
    type: str
    base_url: str
    origin: str = "admin"
    is_active: bool = True
    key_stored: bool = False
    headers: list[str] = field(default_factory=list)
    limit: int = 0
    timeouts: dict[str, float] = field(default_factory=dict)
    status: str = "unknown"
    reason: str = ""
    detail: str = ""
    latency_ms: int = UNKNOWN
    checked_at: str = ""
    since: str = ""
    models: int = 0
    synced_at: str = ""
    sync: SyncReport = field(default_factory=SyncReport)
    addresses: list[AddressItem] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    is_deletable: bool = True
    takes_files: bool = False
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class ProviderDraft:
    """What is to be written. None leaves what is there; for a new provider, the default.

    Args:
        api_key: "" takes the key away.
        headers: all of them; a value of None keeps the one that is stored.
        limit: answers at once, 0 for no limit of its own.
        timeouts: seconds by name, all of them; what is left out is the installation's.
    """

    name: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str | None] | None = field(default=None, repr=False)
    limit: int | None = None
    timeouts: Mapping[str, float] | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class AddressDraft:
    """What is to be written of a further address; see ProviderDraft."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str | None] | None = field(default=None, repr=False)
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """How an address answered just now: with its models (their first names), or why not.

    `key_unused`: it tells its models without the key as well, so this says nothing of it.
    """

    address: str
    ok: bool = False
    reason: str = ""
    detail: str = ""
    latency_ms: int = UNKNOWN
    models: int = 0
    names: list[str] = field(default_factory=list)
    key_unused: bool = False


@dataclass(frozen=True, slots=True)
class Hanging:
    """What hangs on a provider: its models, chats that use them, answers being written."""

    models: int = 0
    chats: int = 0
    running: int = 0


@dataclass(frozen=True, slots=True)
class TypeItem:
    """A type of provider, for its form."""

    type: str
    label: str
    base_url: str
    needs_key: bool


@dataclass(frozen=True, slots=True)
class PresetItem:
    """A well-known service, for the form of its type."""

    key: str
    name: str
    type: str
    base_url: str
    needs_key: bool
    is_local: bool


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model on the disk of a provider's server; `size` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class PullItem:
    """A download of a model; see JobItem for what it says."""

    job_id: str
    model: str
    status: str
    progress: float = 0.0
    note: str = ""
    error: str = ""
    cancel_requested: bool = False
    can_cancel: bool = False
    can_retry: bool = False


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file of the bundled service. The usual one has no `path` here: LLM_API_MODEL
    (`usual`), or the one that comes with the app. `is_elsewhere`: outside the data folder."""

    name: str
    path: str
    size: int
    is_current: bool = False
    is_usual: bool = False
    is_elsewhere: bool = False
    usual: str = ""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Those there are, how it went with the last one that was wanted (loading, ready, failed,
    and why), and how many bytes the disk has room for."""

    files: list[ModelFile] = field(default_factory=list)
    state: str = "ready"
    detail: str = ""
    room: int = 0
