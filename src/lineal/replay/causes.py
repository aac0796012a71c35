"""Why a step came out different: what differs between the two records, likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lineal.catalog import Catalog
from lineal.records import Environment, Execution, RunRecord

from .environments import OWN
from .layout import THREADS

_MOST = 8


def changed_inputs(old: Execution, new: Execution) -> list[str]:
    """The steps that gave it something else than was recorded."""
    before = {given.name: given for given in old.inputs}
    return [
        given.source.step
        for given in new.inputs
        if given.source is not None
        and given.name in before
        and before[given.name].digest != given.digest
    ]


def recorded_causes(
    catalog: Catalog, old: Execution, new: Execution, before: RunRecord, after: RunRecord
) -> list[str]:
    """What the records say: parameters, data, code, packages, seed."""
    return [
        *_settings(old, new),
        *_code(catalog, old, new),
        *_seed(old, new),
        *_body(old, new, before, after),
    ]


def _settings(old: Execution, new: Execution) -> Iterator[str]:
    before = {given.name: given for given in old.inputs}
    for given in new.inputs:
        was = before.pop(given.name, None)
        if given.source is not None or (was is not None and was.digest == given.digest):
            continue
        if given.observed:
            if was is not None:
                yield f"observed: {given.name.partition(':')[2]}, which it reads, has changed"
        elif was is None or was.value is None or given.value is None:
            yield f"data: the argument {given.name} has other content"
        elif was.value == given.value or _same_place(was.value, given.value):
            yield f"data: what lies at {was.value} has changed ({given.name})"
        else:
            yield f"parameter: {given.name} was {was.value} and is {given.value}"
    for name, was in before.items():
        if not was.observed:
            yield f"code: it is no longer given {name}"


def _same_place(was: str, now: str) -> bool:
    """Whether one is the other below the folder that the replay was started in."""
    return Path(now).is_absolute() and now.endswith(f"/{was}")


def _code(catalog: Catalog, old: Execution, new: Execution) -> Iterator[str]:
    if old.code == new.code or old.code is None or new.code is None:
        return
    codes = catalog.codes([old.code, new.code])
    if len(codes) < 2:
        return
    was, now = codes[old.code], codes[new.code]
    for name in _differing(was.components, now.components):
        yield f"code: {name} has changed"
    for name in _differing(was.distributions, now.distributions):
        before, after = _of(was.distributions, name), _of(now.distributions, name)
        yield f"package: {name} was {before} and is {after}"


def _seed(old: Execution, new: Execution) -> Iterator[str]:
    if old.seed != new.seed and (old.seed_used or new.seed_used):
        yield f"seed: it was {old.seed} and is {new.seed}"


def _body(old: Execution, new: Execution, before: RunRecord, after: RunRecord) -> Iterator[str]:
    if old.version != new.version:
        yield f"code: its version was {old.version} and is {new.version}"
    if before.seed != after.seed and old.seed_used:
        yield f"seed: the run's was {before.seed} and is {after.seed}"


def environment_differences(old: Environment | None, new: Environment | None) -> list[str]:
    """How the place of the replay differs from the recorded one, in words."""
    if old is None or new is None:
        return ["the recorded environment is not known"]
    told = [
        f"{what}: it was {before} and is {after}"
        for what, before, after in (
            ("Python", old.python, new.python),
            ("platform", old.platform, new.platform),
            ("CPU", old.cpu, new.cpu),
            ("CPU count", old.cpu_count, new.cpu_count),
        )
        if before != after
    ]
    for name in _differing(old.variables, new.variables):
        if name == "PYTHONHASHSEED" and not old.variables.get(name, "").isdigit():
            continue  # it was left to chance, which is told apart
        what = "thread count: " if name in THREADS else ""
        was, now = _of(old.variables, name), _of(new.variables, name)
        told.append(f"{what}{name} was {was} and is {now}")
    absent = {name for name in OWN if name not in new.distributions}
    packages = [n for n in _differing(old.distributions, new.distributions) if n not in absent]
    for name in packages[:_MOST]:
        was, now = _of(old.distributions, name), _of(new.distributions, name)
        told.append(f"package: {name} was {was} and is {now}")
    if len(packages) > _MOST:
        told.append(f"package: {len(packages) - _MOST} more differ")
    return told


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _of(texts: Mapping[str, str], name: str) -> str:
    return texts.get(name, "not there")
