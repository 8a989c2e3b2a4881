"""The engine: runs an answer to its end, whoever watches.

`log` holds what a run has said, `store` its rows, `engine` the life of a run,
`follow` the way to watch one, `gate` the limits and the order, `reaper` the end of
runs whose worker died.
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
