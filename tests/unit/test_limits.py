"""Allowances: so many times a window, for each key, whatever comes as key."""

from llm_ui.security.limits import MOST_KEYS, SHARED, Allowance, whole


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_key_has_its_own_and_what_is_a_window_ago_is_forgotten():
    clock = Clock()
    allowance = Allowance(2, 60, clock)
    assert [allowance.take("a") for _ in range(3)] == [True, True, False]
    assert allowance.take("b")
    clock.now = 61
    assert allowance.take("a")


def test_no_window_holds_more_wherever_it_begins():
    """Windows that follow one another let twice as many through across an edge."""
    clock = Clock()
    allowance = Allowance(600, 60, clock)
    times: list[float] = []
    while clock.now < 200:
        clock.now += 0.05
        if allowance.take("a"):
            times.append(clock.now)
    most = max(sum(start <= each < start + 60 for each in times) for start in times[::50])
    assert most <= 600
    assert len(times) >= 600 * 3


def test_who_is_refused_learns_when_to_come_again():
    clock = Clock()
    allowance = Allowance(3, 60, clock)
    clock.now = 10.25
    assert allowance.draw("a").remaining == 2
    clock.now = 40
    allowance.draw("a")
    allowance.draw("a")
    clock.now = 50
    refused = allowance.draw("a")
    assert (refused.taken, refused.remaining, refused.limit) == (False, 0, 3)
    clock.now += refused.wait - 0.01
    assert not allowance.take("a")
    clock.now += 0.02
    assert allowance.take("a")
    assert whole(refused.wait) == 21
    assert whole(0) == 1


def test_what_does_not_fit_whole_is_not_taken():
    clock = Clock()
    allowance = Allowance(10, 60, clock)
    assert [allowance.take("a", 6), allowance.take("a", 5), allowance.take("a", 4)] == [
        True,
        False,
        True,
    ]
    clock.now = 45
    assert allowance.draw("a", 5).wait == 15


def test_the_whole_allowance_is_back_after_the_reset():
    clock = Clock()
    allowance = Allowance(3, 60, clock)
    allowance.take("a")
    clock.now = 30
    standing = allowance.draw("a")
    clock.now += standing.reset
    assert [allowance.draw("a").remaining for _ in range(3)] == [2, 1, 0]


def test_a_flood_of_new_keys_neither_grows_without_end_nor_gets_through():
    allowance = Allowance(1, 60, Clock())
    let_through = sum(allowance.take(str(n)) for n in range(MOST_KEYS + 500))
    # Those beyond share counts that they cannot choose.
    assert MOST_KEYS < let_through <= MOST_KEYS + 500
    assert len(allowance._pasts) <= MOST_KEYS + SHARED


def test_those_for_whom_nothing_counts_make_room():
    clock = Clock()
    allowance = Allowance(1, 60, clock)
    for number in range(MOST_KEYS):
        allowance.take(str(number))
    assert not all(allowance.take(f"{n} more") for n in range(2 * SHARED))
    clock.now = 62
    assert allowance.take("one more")
    assert allowance.take("and another")
