"""Damaged, missing and unwritable bytes are named, and never returned as data."""

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from lineal.digests.canonical import identify
from lineal.digests.digest import Digest
from lineal.errors import BlobCorrupt, BlobMissing, StoreError, StoreUnwritable
from lineal.store import LocalBlobs, StoreFolder, ValueStore

LARGE = np.random.default_rng(5).integers(0, 256, 6_000_000, dtype=np.uint8).tobytes()
NUMBERS = " ".join(map(str, range(3000))).encode()
WRITER = """
import os, pathlib, sys
from lineal.store import LocalBlobs
blobs = LocalBlobs(pathlib.Path(sys.argv[1]))
for i in range(10**9):
    address = blobs.put(os.urandom(2000) * 4)
    if i % 8 == 7:
        blobs.put(os.urandom(5_000_000))
        blobs.sync()
        print(address, flush=True)
"""
ON_A_SMALL_DISK = """
import pathlib, sys, os
from lineal.errors import StoreUnwritable
from lineal.store import StoreFolder
folder = StoreFolder.open(pathlib.Path(sys.argv[1]) / "store")
kept = {}
try:
    for i in range(100):
        data = os.urandom(300_000)
        kept[folder.blobs.put(data)] = data
except StoreUnwritable as error:
    print(error)
assert len(kept) > 1
assert all(folder.blobs.get(address) == data for address, data in kept.items())
assert not list((folder.root / "tmp").iterdir())
"""


@pytest.fixture
def blobs(tmp_path):
    return LocalBlobs(tmp_path / "store")


def file_of(blobs, address):
    return blobs.root / "blobs" / address.hex[:2] / address.hex


def chunks_of(blobs, address):
    return [name.partition(":")[2] for name in file_of(blobs, address).read_text()[1:].split("\n")]


def overwrite(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("content", [b"x" * 9000, LARGE[:9000], b"tiny"], ids=["zstd", "raw", "4"])
def test_a_flipped_bit_anywhere_is_found_and_named(blobs, content, tmp_path):
    address = blobs.put(content)
    path = file_of(blobs, address)
    intact = path.read_bytes()
    for place in {0, 1, 5, len(intact) // 2, len(intact) - 1} & set(range(len(intact))):
        for bit in (1, 128):
            damaged = bytearray(intact)
            damaged[place] ^= bit
            overwrite(path, damaged)
            with pytest.raises(BlobCorrupt, match=address.short) as caught:
                blobs.get(address)
            assert str(path) in str(caught.value)
            with pytest.raises(BlobCorrupt):
                blobs.checkout(address, tmp_path / "target")
            assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("left", [0, 1, 2, 40, -1])
@pytest.mark.parametrize("content", [NUMBERS, LARGE[:9000], LARGE], ids=["zstd", "raw", "m"])
def test_a_truncated_blob_is_found_and_named(blobs, content, left):
    address = blobs.put(content)
    path = file_of(blobs, address)
    overwrite(path, path.read_bytes()[:left])
    with pytest.raises(BlobCorrupt, match=address.short):
        blobs.get(address)


def test_a_deleted_chunk_is_named_with_the_blob_it_is_a_part_of(blobs):
    address = blobs.put(LARGE)
    chunk = chunks_of(blobs, address)[1]
    (blobs.root / "blobs" / chunk[:2] / chunk).unlink()
    with pytest.raises(BlobMissing, match=rf"{chunk[:10]}.*part of {address.short}"):
        blobs.get(address)


def test_a_damaged_chunk_is_never_written_out(blobs, tmp_path):
    address = blobs.put(LARGE)
    chunk = chunks_of(blobs, address)[-1]
    overwrite(blobs.root / "blobs" / chunk[:2] / chunk, b"rnot this")
    with pytest.raises(BlobCorrupt, match=rf"{chunk[:10]}.*part of {address.short}"):
        blobs.checkout(address, tmp_path / "target")
    assert not list(tmp_path.glob("*target*")), "a part of it was left behind"


def test_a_manifest_of_other_chunks_or_of_itself_is_damaged(blobs):
    address = blobs.put(LARGE)
    names = chunks_of(blobs, address)
    for lines in (names[::-1], names[:-1], [], [address.hex], ["../../../etc/passwd"]):
        overwrite(file_of(blobs, address), b"m" + "\n".join(f"blake3:{n}" for n in lines).encode())
        with pytest.raises(BlobCorrupt):
            blobs.get(address)
        assert not LocalBlobs(blobs.root).holds(address)


def test_a_frame_that_claims_to_be_huge_is_refused_unread(blobs):
    import zstandard

    address = blobs.put(b"some content")
    overwrite(file_of(blobs, address), b"z" + zstandard.compress(bytes(64_000_000)))
    with pytest.raises(BlobCorrupt):
        blobs.get(address)


@pytest.mark.parametrize("content", [b"x" * 9000, LARGE], ids=["whole", "chunks"])
@pytest.mark.parametrize("damage", [b"", b"rother", b"zother", None], ids=repr)
def test_putting_again_mends_what_was_damaged(blobs, content, damage):
    address = blobs.put(content)
    victims = [address.hex, *(chunks_of(blobs, address)[:2] if content is LARGE else [])]
    for victim in victims:
        path = blobs.root / "blobs" / victim[:2] / victim
        path.unlink() if damage is None else overwrite(path, damage)
    again = LocalBlobs(blobs.root)
    assert again.put(content) == address
    assert again.get(address) == content


def test_a_blob_without_one_of_its_chunks_is_not_held_and_put_again_by_the_same_process(blobs):
    address = blobs.put(LARGE)
    chunk = chunks_of(blobs, address)[1]
    (blobs.root / "blobs" / chunk[:2] / chunk).unlink()
    assert not blobs.holds(address)
    assert blobs.put(LARGE) == address
    assert blobs.holds(address)
    assert blobs.get(address) == LARGE


def test_a_damaged_chunk_is_not_held_by_a_process_that_has_not_written_it(blobs):
    address = blobs.put(LARGE)
    chunk = chunks_of(blobs, address)[-1]
    overwrite(blobs.root / "blobs" / chunk[:2] / chunk, b"rnot this")
    assert not LocalBlobs(blobs.root).holds(address)


def test_a_damaged_blob_found_by_reading_is_mended_by_the_same_process(blobs):
    address = blobs.put(b"x" * 9000)
    overwrite(file_of(blobs, address), b"rother")
    with pytest.raises(BlobCorrupt):
        blobs.get(address)
    assert blobs.get(blobs.put(b"x" * 9000)) == b"x" * 9000


def test_a_damaged_value_is_never_loaded(blobs, tmp_path):
    values = ValueStore(blobs, tmp_path / "files")
    value = np.arange(10_000)
    artifact = values.save(value, identify(value))
    overwrite(file_of(blobs, artifact.stored.address), b"r" + bytes(100))
    with pytest.raises(BlobCorrupt):
        values.load(artifact)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only.*LINEAL_STORE"),
        (errno.EACCES, "permission.*LINEAL_STORE"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "check the disk"),
    ],
)
@pytest.mark.parametrize("call", ["open", "write", "fsync"])
def test_what_the_system_refuses_names_the_path_and_the_remedy(
    blobs, monkeypatch, code, remedy, call
):
    kept = blobs.put(b"before")
    real = getattr(os, call)

    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(StoreUnwritable, match=remedy) as caught:
        blobs.put(b"after")
    with pytest.raises(StoreUnwritable, match=remedy):
        blobs.put(LARGE)
    monkeypatch.setattr(os, call, real)
    assert str(blobs.root) in str(caught.value)
    assert not list((blobs.root / "tmp").iterdir())
    assert blobs.get(kept) == b"before"
    assert blobs.get(blobs.put(b"after")) == b"after"


