"""Identifying Arrow's arrays and tables, and those of Polars, which are Arrow's inside.

What can't be seen doesn't count: chunks, slices, offsets, whether validity is written down
when nothing is null, bytes under nulls. What can be seen does: names, order, types, nullability,
metadata, the order of a dictionary.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from xxhash import xxh3_128_hexdigest

from lineal.errors import UnhashableError

from .columns import Array, Column, column, fixed, nulls_token, objects, texts, tokens
from .encoding import compound, text
from .walker import Encoder, Walker, qualified


def encoder_for(cls: type) -> Encoder | None:
    """The encoder of a type whose family this file knows; None for any other object's."""
    for base in cls.__mro__:
        encoder = _ENCODERS.get(qualified(base))
        if encoder is not None:
            return encoder
    return None


def _pa() -> Any:
    return sys.modules["pyarrow"]


def _table(value: Any, walker: Walker) -> bytes:
    walked, profile = _columns(value, [str(field.type) for field in value.schema], walker)
    if value is walker.root:
        walker.profile.update(rows=value.num_rows, columns=profile)
    return compound(
        b"at",
        walker.type(type(value)),
        schema_token(value.schema, walker),
        b"%d" % value.num_rows,
        *walked,
    )


def _columns(
    table: Any, types: Sequence[str], walker: Walker
) -> tuple[list[bytes], list[dict[str, str]]]:
    """The token of each column's content, and what a profile says of each."""
    walked = tokens(
        [
            arrow_column(data, label, walker)
            for data, label in zip(table.columns, types, strict=True)
        ]
    )
    names = table.schema.names
    return walked, [
        {"name": name, "type": label, "digest": "xxh3:" + xxh3_128_hexdigest(token)}
        for name, label, token in zip(names, types, walked, strict=True)
    ]


def schema_token(schema: Any, walker: Walker) -> bytes:
    """The token of a schema: its fields in order, and its metadata."""
    fields = [_field(schema.field(place), walker) for place in range(len(schema))]
    return compound(b"as", _metadata(schema.metadata, walker), *fields)


def _metadata(metadata: Mapping[bytes, bytes] | None, walker: Walker) -> bytes:
    return walker.token(dict(metadata) if metadata else None)


def _field(field: Any, walker: Walker) -> bytes:
    return compound(
        b"af",
        text(field.name),
        b"?" if field.nullable else b"!",
        type_token(field.type, walker),
        _metadata(field.metadata, walker),
    )


def type_token(kind: Any, walker: Walker) -> bytes:
    """The token of an Arrow type, with its children's names and nullability."""
    pa = _pa()
    if isinstance(kind, pa.BaseExtensionType):
        storage = type_token(kind.storage_type, walker)
        return compound(b"ax", text(str(kind)), text(kind.extension_name), storage)
    children = [_field(kind.field(place), walker) for place in range(kind.num_fields)]
    return compound(b"ay", text(str(kind)), *children)


def _array(value: Any, walker: Walker) -> bytes:
    content = arrow_column(value, str(value.type), walker).content()
    return compound(b"aa", walker.type(type(value)), type_token(value.type, walker), content)


def _named(value: Any, walker: Walker) -> bytes:
    if isinstance(value, _pa().Schema):
        return schema_token(value, walker)
    if isinstance(value, _pa().Field):
        return _field(value, walker)
    return compound(b"ad", type_token(value, walker))


def _scalar(value: Any, walker: Walker) -> bytes:
    inner = _array(_pa().array([value], type=value.type), walker)
    return compound(b"ac", inner)


def arrow_column(data: Any, label: str, walker: Walker) -> Column:
    """An Arrow array or chunked array as a column that is to be hashed."""
    pa = _pa()
    chunks = list(data.chunks) if isinstance(data, pa.ChunkedArray) else [data]
    kind = data.type
    while isinstance(kind, pa.BaseExtensionType):
        kind, chunks = kind.storage_type, [chunk.storage for chunk in chunks]
    return Column(
        label,
        0 if kind.num_fields else data.nbytes,
        lambda: _content(kind, chunks, walker),
        shared=_by_buffers(kind),
    )


