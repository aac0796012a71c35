"""Keys: the digest of everything that decides a step's result.

The parts, in order: the scheme's version, the task's name, the digest of its code, the
version its author declared, the names of its outputs, then every argument that counts as
name and digest, and the shape of every container around references. Arguments are sorted
by name, so declaring them in another order changes nothing.

The seed is no part: most steps never draw from the global generators. It is checked as
an observed input of the executions that a key finds (see `planner`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter

from lineal.digests.digest import Digest, digest_of_framed, framed
from lineal.records import CodeIdentity, Input, Key

SCHEME = "1"


def make_key(
    *,
    task: str,
    code: CodeIdentity,
    version: str | None,
    outputs: Sequence[str],
    inputs: tuple[Input, ...],
    shapes: Sequence[str] = (),
) -> Key:
    """The key of a step whose inputs are all known."""
    counting = [given for given in inputs if not given.ignored]
    if len(counting) > 1:
        counting.sort(key=_by_name)
    parts = [text for given in counting for text in (given.name, given.digest)]
    parts += shapes
    data = _head(task, code.digest, version or "", tuple(outputs)) + framed(parts)
    return Key(digest=digest_of_framed(data), task=task, code=code, inputs=inputs, version=version)


_by_name = attrgetter("name")


@lru_cache(maxsize=1024)
def _head(task: str, code: Digest, version: str, outputs: tuple[str, ...]) -> bytes:
    """What the keys of all steps of a task begin with."""
    return framed(["key", SCHEME, task, code, version, "\x1f".join(outputs)])
