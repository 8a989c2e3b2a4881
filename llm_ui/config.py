"""Settings: one typed object, and the only module that reads the environment.

Values come from the process environment, then from `.env` (python-dotenv, via pydantic-settings).
An invalid value raises ConfigError with a sentence that names the setting and what it accepts.
`.env.example` documents every setting.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from llm_ui.enums import RegistrationPolicy
from llm_ui.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_LLM_API_PORT = 8100
MIN_SECRET_LENGTH = 32
MIN_METRICS_TOKEN = 16
# A container's own folder is read-only, so its .env is elsewhere.
ENV_FILE = Path(os.environ.get("ENV_FILE") or ".env")


class Settings(BaseSettings):
    """Every setting with its default. Units are in the names or the comments."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    # Storage
    data_dir: Path = Path("data")
    database_url: str = ""
    redis_url: str | None = None
    # Database connections per worker
    db_pool: int = Field(default=20, ge=2, le=1000)

    # Secrets: the first key signs and encrypts; the others only verify and decrypt
    secret_key: SecretStr = SecretStr("")

    # The web
    port: int = Field(default=3000, ge=1, le=65535)
    public_url: str | None = None
    extra_origins: Annotated[tuple[str, ...], NoDecode] = ()
    session_days: int = Field(default=30, ge=1, le=365)
    registration: RegistrationPolicy = RegistrationPolicy.OPEN
    # Registrations allowed per address in ten minutes; 0: no limit
    registration_limit: int = Field(default=10, ge=0, le=100_000)
    trusted_proxies: int = Field(default=0, ge=0, le=10)

    # Models
    llm_api_url: str | None = None
    llm_api_key: SecretStr | None = None
    llm_api_model: str | None = None
    llm_api_port: int = Field(default=DEFAULT_LLM_API_PORT, ge=1, le=65535)
    llm_api_threads: int = Field(default=0, ge=0, le=256)
    model_folders: Annotated[tuple[Path, ...], NoDecode] = ()
    ollama_host: str = "http://127.0.0.1:11434"
    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = "https://api.anthropic.com"

    # Web browsing
    searxng_url: str | None = None
    browse_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    # Time limits of a run, in seconds
    connect_timeout: float = Field(default=10.0, gt=0, le=300)
    first_token_timeout: float = Field(default=120.0, gt=0, le=3600)
    silence_timeout: float = Field(default=60.0, gt=0, le=3600)
    image_timeout: float = Field(default=300.0, gt=0, le=3600)
    run_timeout: float = Field(default=3600.0, gt=0, le=86400)
    runs_per_user: int = Field(default=8, ge=0, le=1000)
    runs_per_provider: int = Field(default=0, ge=0, le=10000)
    shutdown_grace: float = Field(default=5.0, ge=0, le=300)

    # File limits in megabytes: per file, and per user
    max_file_mb: int = Field(default=20, ge=1, le=1024)
    file_quota_mb: int = Field(default=500, ge=1, le=1_048_576)

    # How much text a user may write per day, in megabytes; 0: no limit
    text_quota_mb: int = Field(default=200, ge=0, le=1_048_576)

    # The largest model file an admin may upload, in gigabytes
    max_model_gb: int = Field(default=64, ge=1, le=4096)

    # REST calls per minute and user or API key; 0: no limit
    rate_limit: int = Field(default=600, ge=0, le=1_000_000)

    # The bearer token for /metrics; without one, /metrics is closed.
    metrics_token: SecretStr | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("extra_origins", "browse_hosts", "model_folders", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(p.strip() for p in value.split(",") if p.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("ollama_host", mode="before")
    @classmethod
    def _ollama_host(cls, value: object) -> object:
        # Ollama's own variable is often a bare host:port, or the wildcard address it listens on.
        if not isinstance(value, str):
            return value
        url = value if "://" in value else f"http://{value}"
        url = url.replace("//0.0.0.0", "//127.0.0.1")
        return (
            url if _parts(url, "host:port or http://host:port").port else f"{url.rstrip('/')}:11434"
        )

    @field_validator(
        "llm_api_url",
        "ollama_host",
        "openai_base_url",
        "anthropic_base_url",
        "public_url",
        "searxng_url",
    )
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        accepted = "a URL that begins with http:// or https://"
        parts = _parts(value, accepted)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(accepted)
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        accepted = "sqlite:///path/to/file.db or postgresql://user:password@host:5432/name"
        if not value:
            return value
        if not value.startswith(("sqlite:", "postgresql:", "postgresql+", "postgres:")):
            raise ValueError(accepted)
        from sqlalchemy.engine import make_url  # not needed by processes without a database
        from sqlalchemy.exc import ArgumentError

        try:
            make_url(value)
        except (ArgumentError, ValueError):
            # SQLAlchemy's message quotes the URL, which may contain a password.
            raise ValueError(accepted) from None
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str | None) -> str | None:
        accepted = "redis://host:6379/0, rediss:// or unix://"
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError(accepted)
        _parts(value or "", f"{accepted}, with special characters in the password encoded as %XX")
        return value or None

    @field_validator("metrics_token")
    @classmethod
    def _metrics_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value().strip()) < MIN_METRICS_TOKEN:
            raise ValueError(f"at least {MIN_METRICS_TOKEN} random characters")
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_key(cls, value: SecretStr) -> SecretStr:
        keys = [key.strip() for key in value.get_secret_value().split(",")]
        if any(len(key) < MIN_SECRET_LENGTH for key in keys):
            raise ValueError(
                f"at least {MIN_SECRET_LENGTH} random characters (separate several keys by commas, "
                "newest first); `python3 dev.py setup` generates one in .env"
            )
        return value

    @property
    def secret_keys(self) -> tuple[bytes, ...]:
        """The keys, newest first."""
        return tuple(key.strip().encode() for key in self.secret_key.get_secret_value().split(","))

    @property
    def data_path(self) -> Path:
        """The absolute path of the data folder; a relative one is resolved against the working
        directory."""
        return self.data_dir.expanduser().resolve()

    @property
    def database(self) -> str:
        """The database URL, or its default, without a driver name."""
        url = self.database_url or f"sqlite:///{self.data_path / 'llm_ui.db'}"
        if url.startswith("postgres:"):
            url = "postgresql:" + url.removeprefix("postgres:")
        scheme, rest = url.split(":", 1)
        return f"{scheme.split('+')[0]}:{rest}"

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may call this server."""
        own = self.public_url or f"http://localhost:{self.port}"
        local = () if self.public_url else (f"http://127.0.0.1:{self.port}",)
        return tuple(dict.fromkeys((own, *local, *self.extra_origins)))

    @property
    def secure_cookies(self) -> bool:
        """Whether the app is reached only over https."""
        return bool(self.public_url and self.public_url.startswith("https://"))


def _parts(url: str, accepted: str) -> SplitResult:
    """Split a URL. The library's own errors would quote it, including its password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(accepted) from None
    return parts


