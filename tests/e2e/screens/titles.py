"""The chats of several months: how many days ago, title, model, tags, project, and where
they are kept."""

from __future__ import annotations

from typing import NamedTuple


class Kept(NamedTuple):
    """A chat; `model` and `project` are places in texts.MODELS and texts.PROJECTS."""

    days: float
    title: str
    model: int = 0
    tags: tuple[str, ...] = ()
    project: int | None = None
    kept: str = ""


CHATS = (
    Kept(0.1, "Standby power of the gateway", 2, ("sensors",), 1),
    Kept(0.2, "Train from Hamburg to Oslo with one change", 0, ("travel",), 2),
    Kept(0.3, "Regular expression for invoice numbers", 2, ("code",)),
    Kept(1.1, "Radiators or floor heating with a heat pump?", 0, ("house",), 0),
    Kept(1.2, "Minutes of the harbour meeting", 1, ("office",), 4),
    Kept(1.4, "Explain Raft with a cooking story", 0),
    Kept(2.3, "Noise limits for an outdoor unit", 0, ("house",), 0, "pinned"),
    Kept(3.1, "Letter to the housing office", 1, ("office",)),
    Kept(3.4, "Why does asyncio.gather hide the second error?", 2, ("code", "sensors"), 1),
    Kept(4.2, "Four days in Lisbon", 1, ("travel",)),
    Kept(5.0, "Compare two offers from installers", 0, ("house",), 0, "pinned"),
    Kept(6.3, "Birthday poem for a beekeeper", 1),
    Kept(8.1, "Is our old boiler worth repairing?", 0, ("house",), 0),
    Kept(9.5, "Vocabulary for a Norwegian bakery", 1, ("travel",), 2),
    Kept(10.2, "How do heat pumps work in winter?", 0, ("house",), 0),
    Kept(11.7, "Chapter 4: who is telling the story?", 0, ("books",), 3),
    Kept(13.0, "MQTT retained messages, once and for all", 2, ("code", "sensors"), 1, "pinned"),
    Kept(15.4, "A table of tide times from a PDF", 3, ("sensors",), 1),
    Kept(17.1, "Sourdough that forgives a late evening", 1),
    Kept(19.2, "Polite answer to a rude review", 1, ("office",), 4),
    Kept(21.8, "Unit tests for the level sensor", 2, ("code", "sensors"), 1),
    Kept(24.3, "Night train: couchette or seat?", 1, ("travel",), 2),
    Kept(26.0, "What is a hydraulic balancing?", 0, ("house",), 0),
    Kept(33.6, "Slides about the first pilot year", 0, ("office",), 4),
    Kept(38.2, "Migrate the readings table without downtime", 2, ("code",), 1),
    Kept(41.1, "Read this water meter photo", 3, ("sensors",)),
    Kept(47.9, "Chapter 2: the letter that was never sent", 0, ("books",), 3),
    Kept(52.4, "Checklist for the energy consultant", 0, ("house",), 0),
    Kept(60.0, "Short bio for the conference page", 1, ("office",)),
    Kept(66.7, "Bash loop that survives spaces in names", 2, ("code",)),
    Kept(71.3, "Which lichens grow on our wall?", 3),
    Kept(80.1, "Tax: what counts as a craftsman's bill?", 0, ("house",)),
    Kept(88.8, "Gift ideas under 30 for a sailor", 1),
    Kept(95.2, "Interview questions for an apprentice", 0, ("office",), 4),
    Kept(103.5, "Insulate the top ceiling from inside?", 0, ("house",), 0),
    Kept(30.5, "Old quotes from the roofer", 0, ("house",), 0, "archived"),
    Kept(63.2, "First draft of the newsletter", 1, ("office",), 4, "archived"),
    Kept(90.4, "Sensor names, round one", 2, ("sensors",), 1, "archived"),
)
