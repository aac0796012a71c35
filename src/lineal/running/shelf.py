"""The shelf: the values of one run, from where they lie to the steps that take them.

It knows where each output of a step is (in memory, in the store, or both), hands values
to steps and packs them for other processes, and lets go of a value in memory once it is
durable and nobody is known to want it; if somebody does after all, it is loaded again.

All but `load` and `pack` are called from the thread that drives the run.
"""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from lineal.catalog import Catalog
from lineal.digests.canonical import identify, value_digest
from lineal.digests.digest import Digest
from lineal.digests.identity import ValueIdentity
from lineal.digests.memo import StatMemo
from lineal.pipeline.graph import Leaf, Literal, Reference, StepNode, resolve
from lineal.records import Artifact
from lineal.store import ValueStore

from .execute import ELSEWHERE, Produced
from .guarding import Guard, Outline, noted, outline
from .parcels import Parcel
from .slots import Slot

SETTINGS = (type(None), bool, int, float, str)
"""Types whose values are shown as they are, and not kept as artifacts."""


class Shelf:
    """The values of one run, by the step and output that made them.

    Args:
        values: Where values are loaded from.
        catalog: Knows values of other runs.
        memo: What is known of files.
        written: Gives the record of a value that this run has made durable, if it has.
    """

    def __init__(
        self,
        values: ValueStore,
        catalog: Catalog,
        memo: StatMemo,
        written: Callable[[Digest], Artifact | None],
    ) -> None:
        self._values = values
        self._catalog = catalog
        self._memo = memo
        self._given: dict[Digest, ValueIdentity] = {}
        """Identities of the data that the pipeline's body gave to steps."""
        self._written = written
        self._slots: dict[Digest, Slot] = {}
        self._outputs: dict[int, dict[str, Digest]] = {}
        """Position of a step that succeeded -> the digests of its outputs."""
        self._takers: defaultdict[tuple[int, str], int] = defaultdict(int)
        """Position and output -> arguments of steps that have not ended and take it."""
        self._idle: deque[Slot] = deque()
        """Values that nobody waits for, in the order in which that came about."""
        self._body_ended = False

    def __contains__(self, step: StepNode) -> bool:
        """Whether the outputs of a step are known."""
        return step.position in self._outputs

    def identify(self, value: Any) -> Digest:
        """The digest of a value that the pipeline's body gives to a step.

        Raises:
            UnhashableError: it has no content to go by.
        """
        if isinstance(value, SETTINGS):
            return value_digest(value)
        identity = identify(value, self._memo)
        self._given[identity.digest] = identity
        return identity.digest

    def identity_of(self, value: Any, digest: Digest) -> ValueIdentity:
        """What was found out about a value when it was given to a step."""
        return self._given.get(digest) or identify(value, self._memo)

    def digest(self, reference: Reference) -> Digest:
        """The digest of an output of a step that succeeded."""
        return self._outputs[reference.step.position][reference.output]

    def declared(self, step: StepNode) -> None:
        """Keep what a step will take at hand until it has ended."""
        for _, leaf in step.leaves:
            if isinstance(leaf, Reference):
                self._takers[leaf.step.position, leaf.output] += 1
                if leaf.step in self:
                    self._slot(leaf).takers += 1

    def ended(self, step: StepNode) -> None:
        """A step has ended, however it did: it takes nothing any more."""
        for _, leaf in step.leaves:
            if isinstance(leaf, Reference):
                self._takers[leaf.step.position, leaf.output] -= 1
                if leaf.step in self:
                    slot = self._slot(leaf)
                    slot.takers -= 1
                    self._rest(slot)
        if self._idle:
            self._sweep()

    def body_ended(self, returned: Iterable[Reference]) -> None:
        """From now on only what the body returned is asked for beside the steps' arguments."""
        self._body_ended = True
        for reference in returned:
            self._takers[reference.step.position, reference.output] += 1
            if reference.step in self:
                self._slot(reference).takers += 1
        for slot in self._slots.values():
            self._rest(slot)

    def reused(self, step: StepNode, outputs: dict[str, Digest]) -> None:
        """A past execution's outputs stand for a step's."""
        self._outputs[step.position] = outputs
        for name, digest in outputs.items():
            slot = self._slots.get(digest)
            if slot is None:
                slot = self._slots[digest] = Slot(digest)
            slot.takers += self._takers.get((step.position, name), 0)

    def made(self, step: StepNode, outputs: Iterable[Produced], *, kept: bool) -> None:
        """A step was executed; `kept` says whether its outputs will be in the store."""
        self._outputs[step.position] = digests = {}
        for produced in outputs:
            digest = digests[produced.name] = produced.identity.digest
            slot = self._slots.get(digest)
            if slot is None:
                slot = self._slots[digest] = Slot(digest)
            if not slot.in_memory:
                slot.artifact = slot.artifact or produced.artifact
                slot.profile = produced.identity.profile
                slot.droppable = kept
                if produced.value is not ELSEWHERE:
                    slot.keep(produced.value)
            slot.takers += self._takers.get((step.position, produced.name), 0)
            if self._body_ended:
                self._rest(slot)

    def value(self, reference: Reference) -> Any:
        """The value of an output, for the body of the pipeline, which may ask again."""
        slot = self._slot(reference)
        slot.asked = True
        if slot.artifact is None:
            self._locate([slot])
        return slot.value(self._values)

    def find(self, references: Iterable[Reference]) -> None:
        """Learn where outputs lie, all at once, before another thread or the user asks."""
        self._locate([self._slot(reference) for reference in references])

    def load(self, step: StepNode) -> tuple[dict[str, Any], list[Guard]]:
        """The arguments of a step by name, and what they must still be after it."""
        guards: list[Guard] = []
        names = iter(step.leaves)
        mutates = step.task.options.mutates

        def value_of(leaf: Leaf) -> Any:
            name, _ = next(names)
            if isinstance(leaf, Literal):
                value, digest, before = leaf.value, leaf.digest, self._outlined(leaf)
            else:
                slot = self._slot(leaf)
                value, digest = slot.value(self._values), slot.digest
                before = self._parts(slot, value)
            if digest is not None:
                guards.append(Guard(name, value, digest, before))
            return copy.deepcopy(value) if name.partition("[")[0] in mutates else value

        arguments = {name: resolve(a, value_of) for name, a in step.arguments.items()}
        return arguments, guards

    def _outlined(self, leaf: Literal) -> Callable[[], Outline | None]:
        known = self._given.get(leaf.digest) if leaf.digest is not None else None
        return noted(leaf.value, known.profile if known is not None else None)

    def _parts(self, slot: Slot, value: Any) -> Callable[[], Outline | None]:
        """Gives the parts of a value as it was before a step: from the store if it lies there."""
        artifact = slot.artifact or self._written(slot.digest)
        if artifact is None or artifact.stored is None:
            return noted(value, slot.profile)
        return lambda: outline(self._values.load(artifact))

    def pack(self, step: StepNode) -> dict[str, Any]:
        """The arguments of a step as parcels for another process."""
        names = iter(step.leaves)

        def parcel_of(leaf: Leaf) -> Parcel:
            name, _ = next(names)
            if isinstance(leaf, Literal):
                return Parcel(name=name, digest=leaf.digest, value=leaf.value)
            slot = self._slot(leaf)
            if slot.artifact is not None and slot.artifact.stored is not None:
                return Parcel(name=name, digest=slot.digest, artifact=slot.artifact)
            return Parcel(name=name, digest=slot.digest, value=slot.value(self._values))

        return {name: resolve(a, parcel_of) for name, a in step.arguments.items()}

    def _slot(self, reference: Reference) -> Slot:
        return self._slots[self.digest(reference)]

    def _locate(self, slots: Iterable[Slot]) -> None:
        """Find the records of values that are not in memory."""
        wanted = {s.digest: s for s in slots if not s.in_memory and s.artifact is None}
        for digest in list(wanted):
            written = self._written(digest)
            if written is not None:
                wanted.pop(digest).artifact = written
        if wanted:
            for digest, artifact in self._catalog.artifacts(list(wanted)).items():
                wanted[digest].artifact = artifact

    def _rest(self, slot: Slot) -> None:
        """Have a value let go of soon, if nobody is known to want it."""
        if slot.takers == 0 and slot.in_memory and slot.droppable and not slot.idle:
            slot.idle = True
            self._idle.append(slot)

    def _sweep(self) -> None:
        """Let go of idle values that are durable, from the longest idle on.

        The recorder writes in order, so behind one that is not durable yet there is little
        to find; looking no further keeps the cost of a step independent of their number.
        """
        while self._idle:
            slot = self._idle[0]
            if slot.takers == 0 and not (slot.asked and not self._body_ended):
                artifact = slot.artifact or self._written(slot.digest)
                if artifact is None:
                    return
                # The body may still want it, and what is pickled may not be loaded here.
                if artifact.stored is not None and (
                    self._body_ended or not artifact.stored.pickled
                ):
                    slot.artifact = artifact
                    slot.drop()
            self._idle.popleft().idle = False
