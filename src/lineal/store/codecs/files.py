"""Files and trees: a manifest, and the content of each file as a blob of its own.

What is kept is the content a path names, with its last name, not where it lies. It is laid
out again for reading, once: whoever asks later gets the same copy, if it is still intact.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from blake3 import blake3

from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt, MissingFileError
from lineal.store import writing
from lineal.store.base import BlobStore

from .base import Check

_SHORT = 16
"""Digits of the manifest's digest that name the folder of a copy."""


class FileCodec:
    """Paths."""

    name = "files/1"
    suffix = ""
    pickled = False
    check = Check.SOURCE

    def accepts(self, value: Any) -> bool:
        """Any path of this system."""
        return isinstance(value, Path)

    def encode(self, value: Path, blobs: BlobStore) -> bytes:
        """A manifest of path, mode and address, or of a link's target, for every entry."""
        if not value.exists():
            raise MissingFileError(
                f"The step returned {str(value)!r}, where there is no file; write it before"
                " returning its path."
            )
        name = value.name or value.resolve().name or "tree"
        if value.is_dir():
            entries = [_entry(entry, value, blobs) for entry in _walk(value)]
            return _manifest({"name": name, "entries": entries})
        return _manifest({"name": name, "address": blobs.put_file(value)})

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Path:
        """The path of a read-only copy below `where`.

        A copy that was changed is left to whoever changed it, and another one made.
        """
        manifest = json.loads(data)
        name = _checked(manifest["name"], single=True)
        short = blake3(data).hexdigest()[:_SHORT]
        attempt = 0
        while True:
            folder = where / (f"{short}-{attempt}" if attempt else short)
            copy = folder / name
            if _is_intact(copy, manifest):
                return copy
            if not folder.exists() and _lay_out(manifest, folder, name, blobs):
                return copy
            attempt += 1


def is_manifest(codec: str) -> bool:
    """Whether the bytes that a codec has written name further addresses."""
    return codec == FileCodec.name


def listed(manifest: bytes) -> list[tuple[str, Digest]]:
    """By its place, the address of every file in a manifest."""
    facts = json.loads(manifest)
    files = [{**facts, "path": facts.get("name")}, *facts.get("entries", ())]
    return [(file["path"], Digest(file["address"])) for file in files if "address" in file]


def _manifest(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode()


def _walk(root: Path) -> Iterator[Path]:
    """Everything below a folder but what links lead to, in the order of names."""
    with os.scandir(root) as entries:
        found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    for entry in found:
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))


def _entry(path: Path, root: Path, blobs: BlobStore) -> dict[str, Any]:
    place = path.relative_to(root).as_posix()
    if path.is_symlink():
        return {"path": place, "link": str(path.readlink())}
    if path.is_dir():
        return {"path": place, "folder": True}
    return {"path": place, "address": blobs.put_file(path), "runs": _runs(path)}


def _runs(path: Path) -> bool:
    return bool(path.lstat().st_mode & 0o100)


def _checked(path: str, *, single: bool = False) -> str:
    """A path from a manifest, if it stays where it belongs whoever wrote it."""
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or (single and len(parts) > 1):
        raise BlobCorrupt(
            f"The manifest of a file or tree names the path {path!r}, which leads out of it; it was"
            " not written by lineal. Run the step that makes it again with --force."
        )
    return path


def _lay_out(manifest: dict[str, Any], folder: Path, name: str, blobs: BlobStore) -> bool:
    """Make the copy; False when another has made one there meanwhile."""
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    target = temporary / name
    with writing.writing(folder):
        try:
            temporary.mkdir(parents=True)
            if "address" in manifest:
                _copy_out(manifest, target, blobs)
            else:
                target.mkdir()
                # Links last, so that nothing is written through them.
                for entry in sorted(manifest["entries"], key=lambda entry: "link" in entry):
                    _lay_out_entry(entry, target / _checked(entry["path"]), blobs)
            temporary.rename(folder)
        except BaseException as error:
            shutil.rmtree(temporary, ignore_errors=True)
            if isinstance(error, OSError) and folder.exists():
                return False
            raise
    return True


def _lay_out_entry(entry: dict[str, Any], target: Path, blobs: BlobStore) -> None:
    if entry.get("folder"):
        target.mkdir()
    elif "link" in entry:
        target.symlink_to(entry["link"])
    else:
        _copy_out(entry, target, blobs)


def _copy_out(entry: dict[str, Any], target: Path, blobs: BlobStore) -> None:
    blobs.checkout(Digest(entry["address"]), target)
    target.chmod(0o555 if entry.get("runs") else 0o444)


def _is_intact(copy: Path, manifest: dict[str, Any]) -> bool:
    """Whether a copy holds what the manifest says, byte for byte, and nothing else."""
    with suppress(OSError):
        if "address" in manifest:
            return not copy.is_symlink() and _holds(copy, manifest["address"])
        entries = {entry["path"]: entry for entry in manifest["entries"]}
        found = {path.relative_to(copy).as_posix(): path for path in _walk(copy)}
        return entries.keys() == found.keys() and all(
            _matches(found[place], entry) for place, entry in entries.items()
        )
    return False


def _matches(path: Path, entry: dict[str, Any]) -> bool:
    if "link" in entry:
        return path.is_symlink() and str(path.readlink()) == entry["link"]
    if path.is_symlink():
        return False
    if entry.get("folder"):
        return path.is_dir()
    return _runs(path) == entry["runs"] and _holds(path, entry["address"])


def _holds(path: Path, address: str) -> bool:
    hasher = blake3()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            hasher.update(piece)
    return "blake3:" + hasher.hexdigest() == address
