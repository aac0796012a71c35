"""The language of searches, from text to a tree; it knows nothing of tables.

    filter      = either ;
    either      = all, { "OR", all } ;
    all         = condition, { "AND", condition } ;
    condition   = "(", either, ")" | field, comparison ;
    comparison  = ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "LIKE" | "ILIKE" ), value
                | [ "NOT" ], "IN", "(", value, { ",", value }, ")"
                | "IS", [ "NOT" ], "NULL" ;
    field       = [ entity, "." ], key, [ "[", name, "=", value, { ",", name, "=", value }, "]" ] ;
    order       = field, [ "ASC" | "DESC" ], { ",", field, [ "ASC" | "DESC" ] } ;

It is MLflow's language, with OR, parentheses and the slices of a metric in brackets added.
A key with unusual signs stands between backticks or double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from lineal.errors import FilterError

EXAMPLE = "metrics.auc > 0.9 and params.depth = '3'"
ORDER_EXAMPLE = "metrics.auc DESC, attributes.start_time"

_LONGEST = 20_000
_DEEPEST = 30
_MOST_CONDITIONS = 200
T = TypeVar("T")


class Entity(StrEnum):
    """What a field belongs to."""

    METRIC = "metrics"
    PARAM = "params"
    TAG = "tags"
    ATTRIBUTE = "attributes"


_ENTITIES = {
    **dict.fromkeys(("metric", "metrics"), Entity.METRIC),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), Entity.PARAM),
    **dict.fromkeys(("tag", "tags"), Entity.TAG),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), Entity.ATTRIBUTE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What is compared or sorted by."""

    entity: Entity
    key: str
    labels: tuple[tuple[str, str], ...] = ()
    """The slice of a metric; none for the whole."""
    at: int
    """Where it stands in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One condition on one field."""

    field: Field
    operator: str
    """=, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL."""
    values: tuple[str | float, ...]
    at: int
    """Where the value stands in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Several conditions that hold together, or of which one holds."""

    all: bool
    parts: tuple[Node, ...]


