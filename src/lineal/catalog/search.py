"""Searches as SQL: every value is a bound parameter, every column one of the tables' own.

As with MLflow, a condition on a metric, parameter or tag holds only for a run that has it;
so ``params.depth != '3'`` finds runs with another depth, not runs without one. What an
execution logged counts for its run, and for every run that reused it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Float,
    Select,
    Table,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from lineal.errors import FilterError

from .dialect import ilike, like
from .grammar import (
    EXAMPLE,
    ORDER_EXAMPLE,
    Combination,
    Comparison,
    Entity,
    Field,
    Node,
    Order,
    parse_filter,
    parse_order,
    refusal,
)
from .rows import clean, compact, micros
from .runs import POSITIONS, base
from .tables import (
    execution_params,
    execution_tags,
    executions,
    experiments,
    metric_summaries,
    run_params,
    run_tags,
    runs,
)

_TEXT_ATTRIBUTES: dict[str, ColumnElement[Any]] = {
    "id": runs.c.id,
    "name": runs.c.name,
    "status": runs.c.status,
    "pipeline": runs.c.pipeline,
    "experiment": experiments.c.name,
    "user": runs.c.user,
    "host": runs.c.host,
    "note": runs.c.note,
    "command": runs.c.command,
    "error": runs.c.error,
    "environment": runs.c.environment,
}
_TIME_ATTRIBUTES: dict[str, ColumnElement[Any]] = {
    "start_time": runs.c.started_at,
    "end_time": runs.c.finished_at,
}
_NUMBER_ATTRIBUTES: dict[str, ColumnElement[Any]] = {
    "number": runs.c.number,
    "duration": cast(runs.c.finished_at - runs.c.started_at, Float) / 1e6,
}
_ALIASES = {
    "run_id": "id",
    "run_name": "name",
    "user_id": "user",
    "experiment_name": "experiment",
    "started_at": "start_time",
    "finished_at": "end_time",
    "created": "start_time",
}
_ATTRIBUTES = _TEXT_ATTRIBUTES | _TIME_ATTRIBUTES | _NUMBER_ATTRIBUTES
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERINGS = ("<", "<=", ">", ">=")


def select_runs(
    connection: Connection,
    where: str | None,
    order_by: Sequence[str] | None,
    limit: int | None,
    experiment: str | None,
) -> Select[Any]:
    """The statement that finds runs: those that a filter lets through, in order.

    Raises:
        FilterError: When the filter or the order can't be understood.
    """
    conditions: list[ColumnElement[bool]] = []
    if experiment is not None:
        conditions.append(experiments.c.name == clean(experiment))
    if where and where.strip():
        conditions.append(_Translation(connection, where).of(parse_filter(where)))
    orders = [(order, text) for text in order_by or () for order in parse_order(text)]
    facts = [order for order, _ in orders if order.field.entity is not Entity.ATTRIBUTE]
    statement = base()
    if facts:
        ranked = _ranked(conditions, facts).subquery()
        statement = statement.join(ranked, ranked.c.run_number == runs.c.number)
        values = iter(ranked.c[1:])
    else:
        statement = statement.where(*conditions)
        values = iter(())
    for order, text in orders:
        value = next(values) if order in facts else _attribute(order, text)
        statement = statement.order_by(
            (value.desc() if order.descending else value.asc()).nulls_last()
        )
    statement = statement.order_by(runs.c.number.desc())
    return statement if limit is None else statement.limit(max(limit, 0))


def _ranked(conditions: Sequence[ColumnElement[bool]], orders: Sequence[Order]) -> Select[Any]:
    """The runs that conditions let through, each with the value of every order, if it has one.

    Of several facts of a name it is the one that comes first. Runs and facts are put under
    each other and grouped, which takes one pass whatever a database knows of its tables:
    SQLite would look at all facts again for every run that it joins them with.
    """
    empty = [cast(null(), _type(order)) for order in orders]
    chosen = select(runs.c.number.label("run_number"), literal(1).label("chosen"))
    chosen = chosen.add_columns(*(e.label(f"value{i}") for i, e in enumerate(empty)))
    parts: list[Select[Any]] = [chosen.join_from(runs, experiments).where(*conditions)]
    for place, order in enumerate(orders):
        facts = _facts(order.field).subquery()
        columns: list[ColumnElement[Any]] = [*empty[:place], facts.c.value, *empty[place + 1 :]]
        parts.append(select(facts.c.run_number, literal(0), *columns))
    together = union_all(*parts).subquery()
    firsts = (
        (func.max if order.descending else func.min)(together.c[f"value{i}"]).label(f"first{i}")
        for i, order in enumerate(orders)
    )
    return (
        select(together.c.run_number, *firsts)
        .group_by(together.c.run_number)
        .having(func.max(together.c.chosen) == 1)
    )


def _type(order: Order) -> Float[Any] | Text:
    return Float() if order.field.entity is Entity.METRIC else Text()


class _Translation:
    """One filter on its way to SQL, with its text at hand to point at mistakes."""

    def __init__(self, connection: Connection, text: str) -> None:
        self.connection = connection
        self.text = text

    def of(self, node: Node) -> ColumnElement[bool]:
        if isinstance(node, Combination):
            parts = [self.of(part) for part in node.parts]
            return and_(true(), *parts) if node.all else or_(false(), *parts)
        if node.field.entity is Entity.ATTRIBUTE:
            return self._attribute(node)
        if node.operator == "IS NULL":
            return runs.c.number.not_in(_owners(node.field, _always))
        if node.operator == "IS NOT NULL":
            return runs.c.number.in_(_owners(node.field, _always))
        compare = self._number if node.field.entity is Entity.METRIC else self._words
        return runs.c.number.in_(_owners(node.field, lambda value: compare(value, node)))

    def _attribute(self, node: Comparison) -> ColumnElement[bool]:
        name = attribute_of(node.field, "filter", self.text, EXAMPLE)
        column = _ATTRIBUTES[name]
        if node.operator == "IS NULL":
            return column.is_(None)
        if node.operator == "IS NOT NULL":
            return column.is_not(None)
        if name in _TIME_ATTRIBUTES:
            return self._compared(column, node, [self._time(v, node) for v in node.values])
        if name in _NUMBER_ATTRIBUTES:
            return self._number(column, node)
        if name == "status":
            # MLflow writes states in capitals.
            values = tuple(v.lower() if isinstance(v, str) else v for v in node.values)
            node = Comparison(field=node.field, operator=node.operator, values=values, at=node.at)
        return self._words(column, node)

    def _words(self, column: ColumnElement[Any], node: Comparison) -> ColumnElement[bool]:
        values = []
        for value in node.values:
            if not isinstance(value, str):
                shown = self.text[node.at :].split(maxsplit=1)[0].rstrip(")")
                raise self._refusal(
                    node.at, f"{node.field.key!r} is a text, so quote it: '{shown}'"
                )
            values.append(clean(value))
        if node.operator == "LIKE":
            return like(self.connection, column, values[0])
        if node.operator == "ILIKE":
            return ilike(self.connection, column, values[0])
        if node.operator in _ORDERINGS:
            raise self._refusal(
                node.at, f"{node.field.key!r} is a text, which has no order; use = or LIKE"
            )
        return self._compared(column, node, values)

    def _number(self, column: ColumnElement[Any], node: Comparison) -> ColumnElement[bool]:
        for value in node.values:
            if isinstance(value, str):
                raise self._refusal(
                    node.at, f"{node.field.key!r} is a number, so compare it with one"
                )
        return self._compared(column, node, list(node.values))

    def _compared(
        self, column: ColumnElement[Any], node: Comparison, values: Sequence[Any]
    ) -> ColumnElement[bool]:
        if node.operator == "IN":
            return column.in_(values)
        if node.operator == "NOT IN":
            return column.not_in(values)
        if node.operator not in _COMPARE:
            raise self._refusal(node.at, f"{node.operator} works on texts, and this is a number")
        result: ColumnElement[bool] = _COMPARE[node.operator](column, values[0])
        return result

    def _time(self, value: str | float, node: Comparison) -> float:
        """Microseconds since 1970; a number is milliseconds, as in MLflow."""
        if not isinstance(value, str):
            return value * 1000
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise self._refusal(
                node.at, f"{value!r} is no time; write it as '2026-01-31T12:00:00'"
            ) from error
        stamp = micros(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
        assert stamp is not None
        return stamp

    def _refusal(self, at: int, why: str) -> FilterError:
        return refusal("filter", self.text, at, why)


def attribute_of(field: Field, kind: str, text: str, example: str) -> str:
    """The attribute a field names, by the name it has here."""
    name = field.key.lower()
    name = _ALIASES.get(name, name)
    if name not in _ATTRIBUTES:
        raise refusal(
            kind,
            text,
            field.at,
            f"no attribute is called {field.key!r} (there are {', '.join(sorted(_ATTRIBUTES))}); "
            f"or is it metrics.{field.key} or params.{field.key}",
            example,
        )
    return name


def _attribute(order: Order, text: str) -> ColumnElement[Any]:
    return _ATTRIBUTES[attribute_of(order.field, "order", text, ORDER_EXAMPLE)]


_Condition = Callable[[ColumnElement[Any]], ColumnElement[bool]]


def _always(_: ColumnElement[Any]) -> ColumnElement[bool]:
    return true()


def _owners(field: Field, condition: _Condition) -> Select[Any]:
    """The numbers of the runs that have a fact of this name for which the condition holds."""
    return select(_facts(field, condition).subquery().c.run_number)


def _facts(field: Field, condition: _Condition = _always) -> CompoundSelect[Any]:
    """Run number and value of each fact of a name: own, of its steps, and of reused ones."""
    if field.entity is Entity.METRIC:
        labels = metric_summaries.c.labels == compact(dict(field.labels))
        last = metric_summaries.c.last
        return union_all(
            *_of_executions(metric_summaries, last, field.key, and_(labels, condition(last)))
        )
    of_run, of_step = (
        (run_params, execution_params)
        if field.entity is Entity.PARAM
        else (run_tags, execution_tags)
    )
    own = select(of_run.c.run_number, of_run.c.value.label("value")).where(
        of_run.c.key == clean(field.key), condition(of_run.c.value)
    )
    value = of_step.c.value
    return union_all(own, *_of_executions(of_step, value, field.key, condition(value)))


def _of_executions(
    table: Table, value: ColumnElement[Any], key: str, condition: ColumnElement[bool]
) -> tuple[Select[Any], Select[Any]]:
    """Facts of executions for the run they belong to, and for the runs that reused them."""
    named = and_(table.c.key == clean(key), condition)
    number = (table.c.execution_id // POSITIONS).label("run_number")
    own = select(number, value.label("value")).where(named)
    reused = (
        select(executions.c.run_number, value.label("value"))
        .join_from(table, executions, executions.c.reused_from == table.c.execution_id)
        .where(named)
    )
    return own, reused
