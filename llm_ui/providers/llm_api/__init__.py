"""The LLM API service: the bundled model, or one that speaks the same protocol."""
