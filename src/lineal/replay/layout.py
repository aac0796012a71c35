"""Recorded code that can be replayed, and the surroundings of the process that does it.

Nothing of today's working tree is reachable from there: the folder that the code is laid
out in holds the recorded files alone, and PYTHONPATH names only places inside it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lineal.errors import UserError
from lineal.records import CodeSnapshot, Environment, RunRecord
from lineal.running.laying_out import inside

THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
_SURROUNDINGS = (*THREADS, "LANG", "LC_ALL", "TZ")
HASH_SEED = "0"
"""What stands for a hash seed that was left to chance and so is not known."""


def code_of(record: RunRecord) -> CodeSnapshot:
    """The code of a run that can be replayed.

    Raises:
        UserError: it can't be; says why.
    """
    code = record.code
    if record.pipeline is None:
        reason = "it is a block of a script, not a pipeline: there are no steps to run again"
    elif code is None:
        reason = f"it is {record.status.value}, and its code is recorded when a run ends"
    elif code.entry is None or code.entry.partition(":")[0] not in code.files:
        reason = "its pipeline was not declared in a file, or an older lineal recorded it"
    elif "<locals>" in code.entry:
        reason = "its pipeline was declared inside a function, and can't be found from outside"
    else:
        return code
    raise UserError(f"Run #{record.number} can't be replayed: {reason}.")


def surroundings(
    code: CodeSnapshot,
    folder: Path,
    environment: Environment | None,
    settings: Mapping[str, str],
    changes: Mapping[str, str],
) -> dict[str, str]:
    """The environment variables of the process.

    Args:
        code: Says what has to be on the path.
        folder: Where the code lies.
        environment: Where the run happened: its thread settings, locale and hash seed.
        settings: Variables that name the store.
        changes: What a probe sets otherwise.
    """
    recorded = environment.variables if environment is not None else {}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "LINEAL_")) and name not in _SURROUNDINGS
    }
    kept.update({name: recorded[name] for name in _SURROUNDINGS if name in recorded})
    seed = recorded.get("PYTHONHASHSEED", "")
    kept["PYTHONHASHSEED"] = seed if seed.isdigit() else HASH_SEED
    kept["PYTHONPATH"] = os.pathsep.join(str(inside(folder, p)) for p in code.import_paths)
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    kept["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
    return {**kept, **settings, **changes}
