"""The harness: turns, shares, failures, figures, and what is kept of them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyperf
import pytest

from harness import Bench, Command, Side
from harness.machine import described, source_of, versions_of
from harness.plots import grown, plot
from harness.report import plotted, write
from harness.results import Results
from harness.running import goes_on

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """One of the quick size, so that a side has several turns."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    results = Results(
        "trial", "A trial.\n\nMore of it.", "quick", described(scratch), versions_of()
    )
    return Bench(results, tmp_path / "results/trial.json", scratch)


def nothing() -> None:
    """Makes a side run once a sample."""


def test_sides_take_turns_after_a_warm_up(bench: Bench) -> None:
    calls: list[str] = []
    sides = [Side(name, lambda name=name: calls.append(name), nothing) for name in "ab"]
    bench.compare("work", sides, rounds=3)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"


def test_what_prepares_is_not_timed(bench: Bench) -> None:
    bench.compare("work", [Side("lineal", nothing, lambda: time.sleep(0.05))], rounds=2)
    [side] = bench.results.rows[0].sides
    assert side.median is not None
    assert side.median < 0.05


def test_a_side_that_fails_is_told_and_the_others_go_on(bench: Bench) -> None:
    bench.compare("work", [Side("lineal", nothing), Side("other", lambda: 1 / 0)], rounds=2)
    assert bench.results.failures == ["work, other: ZeroDivisionError: division by zero"]
    assert bench.results.rows[0].sides[0].samples == 2


def test_a_side_whose_module_is_missing_is_left_out_and_told(bench: Bench) -> None:
    bench.compare("work", [Side("lineal", nothing), Side("gone", nothing, needs=("no_such_one",))])
    assert [side.side for side in bench.results.rows[0].sides] == ["lineal"]
    assert bench.results.missing == {"gone": "no_such_one"}


def test_a_slow_side_has_one_sample_and_the_others_their_turns(bench: Bench) -> None:
    slow = Side("slow", lambda: time.sleep(1.6))
    bench.compare("work", [Side("lineal", nothing, nothing), slow], rounds=3)
    assert [side.samples for side in bench.results.rows[0].sides] == [3, 1]


def test_a_very_slow_side_keeps_its_warm_up_as_its_only_sample(bench: Bench) -> None:
    calls: list[int] = []

    def slow() -> None:
        calls.append(1)
        time.sleep(8)

    bench.compare("work", [Side("lineal", nothing, nothing), Side("slow", slow)], rounds=3)
    assert [side.samples for side in bench.results.rows[0].sides] == [3, 1]
    assert len(calls) == 1


def test_a_row_that_has_had_its_budget_gives_each_side_one_sample(bench: Bench) -> None:
    slow = Side("lineal", lambda: time.sleep(2), nothing)
    bench.compare("work", [slow, Side("other", nothing, nothing)], rounds=3, share=9, budget=1)
    assert [side.samples for side in bench.results.rows[0].sides] == [1, 1]


def test_sides_that_are_warm_have_no_warm_up(bench: Bench) -> None:
    calls: list[int] = []
    bench.compare("work", [Side("lineal", lambda: calls.append(1), nothing)], rounds=2, warm=True)
    assert len(calls) == 2


def test_what_a_cut_run_has_measured_whole_is_not_measured_again(
    bench: Bench, tmp_path: Path
) -> None:
    calls: list[str] = []

    def measure(on: Bench, name: str) -> None:
        side = Side("lineal", lambda: calls.append(name), nothing)
        on.compare(f"{name}, timed", [side], rounds=1)
        on.record(f"{name}, told", "lineal", 1)

    bench.part("one", measure, bench, "one")
    cut = Results.load(tmp_path / "results/trial.json")
    cut.rows[1].part = "two"  # begun, and not come to its end
    fresh = Results("trial", "", "quick", dict(cut.metadata), versions_of())
    again = Bench(fresh, tmp_path / "results/trial.json", bench.scratch, cut)
    calls.clear()
    again.part("one", measure, again, "one")
    again.part("two", measure, again, "two")
    assert set(calls) == {"two"}
    assert [row.name for row in fresh.rows] == ["one, timed", "two, timed", "two, told"]
    assert fresh.parts["one"] == cut.parts["one"]
    assert set(fresh.parts) == {"one", "two"}


def test_a_part_in_which_a_side_failed_is_measured_again(bench: Bench, tmp_path: Path) -> None:
    bench.part("one", bench.compare, "work", [Side("lineal", nothing), Side("bad", lambda: 1 / 0)])
    assert "one" in bench.results.parts
    assert not Results.load(tmp_path / "results/trial.json").has("one")


