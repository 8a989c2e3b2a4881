"""The engine: runs an answer to its end, whether or not anyone is watching.

`log` holds the output of a run. `store` contains the functions for its rows, `engine` the life
cycle of a run, `follow` the ways to watch one, and `gate` the limits and the queue; `reaper` ends
runs whose worker has died.
"""

from llm_ui.generation.engine import Engine, current_engine, start_engine, stop_engine
from llm_ui.generation.gate import Lane
from llm_ui.generation.log import Piece, short_number
from llm_ui.generation.types import Ended, FollowEvent, Outcome, Plan, Snapshot

__all__ = [
    "Ended",
    "Engine",
    "FollowEvent",
    "Lane",
    "Outcome",
    "Piece",
    "Plan",
    "Snapshot",
    "current_engine",
    "short_number",
    "start_engine",
    "stop_engine",
]
