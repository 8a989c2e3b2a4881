"""Tests. They never read the machine's own settings: these stand before any import."""

import os

os.environ["SECRET_KEY"] = "a-secret-for-tests-only-0123456789abcdef"
os.environ.setdefault("LOG_LEVEL", "WARNING")
for _name in (
    "DATABASE_URL",
    "REDIS_URL",
    "LLM_API_URL",
    "LLM_API_KEY",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
):
    os.environ[_name] = ""
# Everybody who ever comes in a run comes from one address.
os.environ["REGISTRATION_LIMIT"] = "0"
