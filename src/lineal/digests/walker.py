"""Walking a value, of whatever shape, into one token.

The walker keeps what has been seen, so a shared object is walked once and aliasing never
shows: two references to one object and references to two equal objects give one token.
Only a true cycle refers back, by the number of levels between the two ends, and nothing
inside an open cycle is remembered, so a token never depends on what was walked before it.

Encoders are found by type: plain ones in a table, those of other libraries in a file of
their own that is loaded when the first such value is met.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from xxhash import xxh3_128_digest

from lineal.errors import UnhashableError

from .encoding import SCALARS, compound, packed, text

if TYPE_CHECKING:
    from .digest import Digest
    from .memo import StatMemo

Encoder: TypeAlias = "Callable[[Any, Walker], bytes]"
CodeEncoder: TypeAlias = "Callable[[Any], Digest | None]"

_FAMILIES = {
    "numpy": "arrays",
    "scipy": "arrays",
    "torch": "arrays",
    "pandas": "frames",
    "pyarrow": "arrow",
    "polars": "arrow",
    "matplotlib": "figures",
}
"""Top-level package -> the file here that knows its types."""

_REPEATS = 20_000
"""How often objects are met again inside open cycles before a value is called too entangled."""

_CLOSED = 1 << 62


class Walker:
    """One walk over one value."""

    __slots__ = (
        "_active",
        "_done",
        "_lowest",
        "_open",
        "_repeats",
        "code",
        "memo",
        "profile",
        "root",
        "types",
    )

    def __init__(self, memo: StatMemo | None, code: CodeEncoder | None, root: Any) -> None:
        self.memo = memo
        """What is known of files already."""
        self.code = code
        """Gives project functions and classes a digest; None for those of others."""
        self.root = root
        """The value the walk began with."""
        self.profile: dict[str, Any] = {}
        """Facts of the root that its encoder found on the way."""
        self.types: dict[type, bytes] = {}
        self._done: dict[int, tuple[object, bytes]] = {}
        self._active: dict[int, int] = {}
        self._lowest = _CLOSED
        self._open: dict[int, object] = {}
        self._repeats = 0

    def token(self, value: Any) -> bytes:
        """The value's token.

        Raises:
            UnhashableError: it, or something in it, has no content to go by.
            MissingFileError: a path in it names nothing.
        """
        scalar = SCALARS.get(type(value))
        if scalar is not None:
            return scalar(value)
        key = id(value)  # once: it is an audit event, which observing pays for
        known = self._done.get(key)
        if known is not None:
            return known[1]
        return self._visit(key, value)

    def _visit(self, key: int, value: Any) -> bytes:
        level = len(self._active)
        above = self._active.get(key)
        if above is not None:
            self._lowest = min(self._lowest, above)
            return b"^%d;" % (level - above)
        outer, self._lowest = self._lowest, _CLOSED
        self._active[key] = level
        try:
            token = encoder_for(type(value))(value, self)
        finally:
            del self._active[key]
        if self._lowest >= level:
            # Held, so that nothing else gets its id while the walk goes on.
            self._done[key] = (value, token)
            self._lowest = outer
        else:
            self._lowest = min(outer, self._lowest)
            # What is open may differ by the way to it, so it is walked again on each way.
            self._repeats += key in self._open
            self._open[key] = value
            if self._repeats > _REPEATS:
                raise UnhashableError(
                    "",
                    "its objects refer to one another in too many cycles to follow",
                    "Pass the data they hold instead.",
                )
        return token

    def sequence(self, items: Sequence[Any]) -> bytes:
        """What a sequence's items come to, in order: a framed count and digests."""
        return packed(items) or self.loose(items)

    def loose(self, items: Iterable[Any]) -> bytes:
        """What items of any kind come to, in order."""
        tokens: list[bytes] = []
        add = tokens.append
        token = self.token
        try:
            for item in items:
                add(token(item))
        except UnhashableError as error:
            raise within(f"[{len(tokens)}]", error) from error.__cause__
        return b"*%d:" % len(tokens) + xxh3_128_digest(b"".join(tokens))

    def mapping(self, keys: Sequence[Any], values: Sequence[Any]) -> bytes:
        """What a mapping's entries come to, in order."""
        return self.sequence(keys) + (
            packed(values) or self._named(keys, values, lambda key: f"[{key!r}]")
        )

    def attributes(self, names: Sequence[str], values: Sequence[Any]) -> bytes:
        """What an object's attributes come to, in the order given."""
        return _names(tuple(names)) + self._named(names, values, lambda name: f".{name}")

    def _named(
        self, names: Sequence[Any], values: Sequence[Any], step: Callable[[Any], str]
    ) -> bytes:
        tokens: list[bytes] = []
        try:
            for value in values:
                tokens.append(self.token(value))  # noqa: PERF401 - its length tells the culprit
        except UnhashableError as error:
            raise within(step(names[len(tokens)]), error) from error.__cause__
        return b"*%d:" % len(tokens) + xxh3_128_digest(b"".join(tokens))

    def type(self, cls: type) -> bytes:
        """The token of a class: its qualified name, and for a project's own, its code."""
        known = self.types.get(cls)
        if known is None:
            digest = self.code(cls) if self.code is not None else None
            parts = [text(qualified(cls))] + ([digest.encode()] if digest is not None else [])
            known = self.types[cls] = compound(b"t", *parts)
        return known


