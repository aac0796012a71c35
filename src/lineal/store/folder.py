"""The folder of a store: its layout, its format version, and finding the nearest one.

store.toml   format version and the store's id
blobs/       content by address
metrics/     series of points
files/       files and trees as they were laid out for steps to read
tmp/         files being written
.gitignore   keeps all of it out of the project's repository
"""

from __future__ import annotations

import errno
import tomllib
import uuid
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from lineal.errors import StoreError, StoreUnwritable, StoreVersionError

from . import writing
from .local import LocalBlobs
from .statistics import Extent
from .values import ValueStore

FORMAT = 1
NAME = ".lineal"
_MARK = "store.toml"
_FOLDERS = ("blobs", "metrics", "files", "tmp")
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class StoreFolder:
    """A store's folder, opened.

    Attributes:
        root: The folder.
        id: What tells this store from all others.
    """

    def __init__(self, root: Path, store_id: str) -> None:
        self.root = root
        self.id = store_id

    @classmethod
    def open(cls, root: Path, *, create: bool = True) -> StoreFolder:
        """Open a store, and make it where the folder is missing or empty.

        Processes that make one store at the same time all open the same one.

        Args:
            root: The store's folder.
            create: Whether to make what is missing.

        Raises:
            StoreVersionError: a newer lineal wrote it.
            StoreUnwritable: it can't be made.
            StoreError: it is no store, or a damaged one.
        """
        mark = root / _MARK
        facts = _facts(mark)
        if facts is None:
            if not create:
                raise StoreError(
                    f"There is no store at {root}; check the path, or run a pipeline to make one."
                )
            _refuse_other_folders(root)
            with writing.writing(root):
                _make(root, mark)
            facts = _facts(mark)
        store_id = _checked(root, mark, facts or "")
        folder = cls(root, store_id)
        folder.blobs.remove_leftovers()
        return folder

    @cached_property
    def blobs(self) -> LocalBlobs:
        """The bytes kept in it."""
        return LocalBlobs(self.root)

    def values(self, *, trust_pickle: bool = True, profiles: Extent = "full") -> ValueStore:
        """The values kept in it; see `ValueStore`."""
        return ValueStore(
            self.blobs, self.root / "files", trust_pickle=trust_pickle, profiles=profiles
        )


def find_store(start: Path) -> Path | None:
    """The nearest ``.lineal`` in a folder or above it, as git finds its own."""
    for folder in (start, *start.parents):
        with suppress(OSError):
            if (folder / NAME / _MARK).is_file():
                return folder / NAME
    return None


def _facts(mark: Path) -> str | None:
    """What the store says of itself; None when there is no store yet."""
    try:
        return mark.read_text("utf-8")
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise StoreUnwritable(
            f"{mark.parent} can't be a store: it, or something above it, is a file. Name a"
            " folder with LINEAL_STORE."
        ) from None
    except UnicodeDecodeError:
        raise _damaged(mark, "it is not text") from None
    except OSError as error:
        raise StoreError(
            f"The store can't be opened: {mark} can't be read ({error.strerror or error}). Check"
            " its permissions, or name another folder with LINEAL_STORE."
        ) from error


def _checked(root: Path, mark: Path, text: str) -> str:
    """The store's id, if this lineal can read the store."""
    try:
        facts = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _damaged(mark, str(error)) from None
    version, store_id = facts.get("format"), facts.get("id")
    if type(version) is not int or version < 1:
        raise _damaged(mark, "it gives no format")
    if version > FORMAT:
        raise StoreVersionError(
            f"The store {root} has format {version}, and this lineal reads formats up to"
            f" {FORMAT}; upgrade lineal to open it, or name another folder with LINEAL_STORE."
        )
    if not isinstance(store_id, str) or not store_id:
        raise _damaged(mark, "it gives no id")
    return store_id


def _damaged(mark: Path, reason: str) -> StoreError:
    return StoreError(
        f"{mark} is damaged: {reason}. Restore it from a copy; or, as all it holds is `format ="
        f' {FORMAT}` and `id = "any text"`, write it anew.'
    )


def _refuse_other_folders(root: Path) -> None:
    """A folder with other things in it is a mistake: a store would hide them from git."""
    try:
        names = sorted(entry.name for entry in root.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise writing.unwritable(root, error) from error
    others = [name for name in names if name not in (*_FOLDERS, ".gitignore", _MARK)]
    if others and "blobs" not in names:
        raise StoreError(
            f"{root} is not a store and not empty (it holds {', '.join(others[:3])}); name an"
            f" empty or missing folder with LINEAL_STORE, such as {root / NAME}."
        )


def _make(root: Path, mark: Path) -> None:
    # In this order, so that another process that is making it too finds nothing strange.
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    ignore = root / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
    content = f'format = {FORMAT}\nid = "{uuid.uuid4()}"\n'.encode()
    temporary = writing.temporary_in(root / "tmp")
    writing.write_new(temporary, [content], 0o644, durable=True)
    try:
        # A link, unlike a rename, leaves alone what another process put there first.
        mark.hardlink_to(temporary)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if not mark.exists():
            temporary.replace(mark)
    with suppress(FileNotFoundError):
        temporary.unlink()
    writing.sync_folder(root)
    with suppress(PermissionError):
        writing.sync_folder(root.parent)
