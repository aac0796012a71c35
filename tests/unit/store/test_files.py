"""Files and trees: kept by content, laid out again for reading."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from lineal.digests.canonical import identify, value_digest
from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt, BlobMissing, OutputNotStorable
from lineal.store.codecs.files import FileCodec


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "made" / "tree"
    (root / "sub" / "empty").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "run").write_text("#!")
    (root / "sub" / "run").chmod(0o755)
    (root / "link").symlink_to("sub")
    (root / "dangling").symlink_to("/nowhere/at/all")
    (root / os.fsdecode(b"\xff")).write_text("a")
    return root


def saved(values, value):
    return values.save(value, identify(value))


def test_a_file_comes_back_under_its_name_read_only(values, tree):
    artifact = saved(values, tree / "a.txt")
    shutil.rmtree(tree)
    copy = values.load(artifact)
    assert (copy.name, copy.read_text()) == ("a.txt", "a")
    assert copy.stat().st_mode & 0o222 == 0
    assert value_digest(copy) == artifact.digest


def test_a_tree_comes_back_with_modes_links_and_empty_folders(values, tree):
    artifact = saved(values, tree)
    shutil.rmtree(tree)
    copy = values.load(artifact)
    assert copy.name == "tree"
    assert value_digest(copy) == artifact.digest
    assert (copy / "sub" / "empty").is_dir()
    assert (copy / "link").is_symlink()


def test_a_link_that_is_returned_stands_for_what_it_leads_to(values, tree):
    copy = values.load(saved(values, tree / "link"))
    assert copy.name == "link"
    assert not copy.is_symlink()
    assert (copy / "run").read_text() == "#!"


def test_an_intact_copy_is_used_again(values, tree):
    artifact = saved(values, tree)
    first = values.load(artifact)
    made = (first / "a.txt").stat().st_ino
    assert values.load(artifact) == first
    assert (first / "a.txt").stat().st_ino == made


@pytest.mark.parametrize(
    "change",
    [
        lambda copy: (copy / "new").write_text(""),
        lambda copy: (copy / "a.txt").unlink(),
        lambda copy: ((copy / "a.txt").chmod(0o644), (copy / "a.txt").write_text("b")),
        lambda copy: (copy / "a.txt").chmod(0o755),
        lambda copy: ((copy / "link").unlink(), (copy / "link").symlink_to("/")),
        lambda copy: ((copy / "a.txt").unlink(), (copy / "a.txt").symlink_to("sub/run")),
        shutil.rmtree,
    ],
)
def test_a_changed_copy_is_left_alone_and_another_made(values, tree, change):
    artifact = saved(values, tree)
    first = values.load(artifact)
    change(first)
    second = values.load(artifact)
    assert second != first
    assert second.name == "tree"
    assert value_digest(second) == artifact.digest
    assert values.load(artifact) == second


def test_threads_that_load_at_once_all_get_an_intact_copy(values, tree):
    artifact = saved(values, tree)
    with ThreadPoolExecutor(8) as pool:
        copies = list(pool.map(lambda _: values.load(artifact), range(40)))
    assert all(value_digest(copy) == artifact.digest for copy in copies)
    assert not list((copies[0].parents[1]).glob(".*")), "half a copy was left behind"


def test_a_copy_that_can_not_be_made_leaves_nothing(values, blobs, tree, tmp_path):
    artifact = saved(values, tree)
    for entry in json.loads(artifact.stored.inline)["entries"]:
        if "address" in entry:
            blobs.delete(Digest(entry["address"]))
    with pytest.raises(BlobMissing):
        values.load(artifact)
    assert not list((tmp_path / "files").iterdir())


def test_a_file_that_changed_since_it_was_identified_is_not_kept(values, tree):
    identity = identify(tree)
    (tree / "a.txt").write_text("changed")
    with pytest.raises(OutputNotStorable, match="changed in place"):
        values.save(tree, identity)


@pytest.mark.parametrize(
    "manifest",
    [
        {"name": "../x", "entries": []},
        {"name": "..", "entries": []},
        {"name": "", "entries": []},
        {"name": "x", "entries": [{"path": "../../y", "folder": True}]},
        {"name": "x", "entries": [{"path": "/tmp/y", "folder": True}]},
    ],
)
def test_a_manifest_that_leads_out_of_its_folder_is_refused(blobs, tmp_path, manifest):
    with pytest.raises(BlobCorrupt, match="leads out"):
        FileCodec().decode(json.dumps(manifest).encode(), blobs, tmp_path / "files")
    assert not list((tmp_path).glob("**/y"))


def test_nothing_is_written_through_a_link_of_a_manifest(blobs, tmp_path):
    entries = [
        {"path": "out", "link": str(tmp_path)},
        {"path": "out/y", "address": blobs.put(b"evil"), "runs": False},
    ]
    manifest = json.dumps({"name": "x", "entries": entries}).encode()
    with pytest.raises(Exception, match="x"):
        FileCodec().decode(manifest, blobs, tmp_path / "files")
    assert not (tmp_path / "y").exists()
