"""Probing the step that diverged: run it again, each time with one thing otherwise.

What the records can't explain shows in what makes the result move: nothing at all (a
clock, an unseeded draw), the order of threads, the hash seed, or the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lineal.digests.digest import Digest
from lineal.records import PROBE_OF, RunRecord

from .job import Job
from .layout import THREADS
from .processes import Stage

_OTHER_HASH = {"PYTHONHASHSEED": "12345"}
_ONE_THREAD = dict.fromkeys(THREADS, "1")
Outputs = dict[str, Digest]


def probe(stage: Stage, job: Job, step: str, replayed: Outputs, recorded: Outputs) -> list[str]:
    """Likely causes, from running the one step again from its recorded inputs.

    Args:
        stage: Where.
        job: The replay's own job.
        step: The step that came out different.
        replayed: The digests it came out with.
        recorded: Those that are on record.
    """
    job = replace(job, steps=(step,), tags={PROBE_OF: stage.record.id})

    def again(changes: Mapping[str, str], workers: int | None = None) -> Outputs:
        done = stage.play(replace(job, workers=workers or job.workers), changes)
        return outputs_of(stage.services.catalog.run(done.run), step) if done.run else {}

    same = again({})
    if same != replayed:
        alone = [again(_ONE_THREAD, 1) for _ in range(2)]
        if alone[0] == alone[1]:
            return ["thread order: run twice it gives two results, with one thread only one"]
        return [
            "nondeterminism: run twice it gives two results; look for a clock or an unseeded draw"
        ]
    hashed = again(_OTHER_HASH)
    if hashed != replayed:
        known = stage.environment and stage.environment.variables.get("PYTHONHASHSEED", "")
        told = "" if known else ", which was left to chance when it was recorded"
        return [f"unordered iteration: its result depends on PYTHONHASHSEED{told}"]
    threads = again(_ONE_THREAD, 1)
    if threads != replayed:
        match = " and then as recorded" if threads == recorded else ""
        return [f"thread count: with one thread it comes out otherwise{match}"]
    return []


def outputs_of(record: RunRecord, step: str) -> Outputs:
    """The digests of a step's outputs."""
    for execution in record.executions:
        if execution.step == step:
            return {output.name: output.digest for output in execution.outputs}
    return {}
