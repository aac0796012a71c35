"""Keeping a diagnosis: an artifact of a run of the doctor's own, made from the run's outputs."""

from __future__ import annotations

import json

from lineal.records import RunRecord
from lineal.replay.recording import keep_report
from lineal.running import RunOptions, Services, start_run, to_json

from .report import STEP, Diagnosis


def record_diagnosis(services: Services, record: RunRecord, diagnosis: Diagnosis) -> str:
    """Write the report as the one execution of a new run; returns its reference."""
    tags = {"lineal.doctor_of": record.id}
    options = RunOptions(
        name=f"{record.name}-doctor", experiment=record.experiment, tags=tags, echo=False
    )
    with start_run(services, options.name or "", options, None) as active:
        pass
    keep_report(
        services,
        json.dumps(to_json(diagnosis), indent=2, ensure_ascii=False),
        step=STEP,
        task=f"{__name__}:{record_diagnosis.__name__}",
        run=active.record,
        about={"recorded": record},
        tags={**tags, "lineal.verdict": "deterministic" if diagnosis.deterministic else "differs"},
    )
    return f"{active.number}:{STEP}"
