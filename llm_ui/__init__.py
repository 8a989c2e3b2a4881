"""LLM UI: a self-hosted chat application for large language models."""

__version__ = "0.2.0"
