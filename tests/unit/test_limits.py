"""Allowances: so many times a window, for each key, whatever comes as key."""

from llm_ui.security.limits import MOST_KEYS, Allowance


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_key_has_its_own_and_a_new_window_begins_afresh():
    clock = Clock()
    allowance = Allowance(2, 60, clock)
    assert [allowance.take("a") for _ in range(3)] == [True, True, False]
    assert allowance.take("b")
    clock.now = 61
    assert allowance.take("a")


def test_a_flood_of_new_keys_neither_grows_without_end_nor_gets_through():
    allowance = Allowance(1, 60, Clock())
    let_through = sum(allowance.take(str(n)) for n in range(MOST_KEYS + 500))
    assert let_through == MOST_KEYS + 1


def test_what_does_not_fit_whole_is_not_taken():
    clock = Clock()
    allowance = Allowance(10, 60, clock)
    assert [allowance.take("a", 6), allowance.take("a", 5), allowance.take("a", 4)] == [
        True, False, True
    ]  # fmt: skip
    clock.now = 45
    assert allowance.until_next() == 15
