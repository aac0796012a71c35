"""Evidence in the code: calls and loops that are known to make results differ.

It is read off the syntax tree of the functions that a step reaches, and proves nothing by
itself: it says where to look.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from .report import Evidence, Kind

_CLOCK = {
    "time.time", "time.time_ns", "time.perf_counter", "time.perf_counter_ns", "time.monotonic",
    "time.monotonic_ns", "time.process_time", "time.localtime", "time.gmtime", "time.strftime",
    "time.ctime", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today",
    "pandas.Timestamp.utcnow", "uuid.uuid1",
}  # fmt: skip
_RANDOM = {
    "os.urandom", "uuid.uuid4", "uuid.uuid1", "random.SystemRandom", "secrets.token_bytes",
    "secrets.token_hex", "secrets.token_urlsafe", "secrets.randbelow", "secrets.randbits",
    "secrets.choice",
}  # fmt: skip
_UNSEEDED = {
    "numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.SeedSequence",
    "numpy.random.PCG64", "random.Random",
}  # fmt: skip
_THREADS = {
    "concurrent.futures.as_completed", "concurrent.futures.wait",
    "concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor",
    "threading.Thread", "multiprocessing.Pool", "multiprocessing.pool.ThreadPool",
    "joblib.Parallel",
}  # fmt: skip
_LISTINGS = {"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"}
_LISTING_METHODS = {"iterdir", "glob", "rglob"}
_OUTSIDE = ("requests.", "urllib.request.", "httpx.", "socket.", "subprocess.", "os.environ")
_KEEPS_ORDER = {"list", "tuple", "enumerate", "iter", "zip", "map", "filter", "reversed", "sum"}
_ORDERS = {"sorted", "set", "frozenset", "len", "min", "max", "any", "all"}


def evidence_in(components: Iterable[str], files: Iterable[tuple[str, Path]]) -> list[Evidence]:
    """What stands out in the code of a step, in the order of files and lines.

    Args:
        components: ``module:qualname`` of the functions and classes it reaches.
        files: The place of each file as it is recorded, and where it lies now.
    """
    wanted: dict[str, set[str]] = {}
    for component in components:
        module, _, qualname = component.partition(":")
        name = qualname.partition(".<")[0].rstrip("'")
        wanted.setdefault(module.rpartition(".")[2], set()).add(name)
    found: dict[tuple[str, str], Evidence] = {}
    for place, path in files:
        names = wanted.get(_module(path))
        if names:
            for one in _in_file(place, path, names):
                found.setdefault((one.place, one.told), one)
    return list(found.values())


def _module(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem


def _in_file(place: str, path: Path, names: set[str]) -> Iterator[Evidence]:
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return
    lines = text.splitlines()
    aliases = _aliases(tree)
    for qualname, node in _definitions(tree, ""):
        if qualname in names:
            for number, kind, told in _Reader(node, aliases).found():
                yield Evidence(
                    kind=kind, place=f"{place}:{number}", code=lines[number - 1].strip(), told=told
                )


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{prefix}{child.name}"
            yield name, child
            inner = f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>."
            yield from _definitions(child, inner)
        else:
            yield from _definitions(child, prefix)


def _aliases(tree: ast.AST) -> dict[str, str]:
    """What names stand for that are imported, wherever in the file."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                top = name.name if name.asname else name.name.partition(".")[0]
                found[name.asname or top] = top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found


Found = tuple[int, Kind, str]


class _Reader:
    """Reads one function or class."""

    def __init__(self, node: ast.AST, aliases: dict[str, str]) -> None:
        self._node = node
        self._aliases = aliases
        self._sets = set(self._named_sets())
        self._ordered = {
            id(argument)
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and self._name(call.func) in _ORDERS
            for argument in call.args
        }

    def found(self) -> Iterator[Found]:
        """Line, kind and what about it."""
        for node in ast.walk(self._node):
            if isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, (ast.For, ast.AsyncFor)):
                yield from self._iterated(node.iter)
            elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
                if id(node) not in self._ordered:
                    for generator in node.generators:
                        yield from self._iterated(generator.iter)
            elif isinstance(node, ast.Attribute) and self._name(node) == "os.environ":
                yield node.lineno, Kind.OUTSIDE, "reads the environment"

    def _named_sets(self) -> Iterator[str]:
        """Names that are bound to a set somewhere in it, or declared to be one."""
        for node in ast.walk(self._node):
            if isinstance(node, ast.Assign) and self._is_set(node.value, ()):
                yield from (t.id for t in node.targets if isinstance(t, ast.Name))
            elif isinstance(node, ast.AnnAssign) and _declares_set(node.annotation):
                yield from [node.target.id] if isinstance(node.target, ast.Name) else ()
            elif isinstance(node, ast.arg) and _declares_set(node.annotation):
                yield node.arg

    def _call(self, call: ast.Call) -> Iterator[Found]:
        name = self._name(call.func)
        line = call.lineno
        if name in _CLOCK:
            yield line, Kind.CLOCK, f"{name}() looks at the clock"
        if name in _RANDOM:
            yield line, Kind.RANDOMNESS, f"{name}() can't be seeded"
        if name in _UNSEEDED and _unseeded(call):
            yield line, Kind.RANDOMNESS, f"{name}() without a seed"
        if name in _THREADS or name.endswith(".imap_unordered"):
            yield line, Kind.THREADS, f"{name}: results may come in the order of completion"
        if name in ("id", "hash"):
            kind = Kind.HASH_SEED if name == "hash" else Kind.OUTSIDE
            yield line, kind, f"{name}() is another in each process"
        if self._is_listing(call, name) and id(call) not in self._ordered:
            yield line, Kind.OUTSIDE, f"{name}() lists files in the order of the file system"
        if name.startswith(_OUTSIDE) or name == "os.getenv":
            yield line, Kind.OUTSIDE, f"{name}() reaches outside"
        if name in _KEEPS_ORDER or name.endswith(".join"):
            for argument in call.args:
                yield from self._iterated(argument)

    def _iterated(self, node: ast.expr) -> Iterator[Found]:
        if self._is_set(node, self._sets):
            yield node.lineno, Kind.HASH_SEED, "goes through a set in the order of its hashes"

    def _is_set(self, node: ast.expr, known: Iterable[str]) -> bool:
        if isinstance(node, (ast.Set, ast.SetComp)):
            return True
        if isinstance(node, ast.Call):
            name = self._name(node.func)
            return name in ("set", "frozenset")
        if isinstance(node, ast.BinOp) and isinstance(
            node.op, (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)
        ):
            return self._is_set(node.left, known) or self._is_set(node.right, known)
        return isinstance(node, ast.Name) and node.id in known

    def _is_listing(self, call: ast.Call, name: str) -> bool:
        if name in _LISTINGS:
            return True
        return isinstance(call.func, ast.Attribute) and call.func.attr in _LISTING_METHODS

    def _name(self, node: ast.expr) -> str:
        """A dotted name with its first part as it was imported; of other things what is known."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self._name(node.value)}.{node.attr}"
        return ""


def _declares_set(annotation: ast.expr | None) -> bool:
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    return isinstance(annotation, ast.Name) and annotation.id in ("set", "frozenset")


def _unseeded(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not given or all(isinstance(g, ast.Constant) and g.value is None for g in given)