def _is_secret(name: str, given: object) -> bool:
    """Whether a setting's value may hold a password or a key."""
    words = ("KEY", "TOKEN", "URL", "PASSWORD", "SECRET")
    return any(word in name for word in words) or "@" in str(given)


# What is accepted, by the prefix of pydantic's error type.
_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _accepted(kind: str, about: Mapping[str, Any], words: str) -> str:
    for name, relation in _BOUNDS.items():
        if name in about:
            return f"{relation} {about[name]}"
    if found := _KINDS.get(kind.partition("_")[0]):
        return found
    return words.replace("Input should be ", "").replace("a valid", "a")


def _sentence(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]).upper() if problem["loc"] else "A setting"
        given = problem.get("input")
        if problem["type"] == "literal_error":
            accepted = f"one of {problem['ctx']['expected']}"
        elif problem["type"] == "value_error":
            accepted = str(problem["ctx"]["error"])
        else:
            accepted = _accepted(str(problem["type"]), problem.get("ctx", {}), problem["msg"])
        shown = "" if _is_secret(name, given) else f", not {given!r}"
        lines.append(f"{name} must be {accepted}{shown}.")
    return " ".join(lines)


def load_settings(**overrides: object) -> Settings:
    """Read and validate the settings.

    Args:
        overrides: values that take precedence over the environment (for tests and tools).

    Raises:
        ConfigError: a value is missing or invalid; the message is meant for people.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
        if not settings.secret_key.get_secret_value():
            Settings._secret_key(settings.secret_key)
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None
    except ValueError as error:
        raise ConfigError(f"SECRET_KEY must be {error}.") from None
    return settings


def service_settings() -> Settings:
    """Settings for a process that neither signs nor encrypts, and so needs no SECRET_KEY.

    Raises:
        ConfigError: a value is invalid; the message is meant for people.
    """
    try:
        return Settings(secret_key=SecretStr(secrets.token_hex(32)))
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """This process's settings, read once."""
    return load_settings()


def environment(name: str, default: str = "") -> str:
    """One raw environment variable, for the few that belong to other programs (CI, PATH, …)."""
    return os.environ.get(name, default)


def clear(secret: SecretStr | None) -> str | None:
    """A secret's plain text; None if it is missing or blank."""
    return (secret.get_secret_value().strip() or None) if secret else None