Node = Comparison | Combination


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One field to sort by."""

    field: Field
    descending: bool


def parse_filter(text: str) -> Node:
    """The tree of a filter.

    Raises:
        FilterError: When it can't be understood; the message says where.
    """
    return _Parser(text, "filter", EXAMPLE).whole(_Parser.either)


def parse_order(text: str) -> list[Order]:
    """The fields to sort by, first things first.

    Raises:
        FilterError: When it can't be understood; the message says where.
    """
    return _Parser(text, "order", ORDER_EXAMPLE).whole(_Parser.orders)


def refusal(kind: str, text: str, at: int, why: str, example: str = EXAMPLE) -> FilterError:
    """The error that points at a place in the text."""
    rest = text[at : at + 30]
    place = f'at character {at + 1}, before "{rest}"' if rest else "at its end"
    return FilterError(
        f"The {kind} can't be understood {place}: {why}. An example of a good one is: {example}"
    )


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
  | (?P<word>\w[\w/-]*)
  | (?P<sign><=|>=|!=|==|<>|[=<>(),.\[\]])
    """,
    re.VERBOSE,
)
_COMPARATORS = {"==": "=", "<>": "!="}


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, kind: str, example: str) -> None:
        self.text = text
        self.kind = kind
        self.example = example
        self.depth = 0
        self.conditions = 0
        if len(text) > _LONGEST:
            raise self.refusal(0, f"it is longer than {_LONGEST} characters")
        self.tokens = self._tokens()
        self.place = 0

    def whole(self, rule: Callable[[_Parser], T]) -> T:
        """What a rule makes of the text, all of it."""
        tree = rule(self)
        if self.now.kind != "end":
            raise self.refusal(self.now.at, "nothing more was expected here, except AND or OR")
        return tree

    def either(self) -> Node:
        return self._joined("OR", lambda: self._joined("AND", self._condition, every=True))

    def orders(self) -> list[Order]:
        found = []
        while True:
            field = self._field()
            descending = self._word("DESC")
            if not descending:
                self._word("ASC")
            found.append(Order(field=field, descending=descending))
            if len(found) > _MOST_CONDITIONS:
                raise self.refusal(self.now.at, f"there are more than {_MOST_CONDITIONS} fields")
            if not self._sign(","):
                return found

    def refusal(self, at: int, why: str) -> FilterError:
        return refusal(self.kind, self.text, at, why, self.example)

    @property
    def now(self) -> _Token:
        return self.tokens[self.place]

    def _joined(self, word: str, rule: Callable[[], Node], *, every: bool = False) -> Node:
        parts = [rule()]
        while self._word(word):
            parts.append(rule())
        return parts[0] if len(parts) == 1 else Combination(all=every, parts=tuple(parts))

    def _condition(self) -> Node:
        if not self._sign("("):
            return self._comparison()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.refusal(self.now.at, f"parentheses are nested more than {_DEEPEST} deep")
        inner = self.either()
        self._need(")")
        self.depth -= 1
        return inner

    def _comparison(self) -> Comparison:
        self.conditions += 1
        if self.conditions > _MOST_CONDITIONS:
            raise self.refusal(self.now.at, f"there are more than {_MOST_CONDITIONS} conditions")
        field = self._field()
        operator = self._operator()
        at = self.now.at
        values: tuple[str | float, ...] = ()
        if operator.endswith("IN"):
            values = self._list()
        elif not operator.endswith("NULL"):
            values = (self._value(),)
        return Comparison(field=field, operator=operator, values=values, at=at)

    def _operator(self) -> str:
        token = self.now
        if token.kind == "sign" and token.text not in "(),.[]":
            self.place += 1
            return _COMPARATORS.get(token.text, token.text)
        for word in ("LIKE", "ILIKE", "IN"):
            if self._word(word):
                return word
        if self._word("NOT"):
            if self._word("IN"):
                return "NOT IN"
            raise self.refusal(self.now.at, "after NOT comes IN")
        if self._word("IS"):
            operator = "IS NOT NULL" if self._word("NOT") else "IS NULL"
            if self._word("NULL"):
                return operator
            raise self.refusal(self.now.at, "after IS comes NULL or NOT NULL")
        raise self.refusal(
            token.at, "a comparison was expected: =, !=, <, <=, >, >=, LIKE, ILIKE or IN"
        )

    def _field(self) -> Field:
        first = self.now
        name = self._name("the name of a field")
        if first.kind != "word" or not self._sign("."):
            return Field(entity=Entity.ATTRIBUTE, key=name, at=first.at)
        entity = _ENTITIES.get(name.lower())
        if entity is None:
            raise self.refusal(
                first.at, f"{name!r} is not one of metrics, params, tags and attributes"
            )
        key = self._name("the name of one of the " + entity)
        while self._sign("."):
            key += "." + self._name("the rest of a name")
        labels: tuple[tuple[str, str], ...] = ()
        if self.now.text == "[" and self.now.kind == "sign":
            if entity is not Entity.METRIC:
                raise self.refusal(self.now.at, "only a metric has slices")
            labels = self._labels()
        return Field(entity=entity, key=key, labels=labels, at=first.at)

    def _labels(self) -> tuple[tuple[str, str], ...]:
        self._need("[")
        labels: dict[str, str] = {}
        while True:
            name = self._name("the name of a label")
            self._need("=")
            token = self.now
            labels[name] = (
                self._take()
                if token.kind in ("string", "number")
                else self._name("a label's value")
            )
            if not self._sign(","):
                self._need("]")
                return tuple(sorted(labels.items()))

    def _list(self) -> tuple[str | float, ...]:
        self._need("(")
        values = [self._value()]
        while self._sign(","):
            values.append(self._value())
        self._need(")")
        return tuple(values)

    def _value(self) -> str | float:
        token = self.now
        if token.kind == "number":
            return float(self._take())
        if token.kind == "string" or (token.kind == "quoted" and token.text[0] == '"'):
            return self._take()
        raise self.refusal(token.at, "a number, or a text between quotes, was expected")

    def _name(self, what: str) -> str:
        if self.now.kind not in ("word", "quoted", "number"):
            raise self.refusal(self.now.at, f"{what} was expected")
        return self._take()

    def _take(self) -> str:
        """The next token's meaning, without its quotes."""
        token = self.now
        self.place += 1
        if token.kind in ("string", "quoted"):
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        return token.text

    def _word(self, word: str) -> bool:
        found = self.now.kind == "word" and self.now.text.upper() == word
        self.place += found
        return found

    def _sign(self, sign: str) -> bool:
        found = self.now.kind == "sign" and self.now.text == sign
        self.place += found
        return found

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise self.refusal(self.now.at, f'"{sign}" was expected')

    def _tokens(self) -> list[_Token]:
        tokens, at = [], 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                unclosed = self.text[at] in "'\"`"
                raise self.refusal(
                    at, "a quote is not closed" if unclosed else "a sign is not known"
                )
            assert match.lastgroup is not None
            if match.lastgroup != "space":
                tokens.append(_Token(match.lastgroup, match.group(), at))
            at = match.end()
        return [*tokens, _Token("end", "", at)]
