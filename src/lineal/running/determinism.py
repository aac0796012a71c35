"""Which steps of a run are of tasks that gave different content under one key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lineal.catalog import Catalog
from lineal.records import Execution, ExecutionStatus, Nondeterminism, RunRecord

_SHOWN = 5


def nondeterminism_in(catalog: Catalog, record: RunRecord) -> tuple[Nondeterminism, ...]:
    """What is known of the tasks of a run, with the code they had in it, whatever their inputs."""
    codes = sorted({e.code for e in record.executions if e.code is not None})
    tasks = {e.task for e in record.executions}
    return tuple(found for found in catalog.nondeterministic_codes(codes) if found.task in tasks)


def of_execution(execution: Execution, known: Iterable[Nondeterminism]) -> Nondeterminism | None:
    """What bears on one execution: of its own key, else of its task under another key."""
    of_task = [k for k in known if k.task == execution.task and k.code == execution.code]
    return next((k for k in of_task if k.key == execution.key), next(iter(of_task), None))


def warnings(
    catalog: Catalog, number: int, executions: Sequence[Execution]
) -> Iterator[tuple[str, str]]:
    """By task: one line on the steps of a run that were executed, and gave something new.

    Args:
        catalog: Where the run is recorded, with those executions.
        number: The run's.
        executions: The run's.
    """
    ran = {e.key: e for e in executions if e.status is ExecutionStatus.EXECUTED and e.key}
    for found in catalog.nondeterministic_keys(list(ran)) if ran else ():
        execution = ran[found.key]
        yield found.task, f"{told(execution.step, found, number)} (lineal doctor {number})"


def told(step: str, found: Nondeterminism, number: int | None = None) -> str:
    """One sentence: which outputs differ, and in which runs they did."""
    runs = [run for run in found.runs if run != number] or [*found.runs]
    word = "run" if len(runs) == 1 else "runs"
    names = ", ".join(f"#{run}" for run in runs[:_SHOWN])
    more = f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
    outputs = "" if found.outputs == ("result",) else f" for {', '.join(found.outputs)}"
    than = "gave other content than in" if number is not None else "gave different content in"
    return f"{step} is not deterministic: with one key it {than} {word} {names}{more}{outputs}"
