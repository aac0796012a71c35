"""Orders: a step as another process is told of it.

An order names things and holds none of them: the task by where it is declared, its code
and its arguments by their addresses in the store. What the pipeline's body itself gives to
a step is kept in the store before the order goes out; only plain settings (numbers, short
texts, paths) are written in the order.
"""

from __future__ import annotations

import inspect
import os
import pickle
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cloudpickle

from lineal.digests.canonical import identify
from lineal.digests.digest import Digest
from lineal.errors import LinealError, StepFailed
from lineal.pipeline import Task
from lineal.records import Artifact
from lineal.store import Extent, ValueStore

from .base import Services
from .cancelling import mark_of
from .checkout import Snapshot, TaskAddress
from .deciding import as_setting
from .execute import Outcome, StepCall
from .parcels import Parcel
from .receipts import Receipts, remove_receipts
from .sources import sources_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One step, to be carried out anywhere that can reach the store."""

    root: str
    """The store's folder."""
    trust_pickle: bool
    profiles: Extent
    """How much of tables and arrays may be told; see `ValueStore`."""
    host: str
    """Where the run goes on; elsewhere files are laid out from the store."""
    pid: int
    run: str
    """Id of the run."""
    far: bool
    """Whether it may be carried out on other machines, and again when a worker is lost."""
    mark: Path
    """What lies there when the run is cancelled."""
    step: str
    execution: int
    """Id of the execution."""
    task: TaskAddress
    code: Digest | None
    """What the task's code must be; None where it can't be identified."""
    snapshot: Digest
    """Address of the code that it is to be found in."""
    arguments: bytes
    """The arguments as parcels, pickled: they can only be read with the code in place."""
    seed: int
    observe: str


