"""What a model's stream looks like on this side of the network, and how it is read.

`events` are the typed events every adapter yields; `http` opens a bounded stream
(time-outs, retries before the first token, prompt closing); `sse` splits raw bytes.
"""
