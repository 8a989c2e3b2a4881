"""Every table of the application; importing this module fills SQLModel.metadata."""

from sqlmodel import SQLModel

from llm_ui.models.base import NAMING

SQLModel.metadata.naming_convention = NAMING

from llm_ui.models.call import IdempotentCall  # noqa: E402
from llm_ui.models.chat import (  # noqa: E402
    ChatHistory,
    ChatMessage,
    ChatTag,
    Project,
    SystemPrompt,
)
from llm_ui.models.file import (  # noqa: E402
    FilePassage,
    MessageFile,
    ProjectFile,
    StoredFile,
)
from llm_ui.models.generation import ACTIVE, Generation, GenerationEvent  # noqa: E402
from llm_ui.models.ledger import DailyUsage, PerformanceMetric, UsageLog  # noqa: E402
from llm_ui.models.log import BackgroundJob, MonitoringLog, Setting  # noqa: E402
from llm_ui.models.media import MediaModel, MediaProvider, MediaType  # noqa: E402
from llm_ui.models.provider import (  # noqa: E402
    AIModel,
    AIProvider,
    AIType,
    ModelPrice,
    ModelReader,
    ProviderEndpoint,
)
from llm_ui.models.user import (  # noqa: E402
    APIKey,
    AuthSession,
    KnownPlace,
    SignInAttempt,
    User,
    UserLink,
)

metadata = SQLModel.metadata

__all__ = [
    "ACTIVE",
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
    "MediaModel",
    "MediaProvider",
    "MediaType",
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
