"""Benchmarks of LLM UI: bytes, CPU, memory and latency.

    python3 dev.py bench                     # everything, one after the other; writes
                                             # docs/performance.md
    python -m bench.browser                  # a single row: one JSON object on stdout

    stage        the scripted upstream and the production server, each its own process
    row          a figure with its goal and its floor
    chrome       Chromium: main thread, long tasks, when text is on screen
    browser      one answer in the browser         bare     its floors: plain text, Markdown alone
    server       the server's CPU for one stream   floor    its floor: a bare relay
    load         many streams at once              soak     kills and rounds: nothing lost
    first_load   the chat page from a cold cache
    idle         memory when idle
    search       searching 100,000 messages
    size         disk usage of a fresh setup
    trace        where the browser's time goes     samples  where the server's time goes
    streams      how many one worker carries       machine  the hardware and versions
    report       docs/performance.md

Timings differ between machines, and on a busy machine between runs; so each one has a floor
measured in the same run where possible. What does not depend on the machine (bytes, frames,
commits, page changes) is asserted in the tests.
"""
