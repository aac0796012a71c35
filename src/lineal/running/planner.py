"""Planning a pipeline without running it: what a run would reuse, execute, or leave open."""

from __future__ import annotations

from typing import Any

from lineal.digests.canonical import value_digest
from lineal.digests.digest import Digest
from lineal.pipeline import Pipeline
from lineal.pipeline.graph import Literal, Reference, StepNode
from lineal.pipeline.tracing import Trace, current_trace
from lineal.planning import Plan, PlannedStep, Reuse
from lineal.records import Lease

from .base import RunOptions, Services
from .deciding import Decider
from .leases import Others, reason_of
from .seeding import argument_seed
from .slots import Slot


def plan_pipeline(
    services: Services,
    pipeline: Pipeline[..., Any],
    arguments: dict[str, Any],
    options: RunOptions,
) -> Plan:
    """Decide every step that the body declares; nothing is run and nothing written.

    Raises:
        UserError: a step is to be forced that there is not.
    """
    decider = Decider(
        services.catalog, pipeline.qualified_name, options.deciding, options.seed, services.memo
    )
    planning = _Planning(services, decider, options.seed)
    trace = Trace(planning)
    planning.trace = trace
    token = current_trace.set(trace)
    stopped = None
    try:
        pipeline.invoke(arguments)
    except _NotKnownYet as stop:
        stopped = str(stop)
    finally:
        current_trace.reset(token)
    if stopped is None:
        options.policy.refuse_unknown((node.name, node.task.name) for node in trace.steps)
    planning.decide_all()
    return Plan(
        pipeline=pipeline.qualified_name,
        steps=tuple(planning.planned[node.position] for node in trace.steps),
        stopped_at=stopped,
        warnings=trace.warnings(),
    )


class _NotKnownYet(BaseException):
    """The body looks at a value that only a run can give. No body should catch it."""


class _Planning:
    """The engine behind a plan's trace."""

    trace: Trace

    def __init__(self, services: Services, decider: Decider, run_seed: int) -> None:
        self._services = services
        self._run_seed = run_seed
        self._decider = decider
        self._others = Others(services.catalog)
        self._outputs: dict[int, dict[str, Digest]] = {}
        self.planned: dict[int, PlannedStep] = {}

    def digest(self, value: Any) -> Digest:
        return value_digest(value, self._services.memo)

    def seed(self, step: str, argument: str) -> int:
        return argument_seed(self._run_seed, step, argument)

    def declared(self, step: StepNode) -> None:
        self._decider.declared(step)

    def demand(self, step: StepNode, output: str) -> Any:
        self.decide_all()
        if step.position not in self._outputs:
            raise _NotKnownYet(f"{step.name}.{output}")
        slot = Slot(self._outputs[step.position][output])
        slot.artifact = self._services.catalog.artifacts([slot.digest]).get(slot.digest)
        return slot.value(self._services.values)

    def identity(self, step: StepNode, output: str) -> Digest:
        return self._outputs[step.position][output]

    def decide_all(self) -> None:
        """Decide what can be, in waves from the top."""
        open_nodes = [n for n in self.trace.steps if n.position not in self.planned]
        while open_nodes:
            wave = [n for n in open_nodes if all(u.position in self._outputs for u in n.upstream)]
            wave = [n for n in wave if n.position not in self.planned]
            if not wave:
                break
            for decided in self._decider.decide(wave, self._digest_of):
                self._plan(decided.node, decided)
            open_nodes = [n for n in open_nodes if n.position not in self.planned]
        for node in open_nodes:
            on = [u.name for u in node.upstream if u.position not in self._outputs]
            self._note(node, "wait", f"It waits for {', '.join(on)}.")

    def _plan(self, node: StepNode, decided: Any) -> None:
        decision = decided.decision
        key = decided.key.digest if decided.key else None
        if isinstance(decision, Reuse):
            outputs = {o.name: o.digest for o in decision.prior.outputs}
            self._outputs[node.position] = outputs
            self._note(node, "reuse", decision.reason.text, key, decision.prior.execution_id)
        elif (lease := self._others.holder(decided)) is not None:
            self._note(node, "wait", reason_of(lease).text, key, held_by=lease)
        else:
            self._note(node, "execute", decision.reason.text, key)

    def _digest_of(self, reference: Reference) -> Digest:
        return self._outputs[reference.step.position][reference.output]

    def _note(
        self,
        node: StepNode,
        decision: str,
        reason: str,
        key: Digest | None = None,
        reused_from: int | None = None,
        held_by: Lease | None = None,
    ) -> None:
        self.planned[node.position] = PlannedStep(
            step=node.name,
            task=node.task.qualified_name,
            decision=decision,
            reason=reason,
            key=key,
            reused_from=reused_from,
            upstream=_upstream(node),
            resources=node.task.options.resources,
            held_by=held_by,
        )


def _upstream(node: StepNode) -> tuple[str, ...]:
    """The steps whose outputs it takes, also where the body looked at them on their way."""
    names = [above.name for above in node.upstream]
    names += [
        leaf.source.step
        for _, leaf in node.leaves
        if isinstance(leaf, Literal) and leaf.source is not None
    ]
    return tuple(dict.fromkeys(names))
