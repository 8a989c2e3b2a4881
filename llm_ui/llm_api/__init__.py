"""The LLM API service: serves the bundled model over HTTP, in a separate process.

`python -m llm_ui.llm_api` runs it standalone; `supervisor` keeps it running for the web app and is
the only part of this package that the web app's process imports.

    python -m llm_ui.llm_api [--port 8100] [--host 127.0.0.1] [--model PATH]

    POST /v1/chat, POST /v1/chat/stream, GET /v1/models, GET /health

For the protocol, see llm_ui.api_client. Inside, llama.cpp's server runs in threads of the same
process, on a loopback port with a key that only this process has; `app` translates between the two
protocols.
"""
