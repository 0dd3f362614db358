"""The engine's own values as JSON and back, exactly: Decimals as text, price grids as their bands or rungs.

The types are those of the engine and of `venues.base`; msgspec reads and writes them as they stand.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from hedgerow.core.american_grid import AmericanGrid
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.storage.database import OutcomeUnknownError, StorageError

T = TypeVar("T")


def _to_json(value: Any) -> Any:
    if isinstance(value, AmericanGrid):
        return {"american": value.american}
    if isinstance(value, OddsGrid):
        return {"odds": value.odds}
    if isinstance(value, PriceGrid):
        return [(band.start, band.end, band.step) for band in value.bands]
    raise NotImplementedError(f"{type(value).__name__} has no form on a tape")


def _from_json(kind: type, value: Any) -> Any:
    if kind is PriceGrid and isinstance(value, dict):
        return AmericanGrid(value["american"]) if "american" in value else OddsGrid(value["odds"])
    if kind is PriceGrid:
        return PriceGrid([Band(*band) for band in value])
    raise NotImplementedError(f"{kind.__name__} has no form on a tape")


_encoder = msgspec.json.Encoder(enc_hook=_to_json)
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(value: object) -> bytes:
    """A value of the engine's as JSON."""
    return _encoder.encode(value)


def decode(data: bytes | msgspec.Raw, kind: Any) -> Any:
    """The value that was encoded. kind: its type, which may be a union with None. Raises msgspec.ValidationError."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_from_json)
    return decoder.decode(data)


class Failure(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An error that the engine was answered with. `retry_after_ms`: whole milliseconds, of an Unavailable."""

    error: str
    venue: str = ""
    operation: str = ""
    message: str = ""
    code: str | None = None
    reason: Reason | None = None
    retry_after_ms: int | None = None


_PLAIN = {kind.__name__: kind for kind in (InDoubt, CannotTell)}
_STORAGE = {kind.__name__: kind for kind in (StorageError, OutcomeUnknownError)}

ANSWERED = (VenueError, StorageError)
"""The errors with which the engine goes on."""


def failure_of(error: VenueError | StorageError) -> Failure:
    """The form of an error on the tape."""
    if isinstance(error, StorageError):
        kind = OutcomeUnknownError if isinstance(error, OutcomeUnknownError) else StorageError
        return Failure(kind.__name__, message=str(error))
    found = Failure(type(error).__name__, error.venue, error.operation, error.message, error.code)
    match error:
        case Refused():
            return msgspec.structs.replace(found, reason=error.reason)
        case Unavailable(retry_after_s=float() | int() as pause):
            return msgspec.structs.replace(found, retry_after_ms=round(pause * 1000))
    return found


def error_of(failure: Failure) -> VenueError | StorageError:
    """The error again. Raises ValueError for a kind that the engine does not know."""
    told = failure.venue, failure.operation, failure.message
    if failure.error in _STORAGE:
        return _STORAGE[failure.error](failure.message)
    if failure.error in _PLAIN:
        return _PLAIN[failure.error](*told, failure.code)
    if failure.error == Refused.__name__ and failure.reason is not None:
        return Refused(*told, reason=failure.reason, code=failure.code)
    if failure.error == Unavailable.__name__:
        pause = None if failure.retry_after_ms is None else failure.retry_after_ms / 1000
        return Unavailable(*told, code=failure.code, retry_after_s=pause)
    raise ValueError(f"{failure.error} is no error of a venue")
