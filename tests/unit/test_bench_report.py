"""The page of figures, and the summaries of profiles."""

import pytest

from bench import report, samples, trace
from bench.row import Figure

PAGE = f"# Title\n\nby hand\n{report.BEGIN}\nold\n{report.END}\nalso by hand\n"


def test_a_new_run_leaves_what_was_written_by_hand():
    page = report.put_in(PAGE, "new")
    assert page == PAGE.replace("old", "new")
    assert report.put_in(page, "newer") == PAGE.replace("old", "newer")


def test_a_page_without_its_markers_is_not_overwritten():
    with pytest.raises(ValueError, match="is missing"):
        report.put_in("# All by hand\n", "new")


def test_the_table_tells_what_is_missed_what_has_no_goal_and_what_failed():
    figures = [
        Figure("main thread", 1500, "ms", goal=1400, floor=600),
        Figure("streams", 250, "", goal=200, at_least=True),
        Figure("frames", 127, ""),
        Figure("holes", 1, "", goal=0),
    ]
    rows = [
        {"row": "browser", "figures": [each.as_json() for each in figures]},
        {"row": "size", "failed": "no network"},
    ]
    lines = report.table(rows).splitlines()[2:]
    assert lines == [
        "| browser: main thread | ≤ 1,400 ms |  | 1,500 ms | 600 ms | 2.50 | **no** |",
        "| browser: streams | ≥ 200 |  | 250 |  |  | yes |",
        "| browser: frames |  |  | 127 |  |  |  |",
        "| browser: holes | ≤ 0 |  | 1 |  |  | **no** |",
        "| *size* | | | failed: no network | | | |",
    ]


def test_a_tasks_own_time_is_without_what_it_calls():
    main, other = {"pid": 1, "tid": 1}, {"pid": 2, "tid": 2}
    names = [
        {**thread, "ph": "M", "name": "thread_name", "args": {"name": "CrRendererMain"}}
        for thread in (main, other)
    ]
    spans = [
        {**main, "ph": "X", "name": "RunTask", "ts": 0, "dur": 10_000},
        {**main, "ph": "X", "name": "FunctionCall", "ts": 1000, "dur": 6000},
        {**main, "ph": "X", "name": "UpdateLayoutTree", "ts": 2000, "dur": 2000},
        {**main, "ph": "X", "name": "Paint", "ts": 7000, "dur": 1000},
        {**other, "ph": "X", "name": "RunTask", "ts": 0, "dur": 100},
    ]
    own = trace.self_times([*names, *spans])
    assert own == {"RunTask": 3, "FunctionCall": 4, "UpdateLayoutTree": 2, "Paint": 1}
    assert [trace.kind_of(name) for name in own] == ["other", "scripting", "style", "paint"]


def test_waiting_threads_do_not_count_as_work(tmp_path):
    source = tmp_path / "pool.py"
    source.write_text("def work():\n    return 1\n\nitem = queue.get(block=True)\n")
    stacks = [
        f"main ({source}:1);work ({source}:2) 3",
        f"main ({source}:1) 1",
        f"main ({source}:1);_worker ({source}:4) 90",
    ]
    told = samples.summary(stacks)
    assert "of 4 samples" in told
    assert f"  75.0 %  work ({tmp_path.name}/pool.py:2)" in told
    assert f" 100.0 %  main ({tmp_path.name}/pool.py:1)" in told
    assert "_worker" not in told