def test_what_a_failed_sync_covers_is_covered_by_the_next(blobs, monkeypatch):
    blobs.put(b"content")
    real, synced = os.fsync, []
    monkeypatch.setattr(os, "fsync", lambda handle: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        blobs.sync()
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(handle), real(handle)))
    blobs.sync()
    assert len(synced) == 3
    blobs.sync()
    assert len(synced) == 3


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "blobs").write_text("")
    with pytest.raises(StoreUnwritable, match="a file stands where a folder should be"):
        LocalBlobs(tmp_path).put(b"content")


def test_a_disk_that_fills_up_says_so_and_keeps_what_was_kept(on_a_small_disk):
    assert "the disk is full" in on_a_small_disk("2m", ON_A_SMALL_DISK)


def test_a_file_beyond_the_size_allowed_says_so(tmp_path):
    code = (
        "import os, pathlib, resource, sys\n"
        "from lineal.store import LocalBlobs\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "LocalBlobs(pathlib.Path(sys.argv[1])).put(os.urandom(9000))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "StoreUnwritable" in done.stderr
    assert "raise the limit" in done.stderr
    assert not list((tmp_path / "tmp").iterdir())


def test_after_a_kill_every_present_blob_verifies_and_all_acknowledged_are_there(tmp_path):
    root = StoreFolder.open(tmp_path / "store").root
    for wanted in (1, 2, 5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, root], stdout=subprocess.PIPE)
        acknowledged = [writer.stdout.readline().decode().strip() for _ in range(wanted)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [
            line.decode().strip()
            for line in writer.stdout.read().splitlines(True)
            if line.endswith(b"\n")
        ]
        writer.wait()
        writer.stdout.close()
        blobs = StoreFolder.open(root).blobs
        assert not list((root / "tmp").iterdir()), "a dead writer's leftovers stayed"
        present = {f"blake3:{path.name}" for path in (root / "blobs").glob("*/*")}
        assert present >= set(filter(None, acknowledged))
        for address in present:
            blobs.get(Digest(address))


def test_a_store_that_can_not_be_read_says_so(tmp_path):
    (tmp_path / "store.toml").mkdir()
    with pytest.raises(StoreError, match="can't be read"):
        StoreFolder.open(tmp_path)
