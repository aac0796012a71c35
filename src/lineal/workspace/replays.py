"""How a workspace proves a run: replayed, checked, verified, frozen into a file and thawed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lineal.config import Settings
from lineal.doctor import Asked as DoctorAsked
from lineal.doctor import Diagnosis, Progress, examine
from lineal.leakage import Asked as CheckAsked
from lineal.leakage import Leakage, check
from lineal.replay import Asked, Frozen, Report, Thawed, Verified, freeze, replay, thaw, verify

from .lookups import Lookups


class Replays(Lookups):
    """Running again, checking and carrying off what was recorded."""

    settings: Settings

    def replay(self, reference: str, asked: Asked | None = None) -> Report:
        """Run a past run again, and compare every output with what was recorded.

        Args:
            reference: A run, or something that a run made.
            asked: How; by default with its code, its data, its parameters and its seed.

        Raises:
            UserError: nothing answers to the reference, or it can't be replayed like this.
            StoreError: the code, or an argument, is gone.
        """
        record = self.run_behind(reference)
        return replay(self.services, record, asked or Asked(), self._for_processes())

    def doctor(
        self,
        reference: str,
        steps: Sequence[str] | None = None,
        *,
        times: int = 2,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> Diagnosis:
        """Run each step of a past run several times, and say which differ and why.

        Each is run from its recorded inputs and code in fresh processes, with everything
        equal and with one thing otherwise: the hash seed, threads, the time of day.

        Args:
            reference: A run, or something that a run made.
            steps: Only these; all by default.
            times: How often with everything equal; twice at least.
            workers: Steps executed at once.
            progress: Is told of each process before it is started.

        Raises:
            UserError: nothing answers to the reference, or it can't be run again.
            StoreError: the code, or an argument, is gone.
        """
        asked = DoctorAsked(steps=tuple(steps) if steps else None, times=times, workers=workers)
        record = self.run_behind(reference)
        return examine(self.services, record, asked, self._for_processes(), progress)

    def check(
        self,
        reference: str,
        keys: Sequence[str] = (),
        *,
        train: str | None = None,
        test: str | None = None,
        labels: Sequence[str] = (),
    ) -> Leakage:
        """Say what stands on both sides of a run's splits: rows, features, subjects or sites.

        Args:
            reference: A run, or something that a run made.
            keys: Columns that name subjects or sites.
            train: The one side, by the name of an output or argument; the record tells by default.
            test: The other side.
            labels: Columns that no model is given; the record tells by default.

        Raises:
            UserError: nothing answers to the reference, a side or a key.
        """
        asked = CheckAsked(keys=tuple(keys), train=train, test=test, labels=tuple(labels))
        return check(self.services, self.run_behind(reference), asked)

    def verify(self, reference: str | None = None, *, data: bool = False) -> Verified:
        """Check that all that a run reaches is there and as it was recorded.

        Args:
            reference: A run, or something that a run made; every run by default.
            data: Whether every value is decoded, too, and its digest computed anew.
        """
        catalog = self.services.catalog
        if reference is not None:
            return verify(self.services, [self.run_behind(reference)], data=data)
        return verify(self.services, [catalog.run(r.id) for r in catalog.runs()], data=data)

    def freeze(self, reference: str, target: Path) -> Frozen:
        """Write a run, with all it takes to replay it, to one file."""
        return freeze(self.services, self.run_behind(reference), target)

    def thaw(self, source: Path) -> Thawed:
        """Take a frozen run into this store.

        Raises:
            FrozenRunRefused: the file was tampered with; nothing is taken in then.
        """
        return thaw(self.services, source)

    def _for_processes(self) -> dict[str, str]:
        """The settings in force as variables, for a process that works elsewhere."""
        given = self.settings.model_dump(exclude_none=True, exclude={"openlineage_api_key"})
        given["store"] = str(self.services.root)
        return {f"LINEAL_{name.upper()}": str(value) for name, value in given.items()}
