"""The folder of a store: its layout, its format version, and finding the nearest one.

store.toml   format version and the store's id
blobs/       content by address
metrics/     series of points
files/       checked out files and trees
tmp/         files being written
"""

from __future__ import annotations

import time
import tomllib
import uuid
from pathlib import Path

from lineal.errors import StoreError, StoreVersionError

from .local import LocalBlobs, unwritable, write_whole
from .values import ValueStore

FORMAT = 1
NAME = ".lineal"


class StoreFolder:
    """A store's folder, opened."""

    def __init__(self, root: Path, store_id: str) -> None:
        self.root = root
        self.id = store_id

    @classmethod
    def open(cls, root: Path) -> StoreFolder:
        """Open a store, and make it where the folder is missing or empty.

        Raises:
            StoreVersionError: a newer lineal wrote it.
            StoreUnwritable: it can't be made.
            StoreError: the folder is not a store.
        """
        mark = root / "store.toml"
        try:
            if not mark.exists():
                _make(root, mark)
            facts = tomllib.loads(mark.read_text("utf-8"))
            version, store_id = int(facts["format"]), str(facts["id"])
        except OSError as error:
            raise unwritable(root, error) from error
        except (KeyError, ValueError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{mark} is damaged ({error}); restore it, or name another folder with"
                " LINEAL_STORE."
            ) from None
        if version > FORMAT:
            raise StoreVersionError(
                f"The store {root} has format {version}, and this lineal reads formats up to"
                f" {FORMAT}; upgrade lineal to open it."
            )
        LocalBlobs(root).remove_leftovers(time.time())
        return cls(root, store_id)

    def values(self, *, trust_pickle: bool = True) -> ValueStore:
        """The values kept in it."""
        return ValueStore(LocalBlobs(self.root), self.root / "files", trust_pickle=trust_pickle)


def find_store(start: Path) -> Path | None:
    """The nearest ``.lineal`` in a folder or above it, as git finds its own."""
    for folder in (start, *start.parents):
        if (folder / NAME / "store.toml").is_file():
            return folder / NAME
    return None


def _make(root: Path, mark: Path) -> None:
    if root.is_dir() and any(e.name not in ("tmp", ".gitignore") for e in root.iterdir()):
        others = sorted(e.name for e in root.iterdir())[:3]
        if not (root / "blobs").exists() and not mark.exists():
            raise StoreError(
                f"{root} is not a store and not empty (it holds {', '.join(others)}); name an empty"
                " or missing folder with LINEAL_STORE."
            )
    for name in ("blobs", "metrics", "files", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / ".gitignore").write_text("*\n", "utf-8")
    content = f'format = {FORMAT}\nid = "{uuid.uuid4()}"\n'
    if not mark.exists():
        write_whole(mark, content.encode(), root / "tmp")
