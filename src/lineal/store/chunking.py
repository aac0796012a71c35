"""Cutting bytes where their content says so, so that versions of a large blob share chunks.

A gear hash of the last 32 bytes runs along, and a chunk ends where the hash is small
enough. The limit is strict up to the size that is wished for and lax after it, so that
sizes lie close together. Source: Xia et al., "FastCDC: a Fast and Efficient
Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016.

The hash of the 2n bytes before a place is made of those of n bytes,
h_2n(i) = h_n(i) + (h_n(i - n) << n), so five passes of NumPy take the place of a loop
over bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Fixed for ever, as is the table below: with others, new blobs share nothing with old ones.
SMALLEST = 256 * 1024
WISHED = 1024 * 1024
LARGEST = 4 * 1024 * 1024
_STRICT = 1 << (32 - 22)
_LAX = 1 << (32 - 18)
_WINDOW = 32
_BLOCK = 64 * 1024
"""Bytes hashed at once: what is computed of them fits into a processor's cache."""


def chunks(data: memoryview) -> Iterator[memoryview]:
    """Cut bytes into chunks; only the last one may be smaller than SMALLEST."""
    start = 0
    while start < len(data):
        length = first_cut(data[start : start + LARGEST])
        yield data[start : start + length]
        start += length


def chunks_read(read: Callable[[int], bytes]) -> Iterator[memoryview]:
    """Cut what `read` gives until it gives nothing, as `chunks` cuts the same bytes.

    Args:
        read: Gives at most as many bytes as it is asked for.
    """
    waiting = bytearray()
    while True:
        while len(waiting) < LARGEST and (piece := read(LARGEST - len(waiting))):
            waiting += piece
        if not waiting:
            return
        chunk = bytes(waiting[: first_cut(memoryview(waiting))])
        del waiting[: len(chunk)]
        yield memoryview(chunk)


def first_cut(data: memoryview) -> int:
    """The length of the first chunk of bytes, of which at least LARGEST or all are given."""
    import numpy as np

    if len(data) <= SMALLEST:
        return len(data)
    raw = np.frombuffer(data, dtype=np.uint8)
    end = min(len(raw), LARGEST)
    room = np.empty((2, _BLOCK + _WINDOW - 1), np.uint32)
    for begin in range(SMALLEST, end, _BLOCK):
        hashes = _hashes(raw[begin - _WINDOW + 1 : min(begin + _BLOCK, end)], room)
        limit = np.uint32(_STRICT if begin < WISHED else _LAX)
        if hashes.min() < limit:
            return begin + int((hashes < limit).argmax()) + 1
    return end


def _hashes(raw: np.ndarray[Any, np.dtype[np.uint8]], room: Any) -> Any:
    """The hash of the window that ends with each byte, from the first whole window on.

    Args:
        raw: The bytes.
        room: Two rows of as many numbers to work in: new ones each time would take longer.
    """
    import numpy as np

    hashes, shifted = room[:, : len(raw)]
    np.take(_gear(), raw, out=hashes, mode="clip")  # half the time of an index
    for width in (1, 2, 4, 8, 16):
        moved = shifted[: len(hashes) - width]
        np.left_shift(hashes[:-width], width, out=moved)
        np.add(hashes[width:], moved, out=hashes[width:])
    return hashes[_WINDOW - 1 :]


@cache
def _gear() -> Any:
    """256 numbers without pattern, from Knuth's linear congruential generator (MMIX)."""
    import numpy as np

    state, numbers = 0x9E3779B97F4A7C15, []
    for _ in range(256):
        state = (state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        numbers.append(state >> 32)
    return np.array(numbers, dtype=np.uint32)
