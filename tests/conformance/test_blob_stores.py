"""What every blob store promises."""

import threading

import numpy as np
import pytest
from blake3 import blake3

from lineal.digests.digest import Digest
from lineal.errors import BlobMissing
from lineal.store import LocalBlobs

LARGE = np.random.default_rng(7).integers(0, 256, 9_000_000, dtype=np.uint8).tobytes()
CONTENTS = {
    "empty": b"",
    "one byte": b"x",
    "that does not compress": LARGE[:5000],
    "that compresses": b"again and again " * 5000,
    "large": LARGE,
    "large and dull": bytes(9_000_000),
    "looking like a packed file": b"zm" + b"blake3:" + b"0" * 64,
}
ABSENT = Digest("blake3:" + "0" * 64)


@pytest.fixture(params=[LocalBlobs], ids=lambda kind: kind.__name__)
def reopen(request, tmp_path):
    """Opens the same store anew, as another process would."""
    return lambda: request.param(tmp_path / "store")


@pytest.fixture
def blobs(reopen):
    return reopen()


@pytest.fixture(params=CONTENTS.values(), ids=CONTENTS.keys())
def content(request):
    return request.param


def test_an_address_is_the_blake3_of_the_bytes(blobs, content):
    assert blobs.put(content) == "blake3:" + blake3(content).hexdigest()


def test_what_was_put_is_got_back_at_once_and_by_others(blobs, reopen, content):
    address = blobs.put(content)
    assert blobs.get(address) == content
    assert reopen().get(address) == content


def test_any_contiguous_view_of_bytes_can_be_put(blobs):
    array = np.arange(12, dtype="<i8").reshape(3, 4)
    assert blobs.get(blobs.put(memoryview(array))) == array.tobytes()


def test_a_file_gets_the_address_of_its_content(blobs, reopen, content, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(content)
    address = blobs.put_file(file)
    assert address == blobs.put(content)
    assert reopen().get(address) == content


def test_putting_again_changes_nothing(blobs, reopen, content):
    address = blobs.put(content)
    assert blobs.put(content) == address == reopen().put(content)
    assert blobs.get(address) == content


def test_a_file_that_can_not_be_read_says_so(blobs, tmp_path):
    with pytest.raises(FileNotFoundError):
        blobs.put_file(tmp_path / "absent")


def test_checking_out_writes_the_content_and_replaces_what_was_there(blobs, content, tmp_path):
    address = blobs.put(content)
    target = tmp_path / "out" / "target"
    target.parent.mkdir()
    target.write_text("former")
    blobs.checkout(address, target)
    assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]


def test_checking_out_nothing_leaves_the_target_alone(blobs, tmp_path):
    target = tmp_path / "target"
    target.write_text("former")
    with pytest.raises(BlobMissing):
        blobs.checkout(ABSENT, target)
    assert target.read_text() == "former"


def test_what_is_absent_is_missing_by_name(blobs):
    with pytest.raises(BlobMissing, match=r"blake3:0000000000 .*--force"):
        blobs.get(ABSENT)


@pytest.mark.parametrize("address", ["xxh3:00", "blake3:../../x", "blake3:" + "A" * 64, ""])
def test_what_is_no_address_never_becomes_a_path(blobs, address):
    with pytest.raises(BlobMissing, match="not the address"):
        blobs.get(Digest(address))


def test_has_tells_the_present_ones(blobs):
    first, second = blobs.put(b"1"), blobs.put(LARGE)
    assert blobs.has([first, ABSENT, second]) == {first, second}
    assert blobs.has([]) == set()


def test_what_is_deleted_is_gone_and_can_be_put_again(blobs, content):
    address = blobs.put(content)
    blobs.delete(address)
    blobs.delete(address)
    assert blobs.has([address]) == set()
    with pytest.raises(BlobMissing):
        blobs.get(address)
    assert blobs.get(blobs.put(content)) == content


def test_sync_may_be_called_at_any_time(blobs):
    blobs.sync()
    blobs.put(LARGE)
    blobs.sync()
    blobs.sync()


def test_threads_may_put_the_same_and_other_bytes_at_once(blobs, reopen):
    contents = [str(i % 7).encode() * 3000 for i in range(60)] + [LARGE, LARGE]
    stores = [blobs, reopen()]
    found: dict[int, Digest] = {}
    failures = []

    def work(start):
        try:
            for place in range(start, len(contents), 4):
                found[place] = stores[place % 2].put(contents[place])
                stores[place % 2].sync()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(blobs.get(found[place]) == content for place, content in enumerate(contents))


def test_it_holds_what_was_put_and_is_there_undamaged(blobs, reopen, content):
    address = blobs.put(content)
    assert blobs.holds(address)
    assert reopen().holds(address)
    assert not blobs.holds(ABSENT)
    blobs.delete(address)
    assert not blobs.holds(address)
    assert not reopen().holds(address)