class Orders:
    """Writes the orders of one run.

    Args:
        services: Where values and code are kept.
        entry: The file of the pipeline, if there is one.
        run_id: Of the run.
        far: Whether it may be carried out on other machines, where no path leads to a file
            of this one.
    """

    def __init__(
        self, services: Services, entry: Path | None, run_id: str, *, far: bool = False
    ) -> None:
        self.mark = mark_of(services.root, run_id)
        self._run_id = run_id
        self._far = far
        self._services = services
        self._entry = entry
        self._reached: set[str] = set()
        self._snapshot: tuple[Digest, Mapping[Path, str]] | None = None
        self._addresses: dict[int, TaskAddress] = {}
        self._kept: dict[Digest, Artifact] = {}

    def of(self, call: StepCall) -> bytes:
        """The order of a step.

        Raises:
            StepFailed: something it is given can't be handed to another process.
            StoreUnwritable: it can't be kept in the store.
        """
        files = call.code.files if call.code is not None else ()
        snapshot, places = self._code(files)
        arguments = {
            name: self._without_values(packed, call.step) for name, packed in call.pack().items()
        }
        values = self._services.values
        return pickle.dumps(
            Order(
                root=str(self._services.root),
                trust_pickle=values.trust_pickle,
                profiles=values.profiles,
                host=socket.gethostname(),
                pid=os.getpid(),
                run=self._run_id,
                far=self._far,
                mark=self.mark,
                step=call.step,
                execution=call.context.execution_id,
                task=self._address(call.task, places),
                code=call.code.digest if call.code is not None else None,
                snapshot=snapshot,
                arguments=cloudpickle.dumps(arguments),
                seed=call.seed,
                observe=call.observe,
            )
        )

    def rescued(self, data: bytes, task: Task[..., Any]) -> Outcome | None:
        """What a worker has left of an order, whose answer is lost; None if that is nothing."""
        order: Order = pickle.loads(data)  # noqa: S301 - our own
        try:
            outcome = receipts_of(order, data).done()
            return outcome and brought_home(outcome, task, self._services.values)
        except Exception:  # noqa: BLE001 - then it is lost, which is what the run says
            return None

    def close(self) -> None:
        """No order is carried out any more: take away what was left for workers and by them."""
        with suppress(FileNotFoundError):
            self.mark.unlink()
        remove_receipts(self._services.root, self._run_id)

    def _code(self, files: tuple[str, ...]) -> tuple[Digest, Mapping[Path, str]]:
        """The snapshot of all code that was reached so far."""
        if self._snapshot is None or not self._reached.issuperset(files):
            self._reached.update(files)
            sources = sources_of(self._entry, map(Path, sorted(self._reached)))
            blobs = self._services.values.blobs
            places = {path: sources.place(path) for path in sources.files}
            snapshot = Snapshot(
                files={place: blobs.put_file(path) for path, place in places.items()},
                import_paths=tuple(map(sources.place, sources.roots)),
            )
            self._snapshot = blobs.put(snapshot.to_bytes()), places
        return self._snapshot

    def _address(self, task: Task[..., Any], places: Mapping[Path, str]) -> TaskAddress:
        known = self._addresses.get(id(task))
        if known is None:
            place = _place(task, places)
            pickled = None
            if place is None:
                pickled = self._services.values.blobs.put(cloudpickle.dumps(task))
            module, _, qualname = task.qualified_name.partition(":")
            known = self._addresses[id(task)] = TaskAddress(
                module=module,
                qualname=qualname,
                place=place,
                pickled=pickled,
                options=task.options,
            )
        return known

    def _without_values(self, packed: Any, step: str) -> Any:
        if isinstance(packed, dict):
            return {key: self._without_values(item, step) for key, item in packed.items()}
        if not isinstance(packed, Parcel):
            return type(packed)(self._without_values(item, step) for item in packed)
        if packed.artifact is not None:
            return packed
        if packed.digest is None or packed.digest.startswith("unique:"):
            return replace(packed, value=None, pickled=self._pickled(packed, step))
        if isinstance(packed.value, Path):
            return replace(packed, artifact=self._keep(packed)) if self._far else packed
        if type(packed.value) in _PLAIN and as_setting(packed.value) is not None:
            return packed
        return replace(packed, value=None, artifact=self._keep(packed))

    def _keep(self, parcel: Parcel) -> Artifact:
        assert parcel.digest is not None
        known = self._kept.get(parcel.digest)
        if known is None:
            identity = identify(parcel.value, self._services.memo)
            known = self._kept[parcel.digest] = self._services.values.save(parcel.value, identity)
        return known

    def _pickled(self, parcel: Parcel, step: str) -> Digest:
        """What has no identity has no codec either; it can only be tried."""
        try:
            data = cloudpickle.dumps(parcel.value)
        except LinealError:
            raise
        except Exception as error:
            raise StepFailed(
                f"The step {step!r} can't be sent to another process: its argument {parcel.name}"
                f" can't be kept ({error}). Make what it is given inside the step, or run it on"
                " threads."
            ) from error
        return self._services.values.blobs.put(data)


def receipts_of(order: Order, data: bytes) -> Receipts:
    """The receipt of an order."""
    root = Path(order.root)
    return Receipts(root, order.run, order.execution, data, trusted=order.trust_pickle)


def brought_home(outcome: Outcome, task: Task[..., Any], values: ValueStore) -> Outcome:
    """An outcome with the values at hand that only memory is to keep."""
    if not task.options.persist:
        for made in outcome.outputs:
            if made.artifact is not None:
                made.value, made.artifact = values.load(made.artifact), None
    return outcome


_PLAIN = (type(None), bool, int, float, str)


def _place(task: Task[..., Any], places: Mapping[Path, str]) -> str | None:
    """Where the snapshot has the file that declares a task, if others can import it from there."""
    module = sys.modules.get(task.fn.__module__)
    found: Any = module
    for part in task.fn.__qualname__.split("."):
        found = getattr(found, part, None)
    declared = isinstance(found, Task) and found.fn is task.fn
    declared = declared or any(
        isinstance(v, Task) and v.fn is task.fn for v in vars(module or object).values()
    )
    file = inspect.getsourcefile(task.fn)
    return places.get(Path(file).absolute()) if declared and file is not None else None
