"""Files and trees: a manifest, and the content of each file as a blob of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from lineal.digests.digest import Digest
from lineal.errors import MissingFileError
from lineal.store.base import BlobStore


class FileCodec:
    """Paths: what is kept is the content they name, not the path."""

    name = "files/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Any path."""
        return isinstance(value, Path)

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """A manifest of name, mode and address, or of a link's target, for every entry."""
        if not value.exists():
            raise MissingFileError(f"The step returned {str(value)!r}, which names no file.")
        entries = (
            [_entry(path, path.relative_to(value).as_posix(), blobs) for path in _walk(value)]
            if value.is_dir()
            else [_entry(value.resolve(), "", blobs)]
        )
        return json.dumps({"name": value.name, "entries": entries}).encode()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """The path of a read-only copy, laid out anew: one that is there may be written to."""
        manifest = json.loads(data)
        target = where / (manifest["name"] or "tree")
        if target.exists():
            _remove(target)
        entries = manifest["entries"]
        if len(entries) == 1 and entries[0]["path"] == "":
            target.parent.mkdir(parents=True, exist_ok=True)
            _lay_out(entries[0], target, blobs)
            return target
        target.mkdir(parents=True)
        for entry in entries:
            _lay_out(entry, target / entry["path"], blobs)
        return target


def _walk(root: Path) -> list[Path]:
    return sorted(root.rglob("*"), key=lambda path: path.as_posix())


def _entry(path: Path, place: str, blobs: BlobStore) -> dict[str, Any]:
    if path.is_symlink():
        return {"path": place, "link": str(path.readlink())}
    if path.is_dir():
        return {"path": place, "folder": True}
    runs = bool(path.stat().st_mode & 0o100)
    return {"path": place, "address": blobs.put_file(path), "runs": runs}


def _lay_out(entry: dict[str, Any], target: Path, blobs: BlobStore) -> None:
    if entry.get("folder"):
        target.mkdir(parents=True, exist_ok=True)
    elif "link" in entry:
        target.symlink_to(entry["link"])
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        blobs.checkout(Digest(entry["address"]), target)
        target.chmod(0o555 if entry["runs"] else 0o444)


def _remove(target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink()
