"""All tables of the application; importing this module fills SQLModel.metadata."""

from sqlmodel import SQLModel

from llm_ui.models.base import NAMING

SQLModel.metadata.naming_convention = NAMING

from llm_ui.models.accounts import (  # noqa: E402
    APIKey,
    AuthSession,
    KnownPlace,
    SignInAttempt,
    User,
    UserLink,
)
from llm_ui.models.answers import ACTIVE, Generation, GenerationEvent  # noqa: E402
from llm_ui.models.catalogue import (  # noqa: E402
    AIModel,
    AIProvider,
    AIType,
    ModelPrice,
    ModelReader,
    ProviderEndpoint,
)
from llm_ui.models.chats import (  # noqa: E402
    ChatHistory,
    ChatMessage,
    ChatTag,
    Project,
    SystemPrompt,
)
from llm_ui.models.files import (  # noqa: E402
    FilePassage,
    MessageFile,
    ProjectFile,
    StoredFile,
)
from llm_ui.models.idempotency import IdempotentCall  # noqa: E402
from llm_ui.models.insights import DailyUsage, PerformanceMetric, UsageLog  # noqa: E402
from llm_ui.models.operations import ACTIVE_JOBS, BackgroundJob, MonitoringLog, Setting  # noqa: E402

metadata = SQLModel.metadata

__all__ = [
    "ACTIVE",
    "ACTIVE_JOBS",
    "AIModel",
    "AIProvider",
    "AIType",
    "APIKey",
    "AuthSession",
    "BackgroundJob",
    "ChatHistory",
    "ChatMessage",
    "ChatTag",
    "DailyUsage",
    "FilePassage",
    "Generation",
    "GenerationEvent",
    "IdempotentCall",
    "KnownPlace",
    "MessageFile",
    "ModelPrice",
    "ModelReader",
    "MonitoringLog",
    "PerformanceMetric",
    "Project",
    "ProjectFile",
    "ProviderEndpoint",
    "Setting",
    "SignInAttempt",
    "StoredFile",
    "SystemPrompt",
    "UsageLog",
    "User",
    "UserLink",
    "metadata",
]