def _by_buffers(kind: Any) -> bool:
    types = _pa().types
    if types.is_dictionary(kind):
        return _by_buffers(kind.value_type)
    return bool(types.is_primitive(kind) or _is_text(kind) or types.is_decimal(kind))


def _is_text(kind: Any) -> bool:
    types = _pa().types
    tests = (
        types.is_string,
        types.is_large_string,
        types.is_binary,
        types.is_large_binary,
        types.is_string_view,
        types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def _content(kind: Any, chunks: list[Any], walker: Walker) -> bytes:
    types = _pa().types
    chunks = [chunk for chunk in chunks if len(chunk)]
    count = sum(map(len, chunks))
    if types.is_null(kind):
        return column("null", count, b"")
    if types.is_boolean(kind):
        bits = [_bits(chunk.buffers()[1], chunk.offset, len(chunk)) for chunk in chunks]
        return fixed("bool", bits or [np.zeros(0, bool)], _valid(chunks))
    if _is_text(kind):
        return _text(kind, chunks)
    if types.is_dictionary(kind):
        return _dictionary(kind, chunks, walker)
    if types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        return _fixed(kind, chunks)
    return _nested(kind, _pa().chunked_array(chunks, kind).combine_chunks(), walker)


def _valid(chunks: Sequence[Any]) -> Array | None:
    if not any(chunk.null_count for chunk in chunks):
        return None
    return np.concatenate([_chunk_valid(chunk) for chunk in chunks])


def _chunk_valid(chunk: Any) -> Array:
    if not chunk.null_count:
        return np.ones(len(chunk), bool)
    return _bits(chunk.buffers()[0], chunk.offset, len(chunk))


def _bits(buffer: Any, offset: int, count: int) -> Array:
    """A stretch of a bitmap as one boolean each."""
    first = offset // 8
    bytes_ = np.frombuffer(buffer, np.uint8)[first : (offset + count + 7) // 8]
    unpacked = np.unpackbits(bytes_, bitorder="little")
    return unpacked[offset - 8 * first :][:count].view(bool)


def _fixed(kind: Any, chunks: Sequence[Any]) -> bytes:
    width = kind.bit_width // 8
    dtype = np.dtype(f"V{width}") if width else np.dtype("V1")
    pieces = [_slice(chunk, dtype, width) for chunk in chunks] or [np.zeros(0, dtype)]
    return fixed(str(kind), pieces, _valid(chunks))


def _slice(chunk: Any, dtype: np.dtype[Any], width: int) -> Array:
    if not width:
        return np.zeros(len(chunk), dtype)
    whole = np.frombuffer(chunk.buffers()[1], np.uint8)
    return whole[chunk.offset * width : (chunk.offset + len(chunk)) * width].view(dtype)


def _text(kind: Any, chunks: list[Any]) -> bytes:
    pa = _pa()
    types = pa.types
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    tag = "utf8" if is_text else "binary"
    if types.is_string_view(kind) or types.is_binary_view(kind):
        large = pa.large_string() if is_text else pa.large_binary()
        kind, chunks = large, [chunk.cast(large) for chunk in chunks]
    large = types.is_large_string(kind) or types.is_large_binary(kind)
    width = np.dtype("<i8") if large else np.dtype("<i4")
    ends, data, total = [], [], 0
    for chunk in chunks:
        offsets, body = _offsets(_without_hidden(chunk, width), width)
        shift = total - int(offsets[0])
        stops = offsets[1:].astype("<i8", copy=False)
        ends.append(stops + shift if shift else stops)
        if offsets[-1] > offsets[0]:
            data.append(np.frombuffer(body, np.uint8)[offsets[0] : offsets[-1]])
        total += int(offsets[-1]) - int(offsets[0])
    return texts(tag, sum(map(len, chunks)), ends, data, _valid(chunks))


def _offsets(chunk: Any, width: np.dtype[Any]) -> tuple[Array, Any]:
    _, offsets, body = chunk.buffers()
    start = chunk.offset
    return np.frombuffer(offsets, width)[start : start + len(chunk) + 1], body


def _without_hidden(chunk: Any, width: np.dtype[Any]) -> Any:
    """The chunk with nothing written under its nulls."""
    if not chunk.null_count:
        return chunk
    lengths = np.diff(_offsets(chunk, width)[0])
    if not lengths[~_chunk_valid(chunk)].any():
        return chunk
    return chunk.take(_pa().array(np.arange(len(chunk))))


def _dictionary(kind: Any, chunks: list[Any], walker: Walker) -> bytes:
    pa = _pa()
    whole = pa.chunked_array(chunks, kind).unify_dictionaries()
    indices = [chunk.indices.cast(pa.int64()) for chunk in whole.chunks]
    words = [whole.chunk(0).dictionary] if whole.num_chunks else []
    return column(
        "dictionary",
        len(whole),
        b"",
        _content(kind.value_type, words, walker),
        _content(pa.int64(), indices, walker),
    )


def _nested(kind: Any, array: Any, walker: Walker) -> bytes:
    """Lists and structs, level by level; what is rarer by its items."""
    pa = _pa()
    types = pa.types
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], kind)
    nulls = nulls_token(_valid([array])) if len(array) else b""
    if types.is_struct(kind):
        fields = [_inner(child, walker) for child in array.flatten()]
        return column("struct", len(array), nulls, *fields)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        compute: Callable[..., Any] = array.value_lengths
        lengths = compute().fill_null(0).cast(pa.int64())
        return column(
            "list", len(array), nulls, _inner(lengths, walker), _inner(array.flatten(), walker)
        )
    return objects(array.to_pylist(), walker)


