"""What LLM UI costs, measured: bytes, CPU, memory, how late things are.

    python3 dev.py bench                     # everything, one after the other; writes
                                             # docs/performance.md
    python -m bench.browser                  # one row alone: one JSON object on stdout

    stage        the scripted upstream and the production server, each its own process
    row          a figure with its goal and its floor
    chrome       Chromium: main thread, long tasks, when text is on the screen
    browser      one answer in the browser         bare     its floors: plain text, Markdown alone
    server       the server's CPU for one stream   floor    its floor: a bare relay
    load         many streams at once              soak     kills and rounds: nothing lost
    first_load   the chat page from a cold cache
    idle         memory at rest
    search       finding things in 100,000 messages
    size         what a fresh set-up takes on disk
    trace        where the browser's time goes     samples  where the server's time goes
    streams      how many one worker carries       machine  what it ran on
    report       docs/performance.md

Timings differ from machine to machine, and on a busy one from run to run; so each has a
floor measured in the same run where one can be. What does not depend on the machine
(bytes, frames, commits, changes of the page) is asserted in the tests.
"""
