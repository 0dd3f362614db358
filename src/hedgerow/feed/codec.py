"""How the feed's bytes become structs: frames by channel, quotes late.

When a frame of odds arrives, only the key and the time of every quote are decoded, which is what merging needs; the
rest when somebody reads one of them, for most quotes of a feed are replaced unread. One row that cannot be read does
not take the others of its message with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import Raw

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.feed.wire import Control, DataFrame, Envelope, OddsRawsFrame, OddsRow, OddsRowsFrame

Rows = dict[str, OddsRow]
"""Quotes of one bookmaker on one fixture, by odds id."""


class MalformedFrameError(ValueError):
    """Bytes that are no message at all: the stream that brought them cannot be trusted any more."""


class Unreadable(NamedTuple):
    """A message of a channel or type that is not known here, or not of its shape: logged and passed."""

    name: str
    why: str


class SalvagedOdds(NamedTuple):
    """What could be read of an odds frame; for a row that could not be read, None."""

    fixture_id: FixtureId
    odds: dict[VenueSlug, dict[str, OddsRow | None]]


Frame = DataFrame | Control | SalvagedOdds | Unreadable


class Codec:
    """One encoding of messages: JSON, or MessagePack with the same names and shapes."""

    def __init__(self, decoder: type[msgspec.json.Decoder[Any]] | type[msgspec.msgpack.Decoder[Any]]) -> None:
        self._is_json = decoder is msgspec.json.Decoder
        self.data: Callable[[bytes], DataFrame] = decoder(DataFrame).decode
        """A data frame from its text; raises one of `UNREADABLE` for anything else, which `other` explains."""
        self._control = decoder(Control)
        self._envelope = decoder(Envelope)
        self._odds_rows = decoder(OddsRowsFrame)
        self._odds_raws = decoder(OddsRawsFrame)
        self._rows = decoder(dict[str, OddsRow])
        self._raws = decoder(dict[str, Raw])
        self._row = decoder(OddsRow)
        self._value = decoder(Any)

    def other(self, text: bytes, error: Exception) -> Frame:
        """What a text is that `data` fails on with that error: a control frame, a frame of odds with faulty rows, or
        what is not known here.

        Frames are told by their channel first and only then by their type: every data frame is of type UPDATE.
        Raises MalformedFrameError when the bytes are no message.
        """
        name, why = "?", str(error)
        try:
            envelope = self._envelope.decode(text)
            name = str(envelope.channel or envelope.type)
            if not bytes(envelope.payload):
                return cast(Control, self._control.decode(text))
            if envelope.channel == "odds":
                payload = self._odds_raws.decode(text).payload
                odds = {bookmaker: self.rows_of(unread) for bookmaker, unread in payload.odds.items()}
                return SalvagedOdds(payload.fixture_id, odds)
        except msgspec.ValidationError as invalid:
            why = str(invalid)
        except UNREADABLE as malformed:
            raise MalformedFrameError(str(malformed)) from error
        return Unreadable(name, why)

    def odds(self, text: bytes) -> dict[VenueSlug, Rows]:
        """The quotes of an odds frame by bookmaker, whole; those that cannot be read are left out."""
        try:
            odds: dict[VenueSlug, Rows] = self._odds_rows.decode(text).payload.odds
        except UNREADABLE:
            raws = self._odds_raws.decode(text).payload.odds
            odds = {bookmaker: readable(self.rows_of(unread)) for bookmaker, unread in raws.items()}
        else:
            if not self._is_json:
                for rows in odds.values():
                    for row in rows.values():
                        self._to_json(row)
        return odds

    def answered(self, raw: Raw) -> dict[str, OddsRow | None]:
        """One bookmaker's quotes in an answer of the odds endpoints, copied out of it; None for one that cannot be
        read. None at all when they are not given by odds id."""
        try:
            rows = cast(dict[str, OddsRow | None], self._rows.decode(raw))
        except UNREADABLE:
            try:
                rows = self.rows_of(self._raws.decode(raw))
            except UNREADABLE:
                return {}
        for row in rows.values():
            if row is not None:
                detach(row)
        return rows

    def rows_of(self, unread: Mapping[str, Raw]) -> dict[str, OddsRow | None]:
        """Quotes one by one; None for a row that cannot be read."""
        return {odds_id: self._row_of(raw) for odds_id, raw in unread.items()}

    def _row_of(self, raw: Raw) -> OddsRow | None:
        try:
            row = cast(OddsRow, self._row.decode(raw))
        except UNREADABLE:
            return None
        if not self._is_json:
            self._to_json(row)
        return row

    def _to_json(self, row: OddsRow) -> None:
        """Puts the JSON text of the row's raw values in their place.

        MessagePack carries a price as a double. Its shortest decimal text is what the feed wrote, as long as that
        had at most 15 digits; see docs/decisions/0020-feed-decimals.md.
        """
        row.price, row.limit, row.meta = (
            Raw(msgspec.json.encode(self._value.decode(raw))) if bytes(raw) else raw
            for raw in (row.price, row.limit, row.meta)
        )


def detach(row: OddsRow) -> None:
    """Copies the row's raw values, so that it no longer keeps alive the message that it was read from."""
    row.price, row.limit, row.meta = row.price.copy(), row.limit.copy(), row.meta.copy()


def readable(rows: Mapping[str, OddsRow | None]) -> Rows:
    """Those rows that could be read."""
    return {odds_id: row for odds_id, row in rows.items() if row is not None}


JSON = Codec(msgspec.json.Decoder)
MSGPACK = Codec(msgspec.msgpack.Decoder)