def _inner(array: Any, walker: Walker) -> bytes:
    return arrow_column(array, "", walker).content()


def _polars(value: Any, walker: Walker) -> bytes:
    pl = sys.modules["polars"]
    frame = value if isinstance(value, pl.DataFrame) else value.to_frame()
    types = [str(dtype) for dtype in frame.dtypes]
    if any(dtype == pl.Object for dtype in frame.dtypes):
        raise UnhashableError("", "it holds Python objects", "Give its columns Polars types.")
    # The codes of a categorical are this process's own; its words are its content.
    plain = frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
    walked, profile = _columns(plain.to_arrow(), types, walker)
    if value is walker.root:
        walker.profile.update(rows=frame.height, columns=profile)
    names = walker.token([*frame.columns])
    schema = walker.token([repr(dtype) for dtype in frame.dtypes])
    enums = [walker.token(dtype.categories.to_list()) for dtype in frame.dtypes if _is_enum(dtype)]
    head = (walker.type(type(value)), names, schema, compound(b"pe", *enums))
    return compound(b"po", *head, b"%d" % frame.height, *walked)


def _is_enum(dtype: Any) -> bool:
    return isinstance(dtype, sys.modules["polars"].Enum)


def _lazy(_value: Any, _walker: Walker) -> bytes:
    raise UnhashableError("", "a lazy frame is a plan, not data", "Pass what collect() gives.")


_ENCODERS: dict[str, Encoder] = {
    "pyarrow.lib.Table": _table,
    "pyarrow.lib.RecordBatch": _table,
    "pyarrow.lib.Array": _array,
    "pyarrow.lib.ChunkedArray": _array,
    "pyarrow.lib.Scalar": _scalar,
    "pyarrow.lib.Schema": _named,
    "pyarrow.lib.Field": _named,
    "pyarrow.lib.DataType": _named,
    "polars.dataframe.frame.DataFrame": _polars,
    "polars.series.series.Series": _polars,
    "polars.lazyframe.frame.LazyFrame": _lazy,
}
