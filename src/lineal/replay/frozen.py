"""The file that a run is frozen into: its members, and reading and writing them safely.

A tar in zstd, the same bytes for the same run: ``freeze.json`` comes first and lists each
other member with its BLAKE3 and its length; then ``records.json``, ``metrics.jsonl`` and
``blobs/<64 digits>`` in order of name. Names, owners, times and modes say nothing.

Reading trusts nothing: a member that is not a plain file, not listed, listed with other
content, or whose name is not one of these is refused before anything is written to a store.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard
from blake3 import blake3

from lineal.errors import FrozenRunRefused, UserError

FORMAT = 1
LIST = "freeze.json"
RECORDS = "records.json"
METRICS = "metrics.jsonl"
BLOBS = "blobs/"
_NAME = re.compile(rf"{re.escape(RECORDS)}|{re.escape(METRICS)}|{BLOBS}[0-9a-f]{{64}}", re.ASCII)
_LEVEL = 10
_PIECE = 1 << 20
_LONGEST_LIST = 1 << 28
_WINDOW = 1 << 27


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file to be packed: in memory or on disk."""

    name: str
    content: bytes | Path


def write_frozen(target: Path, run: str, members: Iterable[Member]) -> None:
    """Pack members; the file is there whole or not at all.

    Raises:
        UserError: it can't be written there.
    """
    ordered = sorted(members, key=lambda m: (m.name.startswith(BLOBS), m.name))
    listed = {m.name: {"blake3": _hash(m), "size": _size(m)} for m in ordered}
    facts = {"format": FORMAT, "run": run, "members": listed}
    first = Member(name=LIST, content=json.dumps(facts, sort_keys=True).encode())
    temporary = target.with_name(f".{target.name}.part")
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    try:
        with (
            temporary.open("wb") as file,
            packer.stream_writer(file, closefd=False) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            for member in [first, *ordered]:
                _add(archive, member)
        temporary.replace(target)
    except OSError as error:
        raise UserError(
            f"{target} can't be written: {error.strerror or error}. Name another place with -o."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def read_frozen(source: Path, folder: Path) -> dict[str, Path]:
    """Unpack members into an empty folder, under names of our own, each one checked.

    Returns:
        The file that holds each member, by the member's name.

    Raises:
        UserError: there is no such file.
        FrozenRunRefused: it is not a frozen run, or was tampered with.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    try:
        with (
            source.open("rb") as file,
            unpacker.stream_reader(file, read_across_frames=False) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            found = _unpack(archive, folder, source)
            # The checksum of the whole comes at the end, and is compared when it is reached.
            while stream.read(_PIECE):
                pass
    except FileNotFoundError:
        raise UserError(f"There is no file {source}; give one that lineal freeze wrote.") from None
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError, KeyError) as error:
        raise _refused(source, f"it can't be unpacked ({error})") from error
    except OSError as error:
        raise UserError(f"{source} can't be read: {error.strerror or error}.") from error
    return found


def _unpack(archive: tarfile.TarFile, folder: Path, source: Path) -> dict[str, Path]:
    listed: dict[str, Any] | None = None
    found: dict[str, Path] = {}
    for number, member in enumerate(archive):
        if member.type != tarfile.REGTYPE:
            raise _refused(source, f"its member {member.name!r} is not a plain file")
        content = archive.extractfile(member)
        assert content is not None
        if listed is None:
            listed = _list(member, content, source)
            continue
        facts = listed.get(member.name)
        if facts is None or member.name in found or not _NAME.fullmatch(member.name):
            raise _refused(source, f"its member {member.name!r} does not belong there")
        found[member.name] = folder / str(number)
        digits = _spool(content, found[member.name])
        if (digits, member.size) != (facts["blake3"], facts["size"]):
            raise _refused(source, f"its member {member.name!r} is not what was frozen")
        if member.name.startswith(BLOBS) and digits != member.name.removeprefix(BLOBS):
            raise _refused(source, f"its member {member.name!r} is not what its address says")
    missing = sorted((listed or {RECORDS: None}).keys() - found.keys())
    if missing:
        raise _refused(source, f"its member {missing[0]!r} is missing")
    return found


def _list(member: tarfile.TarInfo, content: IO[bytes], source: Path) -> dict[str, Any]:
    if member.name != LIST or member.size > _LONGEST_LIST:
        raise _refused(source, f"it does not begin with {LIST}")
    facts = json.loads(content.read())
    version = facts.get("format") if isinstance(facts, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise _refused(source, f"its format is {version}; upgrade lineal to read it")
    if version != FORMAT or not isinstance(facts.get("members"), dict):
        raise _refused(source, f"its {LIST} is not one")
    members: dict[str, Any] = facts["members"]
    if RECORDS not in members:
        raise _refused(source, f"its {LIST} names no {RECORDS}")
    return members


def _refused(source: Path, reason: str) -> FrozenRunRefused:
    return FrozenRunRefused(
        f"{source} is refused: {reason}. Nothing of it was taken in; get it anew from where it"
        " was frozen."
    )


def _spool(content: IO[bytes], target: Path) -> str:
    hasher = blake3()
    with target.open("xb") as file:
        while piece := content.read(_PIECE):
            hasher.update(piece)
            file.write(piece)
    return hasher.hexdigest()


def _add(archive: tarfile.TarFile, member: Member) -> None:
    facts = tarfile.TarInfo(member.name)
    facts.size, facts.mode = _size(member), 0o644
    if isinstance(member.content, bytes):
        archive.addfile(facts, io.BytesIO(member.content))
    else:
        with member.content.open("rb") as file:
            archive.addfile(facts, file)


def _size(member: Member) -> int:
    content = member.content
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _hash(member: Member) -> str:
    if isinstance(member.content, bytes):
        return blake3(member.content).hexdigest()
    hasher = blake3()
    with member.content.open("rb") as file:
        while piece := file.read(_PIECE):
            hasher.update(piece)
    return hasher.hexdigest()
