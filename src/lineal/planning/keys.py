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

from lineal.digests.digest import combine
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
    parts = [SCHEME, task, code.digest, version or "", "\x1f".join(outputs)]
    for given in sorted((i for i in inputs if not i.ignored), key=lambda i: i.name):
        parts.append(given.name)
        parts.append(given.digest)
    parts.extend(shapes)
    return Key(digest=combine("key", parts), task=task, code=code, inputs=inputs, version=version)
