"""Content-addressed bytes, and the values encoded in them."""

from .base import BlobStore
from .codecs import Codec, Picture
from .folder import StoreFolder, find_store
from .local import LocalBlobs
from .reserve import Reserve
from .statistics import Extent
from .values import ValueStore

__all__ = [
    "BlobStore",
    "Codec",
    "Extent",
    "LocalBlobs",
    "Picture",
    "Reserve",
    "StoreFolder",
    "ValueStore",
    "find_store",
]
