"""JSON whose numbers keep every digit. Money and odds are Decimals; a float is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from hedgerow.core.hidden import Secret


def _revealed(value: object) -> object:
    """A secret on its way out."""
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot be sent")


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_revealed)


def encode(value: object) -> bytes:
    """A body. Raises TypeError for a float in it: which amount was meant is not known any more."""
    for name in _floats(msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=_revealed), ""):
        raise TypeError(f"{name} is a float; give it as Decimal or int")
    return _encoder.encode(value)


def encode_loosely(value: object) -> bytes:
    """A body without money, where seconds may be floats."""
    return _encoder.encode(value)


def decode(body: bytes | str, kind: Any = Any) -> Any:
    """A body as a type; numbers with a point that no type claims are Decimals. Raises msgspec.DecodeError."""
    return _decoder(kind).decode(body)


def convert(value: object, kind: Any) -> Any:
    """Decoded JSON as a type. Raises msgspec.ValidationError."""
    return msgspec.convert(value, kind)


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, float_hook=Decimal)


def _floats(value: object, name: str) -> Iterator[str]:
    match value:
        case float():
            yield name
        case dict():
            for key, part in value.items():
                yield from _floats(part, f"{name}.{key}" if name else str(key))
        case list():
            for index, part in enumerate(value):
                yield from _floats(part, f"{name}[{index}]")
