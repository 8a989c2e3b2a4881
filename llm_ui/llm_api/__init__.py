"""The LLM API service: the bundled model behind HTTP, in a process of its own.

`python -m llm_ui.llm_api` runs it alone; `supervisor` keeps it running for the web app
and is all of this package that the web app's process ever imports.

    python -m llm_ui.llm_api [--port 8100] [--host 127.0.0.1] [--model PATH]

    POST /v1/chat, POST /v1/chat/stream, GET /v1/models, GET /health

(the protocol: see llm_ui.api_client). Inside, llama.cpp's server runs on threads of the
same process and on a loopback port nobody else knows the key of; `app` translates.
"""
