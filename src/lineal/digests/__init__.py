"""Content -> digest: values, files, code and environments. Knows no names, stores or runs."""

from .digest import Digest, combine, unique_digest
from .identity import CodeIdentity, ValueIdentity

__all__ = ["CodeIdentity", "Digest", "ValueIdentity", "combine", "unique_digest"]
