"""Cutting bytes where their content says so, so that versions of a large blob share chunks.

A gear hash runs over the bytes and a cut is made where its top bits are zero, after
Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data
Deduplication" (USENIX ATC 2016). The hash of a window of 32 bytes is built by doubling,
h_2n(i) = h_n(i) + (h_n(i - n) << n), five passes of NumPy instead of a loop over bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

SMALLEST = 256 * 1024
LARGEST = 4 * 1024 * 1024
_MASK_BITS = 20
_BLOCK = 1024 * 1024
_WINDOW = 32


def chunks(data: memoryview) -> Iterator[memoryview]:
    """Cut bytes into pieces of 256 KiB to 4 MiB, about 1.25 MiB on average."""
    start = 0
    cuts = iter(_candidates(data))
    cut = next(cuts, len(data))
    while start < len(data):
        while cut < start + SMALLEST and cut < len(data):
            cut = next(cuts, len(data))
        end = min(cut, start + LARGEST, len(data))
        yield data[start:end]
        start = end


def _candidates(data: memoryview) -> Iterator[int]:
    """Every place where the hash of the window before it allows a cut."""
    import numpy as np

    raw = np.frombuffer(data, dtype=np.uint8)
    gear = _gear()
    for begin in range(0, len(raw), _BLOCK):
        warm = max(0, begin - _WINDOW)
        values = gear[raw[warm : begin + _BLOCK]]
        for shift in (1, 2, 4, 8, 16):
            values[shift:] += values[:-shift].copy() << np.uint32(shift)
        found = np.flatnonzero(values >> np.uint32(32 - _MASK_BITS) == 0) + warm + 1
        yield from (int(place) for place in found if place > begin)


@cache
def _gear() -> Any:
    import numpy as np

    # Fixed for ever: other numbers would cut elsewhere, and share nothing with the past.
    state, numbers = 0x9E3779B97F4A7C15, []
    for _ in range(256):
        state = (state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        numbers.append(state >> 32)
    return np.array(numbers, dtype=np.uint32)
