"""The content of a blob's file: one byte that says how, and the bytes.

``r``  the bytes as they are
``z``  the bytes as one frame of Zstandard that tells its size
``m``  the addresses of the chunks that make up the bytes, one to a line
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import zstandard

from lineal.digests.digest import Digest

from .chunking import LARGEST

RAW, ZSTD, MANIFEST = b"r", b"z", b"m"
_LEVEL = 1
"""Twice as fast as level 3, and tables of numbers come out no larger."""
_WORTH = 0.95
"""What compression must come to at most, as a part of the whole, to be worth reading."""
_TINY = 128
_SAMPLED = 256 * 1024
_SAMPLE = 32 * 1024


class Damaged(ValueError):
    """What was packed can't be unpacked."""


class _Contexts(threading.local):
    """Zstandard's working memory: costly to make, and for one thread at a time."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def pack(data: memoryview) -> tuple[bytes | memoryview, ...]:
    """The parts of a file that holds bytes, compressed where that helps."""
    if len(data) > _TINY and _looks_compressible(data):
        compressed = _contexts.compressor.compress(data)
        if len(compressed) < _WORTH * len(data):
            return ZSTD, compressed
    return RAW, data


def pack_manifest(addresses: Sequence[Digest]) -> tuple[bytes, ...]:
    """The parts of a file that holds the addresses of chunks."""
    return MANIFEST, "\n".join(addresses).encode()


def unpack(packed: bytes) -> bytes | tuple[Digest, ...]:
    """The bytes of a file's content, or the addresses of the chunks they are made of.

    Raises:
        Damaged: it was not packed by these rules.
    """
    kind, body = packed[:1], memoryview(packed)[1:]
    if kind == RAW:
        return bytes(body)
    if kind == ZSTD:
        return _decompress(body)
    if kind == MANIFEST:
        return _addresses(bytes(body))
    raise Damaged


def _looks_compressible(data: memoryview) -> bool:
    """Judged by a piece from the middle, when trying it all takes long."""
    if len(data) <= _SAMPLED:
        return True
    middle = len(data) // 2
    sample = data[middle : middle + _SAMPLE]
    return len(_contexts.compressor.compress(sample)) < _WORTH * len(sample)


def _decompress(body: memoryview) -> bytes:
    try:
        # Asked for first, so that a forged frame can't fill the memory.
        if not 0 <= zstandard.frame_content_size(body) <= LARGEST:
            raise Damaged
        return _contexts.decompressor.decompress(body)
    except zstandard.ZstdError:
        raise Damaged from None


def _addresses(body: bytes) -> tuple[Digest, ...]:
    lines = tuple(Digest(line) for line in body.decode("ascii", "replace").split("\n"))
    if not all(is_address(line) for line in lines):
        raise Damaged
    return lines


def is_address(text: str) -> bool:
    """Whether a text is the address of a blob, and so safe to make a file's name from."""
    algorithm, _, digits = text.partition(":")
    return algorithm == "blake3" and len(digits) == 64 and set(digits) <= set("0123456789abcdef")
