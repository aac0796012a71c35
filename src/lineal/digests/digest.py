"""What identifies content: an algorithm's name and what it gave.

A digest says nothing about names, places or times. Three algorithms are used:

- ``xxh3``: XXH3-128 over the canonical encoding of a value. Identity inside one team's
  records: fast, and not meant to withstand an adversary.
- ``blake3``: BLAKE3 over stored bytes. The address of a blob: nobody can make other
  bytes that answer to it.
- ``unique``: 128 random bits for a result whose content can't be identified. Equal to
  nothing else, so nothing that depends on it is ever taken for something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from xxhash import xxh3_128_hexdigest


class Digest(str):
    """An identity of content, written ``algorithm:hex``.

    It is a string, so that it is stored, compared and printed as what it is.
    """

    __slots__ = ()

    @property
    def algorithm(self) -> str:
        """The part before the colon: ``xxh3``, ``blake3`` or ``unique``."""
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        """The part after the colon: 32 (xxh3, unique) or 64 (blake3) lower-case digits."""
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """The algorithm and the first ten digits, for people to read."""
        algorithm, _, digits = self.partition(":")
        return f"{algorithm}:{digits[:10]}"


def unique_digest() -> Digest:
    """An identity that nothing else has or will have."""
    return Digest("unique:" + os.urandom(16).hex())


def combine(kind: str, parts: Iterable[str]) -> Digest:
    """The digest of an ordered sequence of texts, tagged with what they are together.

    Each part is preceded by its length in bytes, so no two sequences are encoded alike.
    """
    return digest_of_framed(framed([kind, *parts]))


def framed(texts: Sequence[str]) -> bytes:
    """What `combine` hashes of its texts, so that what many sequences share is framed once."""
    joined = "".join([f"{len(text)}:{text}" for text in texts])
    if joined.isascii():
        return joined.encode()
    pieces = [text.encode() for text in texts]
    return b"".join([b"%d:%b" % (len(piece), piece) for piece in pieces])


def digest_of_framed(data: bytes) -> Digest:
    """What `combine` gives for a kind and parts that are framed already, one after another."""
    return Digest("xxh3:" + xxh3_128_hexdigest(data))
