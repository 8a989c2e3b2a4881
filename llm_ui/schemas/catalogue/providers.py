"""Providers as administrators see them, without keys and header values.

Unknown numbers are UNKNOWN (-1); texts and times that don't apply are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_ui.enums import JobStatus, LoadState, ProviderOrigin, ProviderStatus
from llm_ui.schemas.chats.views import UNKNOWN


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync found.

    The lists hold the first names of each kind, while the counts cover all; `models` is how many
    the provider has now.
    """

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
        """Whether anything changed."""
        return bool(self.new_count or self.changed_count or self.gone_count)


@dataclass(frozen=True, slots=True)
class AddressItem:
    """A fallback address of a provider, and how it last responded.

    `status` is ok, down or unknown; `reason` is one of wire.failures.REASONS, `detail` the server's
    own words.
    """

    id: str
    api_url: str
    is_active: bool = True
    key_stored: bool = False
    headers: list[str] = field(default_factory=list)
    status: ProviderStatus = ProviderStatus.UNKNOWN
    reason: str = ""
    detail: str = ""
    latency_ms: int = UNKNOWN
    checked_at: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class ProviderItem:
    """A provider. `reason`, `detail`, `latency_ms` and `checked_at` are about its own address.

    `status` (ok, down, unknown) is about all of its addresses together. `origin` is bundled,
    environment or admin; the address and key of the first two come from the environment's
    `variables`. `limit` is 0 if the provider has no limit of its own. `takes_files`: its model file
    can be chosen here. `keeps_models`: the models on its disk can be listed, pulled and deleted.
    """

    id: str
    name: str
    type: str
    api_url: str
    origin: ProviderOrigin = ProviderOrigin.ADMIN
    is_active: bool = True
    offers_new_models: bool = True
    key_stored: bool = False
    headers: list[str] = field(default_factory=list)
    limit: int = 0
    timeouts: dict[str, float] = field(default_factory=dict)
    status: ProviderStatus = ProviderStatus.UNKNOWN
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
    keeps_models: bool = False
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class ProviderDraft:
    """The fields of a provider to set. None leaves one as it is; for a new provider, the default.

    Args:
        api_key: "" removes the key.
        headers: replace the previous ones; a value of None keeps the stored one.
        limit: concurrent answers, 0 for no limit of its own.
        timeouts: seconds by name, replacing the previous ones; for those left out, the
            installation's defaults apply.
    """

    name: str | None = None
    api_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str | None] | None = field(default=None, repr=False)
    limit: int | None = None
    timeouts: Mapping[str, float] | None = None
    is_active: bool | None = None
    offers_new_models: bool | None = None


@dataclass(frozen=True, slots=True)
class AddressDraft:
    """The fields of a fallback address to set; see ProviderDraft."""

    api_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str | None] | None = field(default=None, repr=False)
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """How an address responded just now: the names of its first models, or the error.

    `key_unused`: it lists its models without the key as well, so this doesn't prove the key valid.
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
class Dependents:
    """The dependents of a provider: its models, chats that use them, and running answers."""

    models: int = 0
    chats: int = 0
    running: int = 0


@dataclass(frozen=True, slots=True)
class TypeItem:
    """A provider type, for the form."""

    type: str
    label: str
    api_url: str
    needs_key: bool


@dataclass(frozen=True, slots=True)
class PresetItem:
    """A well-known service, for the form of its type."""

    key: str
    name: str
    type: str
    api_url: str
    needs_key: bool
    is_local: bool


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on the disk of a provider's server; `size` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class PullItem:
    """The download of a model, which is a job."""

    job_id: str
    model: str
    status: JobStatus
    progress: float = 0.0
    note: str = ""
    error: str = ""
    cancel_requested: bool = False
    can_cancel: bool = False
    can_retry: bool = False


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file of the built-in service.

    The default one has no `path` here: it is LLM_API_MODEL (`usual`), or the one bundled with the
    app. `is_elsewhere`: outside the data folder.
    """

    name: str
    path: str
    size: int
    is_current: bool = False
    is_usual: bool = False
    is_elsewhere: bool = False
    usual: str = ""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The available files, and the state of the last switch.

    `state` is loading, ready or failed, and `detail` says why; `room` is the free disk space in
    bytes.
    """

    files: list[ModelFile] = field(default_factory=list)
    state: LoadState = LoadState.READY
    detail: str = ""
    room: int = 0
