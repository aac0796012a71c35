from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lineal.digests.files import file_digest, path_digest, tree_digest
from lineal.digests.memo import GRANULARITY_NS, StatMemo
from lineal.errors import MissingFileError, UnhashableError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b.txt").write_text("b")
    return root


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read long after they were written."""
    later = GRANULARITY_NS * 2
    monkeypatch.setattr("lineal.digests.files.now_ns", lambda: time.time_ns() + later)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
def test_a_file_is_its_bytes_whether_read_or_mapped(tmp_path: Path, size: int) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"x" * size)
    other.write_bytes(b"x" * size)
    assert file_digest(one) == file_digest(other)
    other.write_bytes(b"x" * size + b"y")
    assert file_digest(one) != file_digest(other)


def test_a_missing_path_is_named_with_the_working_directory(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="nowhere") as caught:
        path_digest(tmp_path / "nowhere")
    assert str(Path.cwd()) in str(caught.value)


def test_files_and_directories_are_not_taken_for_each_other(tree: Path) -> None:
    with pytest.raises(UnhashableError, match="is a directory"):
        file_digest(tree)
    with pytest.raises(UnhashableError, match="not a directory"):
        tree_digest(tree / "a.txt")


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnhashableError, match="pipe"):
        path_digest(tmp_path / "pipe")
    with pytest.raises(UnhashableError, match="pipe"):
        path_digest(tmp_path)


def test_a_tree_knows_names_contents_modes_links_and_empty_directories(tree: Path) -> None:
    seen = [tree_digest(tree)]
    (tree / "empty").mkdir()
    seen.append(tree_digest(tree))
    (tree / "empty").rename(tree / "void")
    seen.append(tree_digest(tree))
    (tree / "a.txt").write_text("A")
    seen.append(tree_digest(tree))
    (tree / "a.txt").chmod(0o755)
    seen.append(tree_digest(tree))
    (tree / "link").symlink_to("a.txt")
    seen.append(tree_digest(tree))
    (tree / "link").unlink()
    (tree / "link").symlink_to("nowhere")
    seen.append(tree_digest(tree))
    (tree / "link").unlink()
    (tree / "link").write_text("nowhere")
    seen.append(tree_digest(tree))
    (tree / "sub" / "b.txt").rename(tree / "b.txt")
    seen.append(tree_digest(tree))
    assert len(set(seen)) == len(seen)


def test_a_tree_does_not_know_where_it_is_or_when_it_was_made(tree: Path, tmp_path: Path) -> None:
    before = tree_digest(tree)
    os.utime(tree / "a.txt", (1, 1))
    moved = tree.rename(tmp_path / "moved")
    (tmp_path / "link").symlink_to(moved)
    assert tree_digest(moved) == tree_digest(tmp_path / "link") == before


def test_the_memo_spares_reading_an_unchanged_file(
    tree: Path, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo = StatMemo()
    before = tree_digest(tree, memo)
    assert len(memo) == 2
    monkeypatch.setattr("lineal.digests.files._read", lambda *_: pytest.fail("it was read"))
    assert tree_digest(tree, memo) == before


def test_the_memo_distrusts_a_file_that_was_just_written(tmp_path: Path) -> None:
    memo = StatMemo()
    file = tmp_path / "f"
    for content in ("one", "two"):
        file.write_text(content)
        os.utime(file, ns=(1, 1))
        assert file_digest(file, memo) == file_digest(file)
    assert len(memo) == 0


def test_a_changed_file_is_read_again(tmp_path: Path, patient: None) -> None:
    memo = StatMemo()
    file = tmp_path / "f"
    file.write_text("one")
    stat = file.stat()
    first = file_digest(file, memo)
    time.sleep(0.02)
    file.write_text("two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file_digest(file, memo) != first


def test_a_saved_memo_is_loaded_again(tree: Path, tmp_path: Path, patient: None) -> None:
    saved = tmp_path / "state" / "memo"
    memo = StatMemo.load(saved)
    tree_digest(tree, memo)
    memo.save()
    assert len(StatMemo.load(saved)) == 2
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("damage", [b"", b"\xff\xff", b"lineal stat memo 1\nabc\n1 2", None])
def test_a_damaged_memo_is_ignored(
    tree: Path, tmp_path: Path, patient: None, damage: bytes | None
) -> None:
    saved = tmp_path / "memo"
    memo = StatMemo.load(saved)
    tree_digest(tree, memo)
    memo.save()
    content = saved.read_bytes()
    saved.write_bytes(content[:-5] + b"0000\n" if damage is None else damage)
    assert len(StatMemo.load(saved)) == 0


def test_a_memo_that_cannot_be_written_costs_nothing_else(tmp_path: Path, patient: None) -> None:
    (tmp_path / "f").write_text("x")
    memo = StatMemo(tmp_path / "f" / "memo")
    file_digest(tmp_path / "f", memo)
    memo.save()
    assert len(memo) == 1


def test_the_type_of_a_path_is_told_alike_by_every_python(tmp_path):
    from lineal.digests.canonical import identify

    assert identify(tmp_path).type == f"pathlib.{type(tmp_path).__name__}"
