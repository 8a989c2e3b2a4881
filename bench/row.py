"""A figure: the measured value, the goal, and the least it could be."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Args:
        name: its name as shown in the table.
        goal: the maximum to aim for (with `at_least`: the minimum); None if there is none.
        cap: the worst value that is tolerated; None if there is none.
        floor: the same figure for the minimum that does the visible part of the work.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    cap: float | None = None
    floor: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """The multiple of the floor."""
        return round(self.value / self.floor, 2) if self.floor else None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None if there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Everything, for the row's JSON object."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "goal": self.goal,
            "at_least": self.at_least,
            "cap": self.cap,
            "floor": self.floor,
            "ratio": self.ratio,
            "met": self.is_met,
        }


@dataclass
class Row:
    """One row of the report: its figures, and whatever explains them."""

    name: str
    command: str
    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def print(self) -> None:
        """Print one JSON object to stdout."""
        told = {
            "row": self.name,
            "command": self.command,
            "figures": [each.as_json() for each in self.figures],
            "details": self.details,
        }
        print(json.dumps(told, indent=2))


def median(values: Iterable[float], digits: int = 1) -> float:
    """The median, rounded."""
    return round(statistics.median(values), digits)
