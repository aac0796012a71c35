import os
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest

from lineal.errors import StoreError, StoreUnwritable, StoreVersionError
from lineal.store import StoreFolder, find_store, writing

OPENER = (
    "import pathlib, sys; from lineal.store import StoreFolder;"
    "sys.stdin.read(1); print(StoreFolder.open(pathlib.Path(sys.argv[1])).id)"
)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "deep" / "store"


def test_a_missing_folder_becomes_a_store_that_git_ignores(root):
    folder = StoreFolder.open(root)
    assert sorted(path.name for path in root.iterdir()) == [
        ".gitignore", "blobs", "files", "metrics", "store.toml", "tmp",
    ]  # fmt: skip
    assert (root / ".gitignore").read_text() == "*\n"
    assert tomllib.loads((root / "store.toml").read_text()) == {"format": 1, "id": folder.id}
    assert not list((root / "tmp").iterdir())


def test_an_empty_folder_becomes_a_store(root):
    root.mkdir(parents=True)
    assert StoreFolder.open(root).id == StoreFolder.open(root).id


def test_a_store_half_made_is_finished(root):
    (root / "blobs").mkdir(parents=True)
    (root / ".gitignore").write_text("*\n")
    StoreFolder.open(root)


def test_what_was_saved_is_there_when_opened_again(root):
    address = StoreFolder.open(root).blobs.put(b"content")
    assert StoreFolder.open(root).blobs.get(address) == b"content"


def test_threads_that_open_first_at_once_agree(root):
    with ThreadPoolExecutor(8) as pool:
        assert len({folder.id for folder in pool.map(StoreFolder.open, [root] * 40)}) == 1


def test_processes_that_open_first_at_once_agree(root):
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for opener in openers:
        opener.stdin.write(b"go")
        opener.stdin.flush()
    assert len({opener.communicate()[0] for opener in openers}) == 1
    assert all(opener.returncode == 0 for opener in openers)


def test_a_file_system_without_links_can_hold_a_store(root, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert StoreFolder.open(root).id == StoreFolder.open(root).id


def test_without_create_nothing_is_made(root):
    with pytest.raises(StoreError, match=str(root)):
        StoreFolder.open(root, create=False)
    assert not root.exists()


def test_a_newer_format_names_both_versions(root):
    root.mkdir(parents=True)
    (root / "store.toml").write_text('format = 7\nid = "x"\n')
    with pytest.raises(StoreVersionError, match=r"format 7.*up to 1; upgrade"):
        StoreFolder.open(root)


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe", b"format = ", b'id = "x"', b"format = 1", b'format = "1"\nid = "x"',
     b'format = true\nid = "x"', b'format = 0\nid = "x"', b"format = 1\nid = 3"],
)  # fmt: skip
def test_a_garbled_mark_is_damaged(root, text):
    root.mkdir(parents=True)
    (root / "store.toml").write_bytes(text)
    with pytest.raises(StoreError, match=r"store\.toml is damaged"):
        StoreFolder.open(root)


def test_a_file_is_not_taken_for_a_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below"):
        with pytest.raises(StoreError, match="is a file"):
            StoreFolder.open(path)


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(root):
    root.mkdir(parents=True)
    (root / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match=r"not empty \(it holds thesis\.tex\)"):
        StoreFolder.open(root)
    assert [path.name for path in root.iterdir()] == ["thesis.tex"]


def test_a_place_that_can_not_be_written_is_named(root, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(StoreUnwritable, match=rf"{root}.*read-only"):
        StoreFolder.open(root)


def test_opening_removes_what_dead_writers_left_and_nothing_else(root):
    tmp = StoreFolder.open(root).root / "tmp"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    here = writing.temporary_in(tmp).name.partition("-")[0]
    mine = writing.temporary_in(tmp)
    of_the_dead = tmp / f"{here}-{dead.pid}-00"
    elsewhere = tmp / f"ffff00000000-{dead.pid}-00"
    old = tmp / "ffff00000000-1-01"
    for path in (mine, of_the_dead, elsewhere, old):
        path.write_text("")
    os.utime(old, (time.time() - 4000,) * 2)
    StoreFolder.open(root)
    assert sorted(tmp.iterdir()) == sorted([mine, elsewhere])


def test_the_nearest_store_above_is_found(tmp_path):
    StoreFolder.open(tmp_path / ".lineal")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_store(below) == find_store(tmp_path) == tmp_path / ".lineal"
    StoreFolder.open(tmp_path / "a" / ".lineal")
    assert find_store(below) == tmp_path / "a" / ".lineal"


def test_a_file_named_as_a_store_is_no_store(tmp_path):
    (tmp_path / ".lineal").write_text("")
    assert find_store(tmp_path) != tmp_path / ".lineal"
