"""A model server that does as it is told, for tests and benchmarks.

It speaks five protocols on one address (use `server.url` as the base URL of each):

    LLM API        POST /v1/chat, POST /v1/chat/stream, GET /v1/models, GET /health
    OpenAI         POST /v1/chat/completions, GET /v1/models
    Ollama         POST /api/chat, GET /api/tags, POST /api/pull, DELETE /api/delete
    Anthropic      POST /v1/messages, GET /v1/models
    Images         POST /v1/images/generations (OpenAI's), GET /v1/models

In a test:

    async with scripted_server() as server:
        server.script("error-503")            # the next request; then
        server.script("tokens=100 rate=50")   # the one after it
        ...
        assert text == expected_text("tokens=100")
        closed_at = await server.until_closed()

As a process: `python -m tests.scripted --port 8123`; it prints its address first.
`GET /__connections` lists every connection with its requests: times of opening and
closing (time.monotonic(), one clock for all processes of a machine), how many pieces
had been sent, and how it ended (done, cut, stall, refused, aborted by the client).

What an answer does is taken from, in this order: `server.script(...)`,
`server.always`, the last user message if every word of it belongs to the language
below, the model's name likewise (words joined by `+` or spaces, as in
`tokens=200+rate=50`), else a short Markdown answer.

The script language, words in any order:

    tokens=20        pieces of text to send          rate=50     pieces a second (0: at once)
    say:TEXT         this text (to the end)          markdown    headings, code, table, maths
    article          longer prose, lists, code: 13 kB for tokens=2000
    reasoning[=10]   thinking pieces first           delay=0.5   seconds before the first piece
    finish=length    the reason at the end           no-usage    send no token counts
    error-503        refuse (any status)             retry-after=1, error-message=WORD
    error-after=10   an error object in the stream   cut-after=10   close in mid-stream
    stall-after=10   send nothing more, ever         stall-headers  not even the headers
    garbage-after=10, bad-utf8-after=10, long-line-after=10, wrong-types-after=10
    (stall, cut, garbage, bad-utf8, long-line, wrong-types alone: at once)
    split-utf8       many-byte characters, sent three bytes at a time
    never-done       end the body without saying that the answer is done
    unknown-events   between the known ones          comments    keep-alives while it waits
    image=url        an image by its address on this server (broken, no-base64, none, page,
                     elsewhere); reject-response-format   answer 400 to that parameter
    no-keep-alive    close after the answer          reject-stream-options   (OpenAI) 400
"""

from tests.scripted.script import Script, expected_reasoning, expected_text, parse_script
from tests.scripted.server import ConnectionRecord, ScriptedServer, scripted_server

__all__ = [
    "ConnectionRecord",
    "Script",
    "ScriptedServer",
    "expected_reasoning",
    "expected_text",
    "parse_script",
    "scripted_server",
]
