"""What anybody can cause does not fill the log."""

import logging

from llm_ui.security.floods import LINES, LONGEST, TRACEBACKS, Floods


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Kept(logging.Handler):
    """A log that is read."""

    def __init__(self, floods: logging.Filter) -> None:
        super().__init__()
        self.addFilter(floods)
        self.setFormatter(logging.Formatter("%(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def made() -> tuple[logging.Logger, Kept, Clock]:
    clock = Clock()
    logger, kept = logging.Logger("a library"), Kept(Floods(clock))
    logger.addHandler(kept)
    return logger, kept, clock


def test_one_place_says_so_much_in_a_minute_and_says_that_there_was_more():
    logger, kept, clock = made()
    for number in range(500):
        logger.warning("frame %d was none", number)
    logger.warning("something else")
    assert len(kept.lines) == LINES + 1
    assert kept.lines[0] == "frame 0 was none"
    assert "are dropped" in kept.lines[LINES - 1]
    assert kept.lines[-1] == "something else"
    clock.now = 61
    logger.warning("another minute")
    assert kept.lines[-1] == "another minute"


def deep(levels: int) -> None:
    if levels:
        deep(levels - 1)
    raise ValueError("too deep")


def test_of_tracebacks_a_few_are_enough():
    logger, kept, _ = made()
    for _number in range(20):
        try:
            deep(30)
        except ValueError:
            logger.exception("that failed")
    assert len(kept.lines) == 20
    assert sum("Traceback" in line for line in kept.lines) == TRACEBACKS


def test_no_line_is_endless():
    logger, kept, _ = made()
    logger.warning("it said: %s", "x" * 1_000_000)
    assert len(kept.lines[0]) < LONGEST + 10


def test_a_line_that_two_handlers_see_counts_once():
    logger, kept, _ = made()
    logger.addHandler(kept)
    again = Kept(kept.filters[0])
    logger.addHandler(again)
    for number in range(LINES):
        logger.warning("line %d", number)
    assert len(kept.lines) == len(again.lines) == LINES