def test_only_results_of_the_same_code_size_machine_and_versions_are_gone_on_from(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "results/trial.json"
    assert goes_on(path, bench.results) is None
    bench.results.metadata["source"] = source_of(Path(__file__))
    bench.part("one", bench.record, "told", "lineal", 1)
    assert goes_on(path, bench.results) == bench.results
    for change in ({"source": "other"}, {"platform": "other"}, {"python_version": "other"}):
        other = Results("trial", "", "quick", bench.results.metadata | change, versions_of())
        assert goes_on(path, other) is None
    assert goes_on(path, Results("trial", "", "full", bench.results.metadata)) is None
    bench.results.versions["numpy"] = "0"
    bench.results.dump(path)
    assert goes_on(path, bench.results) is None


def test_every_row_is_told_at_once(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    pages: list[str] = []
    path = folder / "trial.json"
    told = Bench(
        bench.results, path, bench.scratch, told=lambda: pages.append(write(folder).read_text())
    )
    told.record("first", "lineal", 1)
    told.record("second", "lineal", 2)
    assert ["| second |" in page for page in pages] == [False, True]
    assert "cut before its last row" in pages[-1]


def test_what_a_benchmark_has_started_ends_with_it_when_it_is_killed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(benchmarks=str(BENCHMARKS), scratch=str(scratch)))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as benchmark:
        assert benchmark.stdout is not None
        children = [psutil.Process(int(word)) for word in benchmark.stdout.readline().split()]
        assert all(child.is_running() for child in children)
        benchmark.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    end = time.monotonic() + 30
    while scratch.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not scratch.exists()


KILLED = """
import os, subprocess, sys, time
from pathlib import Path
sys.path.append({benchmarks!r})
from harness.guarding import guard, marked

if __name__ == "__main__":
    marked()
    guard(Path({scratch!r}))
    server = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True
    )
    fork = os.fork()
    if fork == 0:
        time.sleep(300)
    print(server.pid, fork, flush=True)
    time.sleep(300)
"""


def test_a_time_is_for_each_unit_of_a_side(bench: Bench) -> None:
    def nap() -> None:
        time.sleep(0.02)

    bench.compare("work", [Side("many", nap, nothing), Side("few", nap, nothing, per=2)], per=10)
    [many, few] = bench.results.rows[0].sides
    assert 0.002 <= many.median < few.median
    assert bench.results.rows[0].ratio("few") == pytest.approx(few.median / many.median, rel=1)


def test_a_process_tells_its_peak_of_memory_and_what_it_printed() -> None:
    ended = Command([sys.executable, "-c", "print(len(b'1' * 10**9))"])()
    assert ended.output == "1000000000\n"
    assert ended.peak > 10**9


def test_a_peak_below_that_of_the_starting_process_is_not_known() -> None:
    held = b"1" * 3 * 10**8
    assert Command([sys.executable, "-c", "pass"])().peak is None
    assert held


def test_a_process_that_fails_is_an_error_with_what_it_printed() -> None:
    with pytest.raises(RuntimeError, match="ended with 3:\nsorry"):
        Command([sys.executable, "-c", "print('sorry'); exit(3)"])()


def test_memory_is_what_a_call_added(bench: Bench) -> None:
    bench.compare("work", [Side("lineal", lambda: b"1" * 5 * 10**7, nothing)], memory=True)
    peak = bench.results.rows[0].sides[0].peak
    assert peak is None or peak > 4 * 10**7  # only Linux tells it


def test_figures_are_compared_with_the_first(bench: Bench) -> None:
    bench.record("bytes", "lineal", 100, "byte")
    bench.record("bytes", "other", 250, "byte")
    bench.record("right", "lineal", True)
    assert bench.results.rows[0].ratio("other") == 2.5
    with pytest.raises(ValueError, match="another unit"):
        bench.record("bytes", "other", 3, "call")


def test_results_come_back_as_they_were_and_are_pyperfs(bench: Bench, tmp_path: Path) -> None:
    bench.compare("work", [Side("lineal", nothing), Side("other", nothing)], limit=Side("l", dict))
    bench.record("bytes", "lineal", 100, "byte")
    path = tmp_path / "results/trial.json"
    back = Results.load(path)
    assert back == bench.results
    assert back.rows[0].side("other").median == bench.results.rows[0].side("other").median
    suite = pyperf.BenchmarkSuite.load(str(path))
    assert suite.get_benchmark_names() == ["work | lineal", "work | other", "work | l"]
    load = suite.get_benchmark("work | lineal").get_runs()[0].get_metadata()["load_before"]
    assert load >= 0


def test_what_is_kept_names_neither_this_machine_nor_its_folders(bench: Bench) -> None:
    told = {**bench.results.metadata}
    assert not {"hostname", "python_executable", "command"} & set(told)
    assert str(Path.home()) not in str(told)


def test_works_of_several_sizes_are_drawn_as_lines(bench: Bench, tmp_path: Path) -> None:
    for size in (10, 1_000, 100_000):
        bench.compare(f"steps, {size:,}", [Side("lineal", nothing, nothing)], at=size)
    assert [size for size, _ in grown(bench.results)["steps"]] == [10, 1_000, 100_000]
    assert plot(bench.results, tmp_path / "trial.svg")
    assert "slope 1" in (tmp_path / "trial.svg").read_text()


def test_a_side_may_have_a_share_of_its_own(bench: Bench) -> None:
    sides = [Side("lineal", lambda: time.sleep(0.05), nothing)]
    bench.compare("work", sides, rounds=9, share=0.12)
    assert 1 <= bench.results.rows[0].sides[0].samples < 9


def test_the_page_shows_every_row_and_explanation(bench: Bench, tmp_path: Path) -> None:
    bench.compare("work", [Side("lineal", nothing, does="records"), Side("other", nothing)])
    bench.record("right", "other", False)
    (tmp_path / "why").mkdir()
    (tmp_path / "why/trial.md").write_text("Here is why.")
    plotted(tmp_path / "results")
    page = write(tmp_path / "results", tmp_path / "why").read_text()
    for text in ("## trial: A trial.", "| work |", "| right |", "| no", "**lineal**: records"):
        assert text in page
    assert "Here is why." in page
    assert (tmp_path / "results/plots/trial.svg").exists()