@lru_cache(maxsize=4096)
def _names(names: tuple[str, ...]) -> bytes:
    """What the names of attributes come to: many objects of a class share them."""
    return packed(names) or b"*%d:" % len(names) + xxh3_128_digest(b"".join(map(text, names)))


def within(step: str, error: UnhashableError) -> UnhashableError:
    """The same error, told from one level further out."""
    return UnhashableError(step + error.where, error.reason, error.remedy)


def qualified(cls: type) -> str:
    """A class's name with its module's."""
    return f"{cls.__module__}.{cls.__qualname__}"


def _list(value: list[Any], walker: Walker) -> bytes:
    return compound(b"l", walker.sequence(value))


def _tuple(value: tuple[Any, ...], walker: Walker) -> bytes:
    return compound(b"u", walker.sequence(value))


def _dict(value: dict[Any, Any], walker: Walker) -> bytes:
    return compound(b"m", walker.mapping(list(value), list(value.values())))


def unordered(items: Iterable[Any], walker: Walker) -> bytes:
    """What a set's elements come to: their tokens, sorted."""
    tokens = sorted(map(walker.token, items))
    return b"~%d:" % len(tokens) + xxh3_128_digest(b"".join(tokens))


def _set(value: set[Any], walker: Walker) -> bytes:
    return compound(b"e", unordered(value, walker))


def _frozenset(value: frozenset[Any], walker: Walker) -> bytes:
    return compound(b"z", unordered(value, walker))


_encoders: dict[type, Encoder] = {
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _frozenset,
}
_resolved: dict[type, Encoder] = dict(_encoders)
_registered: dict[str, Callable[[Any], Any]] = {}


def register(type_qualname: str, encoder: Callable[[Any], Any]) -> None:
    """Say how values of a class, and of its subclasses, are identified.

    Args:
        type_qualname: The class's module and name, such as ``shapely.geometry.Polygon``.
        encoder: Gives plain data that says all there is to a value; its digest, with the
            name of the value's class, becomes the value's.
    """
    _registered[type_qualname] = encoder
    _resolved.clear()
    _resolved.update(_encoders)


def _stand_in(encoder: Callable[[Any], Any]) -> Encoder:
    def encode(value: Any, walker: Walker) -> bytes:
        return compound(b"r", walker.type(type(value)), walker.token(encoder(value)))

    return encode


def encoder_for(cls: type) -> Encoder:
    """The encoder of a type: registered, of a known family, or by its state."""
    encoder = _resolved.get(cls)
    if encoder is None:
        encoder = _resolved[cls] = next(_candidates(cls))
    return encoder


def _candidates(cls: type) -> Iterator[Encoder]:
    for base in cls.__mro__:
        if qualified(base) in _registered:
            yield _stand_in(_registered[qualified(base)])
    for base in cls.__mro__:
        family = _FAMILIES.get(str(base.__module__).partition(".")[0])
        if family is not None:
            found = importlib.import_module(f"lineal.digests.{family}").encoder_for(cls)
            if found is not None:
                yield found
    objects: Any = importlib.import_module("lineal.digests.objects")
    yield objects.encoder_for(cls)
