"""The streams of model servers: the events in them, and how they are read.

`events` are the typed events that every adapter yields; `http` opens a bounded stream (timeouts,
retries before the first token, prompt closing); `sse` splits the raw bytes.
"""
