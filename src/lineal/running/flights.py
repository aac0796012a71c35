"""Flights: the steps of a run that are being executed, from the call of each to its outcome.

All is done by the thread that drives the run, but for executing the steps themselves.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Any

from lineal.context import StepContext
from lineal.metrics import Journal
from lineal.pipeline import Task
from lineal.pipeline.graph import Reference, StepNode
from lineal.records import execution_id

from .base import Lender, Runner, RunOptions, Services
from .baton import Baton
from .deciding import Decided
from .execute import Outcome, StepCall
from .guarding import Guard
from .shelf import Shelf


class Flights:
    """Keeps count of what a runner executes for a run.

    Args:
        services: What steps are executed with.
        options: What whoever started the run asked for.
        run_number: The run's.
        journal: Where the points go that steps log.
        runner: Executes the steps.
        shelf: Has the values that they take.
        globals_of: Gives what a task's code holds, and must be the same after each of its steps.
    """

    def __init__(
        self,
        *,
        services: Services,
        options: RunOptions,
        run_number: int,
        journal: Journal,
        runner: Runner,
        shelf: Shelf,
        globals_of: Callable[[Task[..., Any]], Sequence[Guard]],
    ) -> None:
        self._services = services
        self._options = options
        self._run_number = run_number
        self._journal = journal
        self._runner = runner
        self._shelf = shelf
        self._globals_of = globals_of
        self._under_way: dict[int, Decided] = {}
        """By position, in the order in which they were begun."""
        self._told: set[int] = set()
        """Positions of those that the observer knows of."""
        self._done: queue.SimpleQueue[tuple[Decided, Future[Outcome]]] = queue.SimpleQueue()

    def __len__(self) -> int:
        """How many steps are being executed, or wait for a worker that is free."""
        return len(self._under_way)

    @property
    def enough(self) -> bool:
        """Whether the runner has so many steps at hand that it need not wait for the next."""
        return len(self._under_way) >= 2 * self._runner.workers

    def submit(self, decided: Decided) -> None:
        """Have the runner execute a step."""
        future = self._runner.submit(self._call(decided))
        future.add_done_callback(lambda done: self._done.put((decided, done)))
        self.tell_begun()

    def execute(self, decided: Decided, runner: Lender, baton: Baton) -> None:
        """Execute a step at once, on the thread that the runner lent; without the baton."""
        call = self._call(decided)
        self.tell_begun()
        executed: Future[Outcome] = Future()
        with baton.laid_down():
            try:
                executed.set_result(runner.execute(call))
            except BaseException as error:  # noqa: BLE001 - told when it is collected
                executed.set_exception(error)
            self._done.put((decided, executed))

    def next_done(self, timeout: float | None = None) -> tuple[Decided, Future[Outcome]]:
        """The step that was through first, still counted until it is told to have `ended`.

        Raises:
            queue.Empty: none was within so many seconds.
        """
        return self._done.get(timeout=timeout)

    def ended(self, decided: Decided) -> None:
        """A step's outcome has been seen to."""
        del self._under_way[decided.node.position]

    def abandon(self) -> list[StepNode]:
        """Count on nothing more; returns the steps whose outcomes have not been seen to."""
        nodes = [decided.node for decided in self._under_way.values()]
        self._under_way.clear()
        return nodes

    def tell_begun(self) -> None:
        """Tell of each step when its turn has come; those behind it wait for a worker."""
        for decided in islice(self._under_way.values(), self._runner.workers):
            if decided.node.position not in self._told:
                self._told.add(decided.node.position)
                self._options.observer.started(decided.node.name, decided.decision.reason)

    def _call(self, decided: Decided) -> StepCall:
        """What it takes to execute a step, which is under way from now on."""
        node = decided.node
        self._shelf.find(leaf for _, leaf in node.leaves if isinstance(leaf, Reference))
        context = StepContext(
            execution_id=execution_id(self._run_number, node.position), points=self._journal
        )
        self._under_way[node.position] = decided
        return StepCall(
            step=node.name,
            task=node.task,
            load=lambda: self._shelf.load(node),
            seed=decided.seed,
            context=context,
            pack=lambda: self._shelf.pack(node),
            memo=self._services.memo,
            globals=self._globals_of(node.task),
            observe=self._options.observe,
            store=self._services.root,
            code=decided.code,
            upstream=[above.position for above in node.upstream],
        )
