"""Identifying NumPy's values, SciPy's sparse matrices and torch's tensors.

An array is its dtype, its shape and its items in C order, wherever they lie. Padding in a
structured item or in a long double is no content. Bytes are hashed where they are when they
are contiguous; else they are brought in order a piece at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from xxhash import xxh3_128

from lineal.errors import UnhashableError

from .encoding import compound, digest_of, text
from .walker import Encoder, Walker, qualified

_PIECE = 1 << 22
"""Bytes brought into C order at a time."""
_PLAIN = "biufcmMSU"
_SPARSE = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "coo": ("data", "coords"),
    "dia": ("data", "offsets"),
    "lil": ("data", "rows"),
}


def encoder_for(cls: type) -> Encoder | None:
    """The encoder of a type whose family this file knows; None for any other object's."""
    names = {qualified(base) for base in cls.__mro__}
    if issubclass(cls, np.ma.MaskedArray):
        return _masked
    if issubclass(cls, np.ndarray):
        return _array if cls in (np.ndarray, np.memmap) else _subclass
    if issubclass(cls, np.generic):
        return _scalar
    if issubclass(cls, np.dtype):
        return lambda value, _walker: compound(b"dtype", dtype_token(value))
    if issubclass(cls, np.ufunc):
        return _ufunc
    if "scipy.sparse._base._spbase" in names:
        return _sparse
    if "torch.Tensor" in names:
        return _tensor
    return None


@lru_cache(maxsize=4096)
def dtype_token(dtype: np.dtype[Any]) -> bytes:
    """The token of a dtype: what ``dtype.str`` tells, and of a structure, every field.

    Remembered, as NumPy works a dtype's name out at every look; equal ones have equal tokens.
    """
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return compound(b"sub", dtype_token(base), Walker(None, None, shape).token(shape))
    if dtype.names is None:
        return compound(b"dt", text(dtype.str), text(dtype.name))
    fields = [dtype.fields[name] for name in dtype.names] if dtype.fields is not None else []
    parts = [
        part
        for name, field in zip(dtype.names, fields, strict=True)
        for part in (text(name), dtype_token(field[0]), b"%d" % field[1])
    ]
    return compound(b"st", b"%d" % dtype.itemsize, *parts)


def _array(value: np.ndarray[Any, Any], walker: Walker) -> bytes:
    array = value if type(value) is np.ndarray else np.asarray(value)
    return compound(
        b"nd",
        dtype_token(array.dtype),
        walker.token(array.shape),
        content(array, walker),
    )


def content(array: np.ndarray[Any, Any], walker: Walker) -> bytes:
    """What an array's items come to, in C order; 16 bytes for plain ones."""
    dtype = array.dtype
    if dtype.names is not None:
        return b"".join([b"|" + content(array[name], walker) for name in dtype.names])
    if dtype.kind == "O" or dtype.char == "T":
        flat = array.ravel(order="C")
        return walker.sequence(flat.astype(object).tolist())
    if dtype.char in "gG":
        array = _without_padding(array)
    elif dtype.kind not in _PLAIN and (dtype.kind != "V" or dtype.hasobject):
        raise UnhashableError(
            "", f"arrays of {dtype} have no bytes to go by", "Convert it to a plain dtype."
        )
    return raw(array)


def raw(array: np.ndarray[Any, Any]) -> bytes:
    """The XXH3-128 (16 bytes) of an array's bytes in C order."""
    if array.flags.c_contiguous:
        return digest_of(_bytes(array))
    if array.nbytes <= _PIECE:
        return digest_of(_bytes(np.ascontiguousarray(array)))
    hasher = xxh3_128()
    for piece in _pieces(array):
        hasher.update(_bytes(piece))
    return hasher.digest()


def _bytes(array: np.ndarray[Any, Any]) -> Any:
    if array.size == 0 or array.itemsize == 0:
        return b""
    return array.reshape(-1).view(np.uint8)


def _pieces(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """The array in C order, in contiguous copies of about ``_PIECE`` bytes."""
    rows = max(1, _PIECE // max(1, array[0].nbytes))
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows])


def _without_padding(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The bytes of long doubles that hold the number: 10 of 16 where they are x87's."""
    size = np.dtype(np.longdouble).itemsize
    used = 10 if np.finfo(np.longdouble).nmant == 63 else size
    flat = np.ascontiguousarray(array).reshape(-1)
    return np.ascontiguousarray(flat.view(np.uint8).reshape(-1, size)[:, :used])


def _subclass(value: np.ndarray[Any, Any], walker: Walker) -> bytes:
    attributes = walker.token(getattr(value, "__dict__", None) or None)
    base = _array(value.view(np.ndarray), walker)
    return compound(b"nds", walker.type(type(value)), base, attributes)


def _masked(value: Any, walker: Walker) -> bytes:
    # What is under the mask can be seen and unmasked, so it counts.
    mask = np.ma.getmaskarray(value)
    parts = [_array(np.asarray(part), walker) for part in (value.data, mask, value.fill_value)]
    return compound(b"ma", walker.type(type(value)), *parts, walker.token(bool(value.hardmask)))


def _scalar(value: np.generic, walker: Walker) -> bytes:
    array = np.asarray(value)
    if array.dtype.kind in "fc" and np.isnan(array).any():
        array = _one_nan(value)
    token = _array(array, walker)
    return compound(b"np", walker.type(type(value)), token)


def _one_nan(value: Any) -> np.ndarray[Any, Any]:
    """A NaN, or a complex number with one in it, in the bits that all such have."""
    kind = type(value)
    if np.iscomplexobj(value):
        real = np.nan if np.isnan(value.real) else value.real
        imag = np.nan if np.isnan(value.imag) else value.imag
        return np.asarray(kind(complex(real, imag)))
    return np.asarray(kind(np.nan))


def _ufunc(value: np.ufunc, _walker: Walker) -> bytes:
    name = value.__name__
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), name, None) is value:
            return compound(b"uf", text(module), text(name))
    raise UnhashableError(
        "",
        f"the ufunc {name} is not one of NumPy's or SciPy's",
        "Pass its name, and choose it inside the step.",
    )


def _sparse(value: Any, walker: Walker) -> bytes:
    head = [walker.type(type(value)), walker.token(tuple(map(int, value.shape)))]
    names = _SPARSE.get(value.format)
    if names is None:  # dok
        keys, values = list(value.keys()), list(value.values())
        return compound(b"sp", *head, text(str(value.dtype)), walker.mapping(keys, values))
    return compound(b"sp", *head, *[walker.token(getattr(value, name)) for name in names])


def _tensor(value: Any, walker: Walker) -> bytes:
    torch = sys.modules["torch"]
    head = [
        walker.type(type(value)),
        text(str(value.dtype)),
        walker.token(tuple(value.shape)),
        walker.token(bool(value.requires_grad)),
    ]
    if value.layout != torch.strided or value.is_quantized:
        raise UnhashableError(
            "", f"a tensor of layout {value.layout} is not laid out plainly", "Make it dense."
        )
    plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    return compound(b"th", *head, raw(plain.view(torch.uint8).numpy()))
