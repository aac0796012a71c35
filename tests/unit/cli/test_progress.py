"""What a run shows while it goes on."""

from __future__ import annotations

from lineal.cli.progress import MANY, LiveProgress
from lineal.cli.render import err
from lineal.records import Cause, Reason, Resources

WHY = Reason(cause=Cause.FIRST, text="Nothing with this key has run before.")


def shown(steps: list[tuple[str, str, float]]) -> list[str]:
    with err.capture() as told, LiveProgress() as progress:
        for step, status, seconds in steps:
            resources = Resources(wall_seconds=seconds, cpu_seconds=0.0, peak_memory_bytes=0)
            progress.ended(step, status, WHY, resources)
    return told.get().splitlines()


def test_each_step_has_a_line() -> None:
    lines = shown([(f"step-{i}", "executed", 0.0) for i in range(3 * MANY)])
    assert len(lines) == 3 * MANY


def test_quick_steps_of_a_map_are_counted_when_they_are_many() -> None:
    steps = [(f"fit[{i}]", "executed", 0.01) for i in range(1000 + MANY)]
    lines = shown([*steps, ("best", "executed", 0.01)])
    assert len(lines) == MANY + 2
    assert lines[-1].strip() == "fit[…]  and 1,000 more of them, each in less than a second"


def test_what_took_long_or_failed_is_never_left_out() -> None:
    steps = [(f"fit[{i}]", "executed", 0.01) for i in range(10 * MANY)]
    told = shown([*steps, ("fit[900]", "executed", 7.0), ("fit[901]", "failed", 0.01)])
    assert any("fit[900]" in line for line in told)
    assert any("fit[901]" in line for line in told)


def test_few_steps_of_a_map_are_not_counted() -> None:
    lines = shown([(f"fit[{i}]", "executed", 0.01) for i in range(MANY)])
    assert len(lines) == MANY
    assert all("more of them" not in line for line in lines)
