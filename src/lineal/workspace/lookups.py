"""What a workspace looks up: runs, executions, and what references name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal.records import Artifact, Environment, Execution, RunRecord
from lineal.references import Located, locate, run_behind
from lineal.running import Run, Services
from lineal.running.determinism import nondeterminism_in
from lineal.running.results import load_result


class Lookups:
    """Finding and loading what was recorded."""

    services: Services

    def get_run(self, reference: str) -> Run:
        """One run, by id or a unique beginning of it, number, name or ``latest``."""
        located = locate(self.services.catalog, reference, runs_only=True)
        assert located.run is not None
        return Run(
            located.run,
            lambda record: load_result(self.services, record),
            look_up=lambda record: nondeterminism_in(self.services.catalog, record),
        )

    def execution(self, run: str, step: str) -> Execution:
        """One execution of a run."""
        return self.get_run(run).execution(step)

    def locate(self, reference: str) -> Located:
        """What a reference names: a run's result, a step's output, or an artifact."""
        return locate(self.services.catalog, reference)

    def run_behind(self, reference: str) -> RunRecord:
        """The run that a reference names, or that made what it names."""
        return run_behind(self.services.catalog, reference)

    def get(self, reference: str) -> Any:
        """The value a reference names."""
        located = self.locate(reference)
        if located.artifact is None:
            assert located.run is not None
            return load_result(self.services, located.run)
        return self.services.values.load(located.artifact)

    def export(self, artifact: Artifact, target: Path) -> Path:
        """Write an artifact to a file, in the format its ending names."""
        return self.services.values.export(artifact, target)

    def metrics(self, run: Run, key: str | None = None) -> Any:
        """The points of a run's metrics as a pyarrow table."""
        ids = {m.execution_id for m in run.record.metrics}
        return self.services.metrics.read(sorted(ids), key)

    def environment(self, run: Run) -> Environment | None:
        """Where a run happened."""
        digest = run.record.environment
        return None if digest is None else self.services.catalog.environment(digest)
