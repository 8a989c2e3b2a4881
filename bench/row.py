"""A figure: what was measured, what is wanted, and the least that it could be."""

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
        name: what it is, as a reader of the table would say it.
        goal: what it should be at most (with `at_least`: at least); None if none is set.
        cap: the worst that is tolerated; None if none is set.
        floor: the same figure of the least that does the visible part of the work.
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
        """How many times the floor it is."""
        return round(self.value / self.floor, 2) if self.floor else None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Everything, for the one JSON object of a row."""
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
        """One JSON object on stdout."""
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
