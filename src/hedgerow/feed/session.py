"""The feed's WebSocket conversation, without a socket: what to say, what was said, what to do when it ends.

Login first; then the server talks and we only listen. To change what it sends, log in anew on another connection.
Odds are never replayed: after every interruption the answers of the REST side fill the gap. Source: OddsPapi v5
WebSocket pages (login, resume, control frames, close codes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.ids import VenueSlug
from hedgerow.core.secrets import Secret
from hedgerow.feed import wire
from hedgerow.feed.codec import JSON, MSGPACK, Codec, Frame
from hedgerow.feed.inflate import Inflater
from hedgerow.feed.wire import OddsFrame

LOGIN_FAULT = 4000
KEY_REVOKED = 4001
READ_TOO_SLOWLY = 4002
TOO_MANY_CONNECTIONS = 4003


class ReceiveType(StrEnum):
    """How the server writes data frames."""

    JSON = "json"
    BINARY = "binary"  # MessagePack
    ZSTD = "zstd"
    ZSTD_DICT = "zstd-dict"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the server is asked to send. An empty filter means everything that the key may see."""

    sports: tuple[int, ...] = ()
    bookmakers: tuple[VenueSlug, ...] = ()
    tournaments: tuple[int, ...] = ()
    receive_type: ReceiveType = ReceiveType.JSON
    client_name: str = "hedgerow"
    lang: str = "en"


class Ending(NamedTuple):
    """What a closed connection asks for."""

    comes_back: bool
    compress: bool  # the next login should ask for compressed frames
    why: str


@dataclass(slots=True)
class Cursors:
    """What outlives a connection: how far the channels were read that the server can replay."""

    epoch: str | None = None
    window_ms: int = 0
    replayable: frozenset[str] = frozenset()
    last: dict[str, str] = field(default_factory=dict)  # entry id `<ms>-<sequence>` by channel

    def resume(self, now_ms: int) -> dict[str, Any]:
        """The login fields that ask for a replay: epoch and cursors together, or nothing.

        A cursor is good while it is younger than the server's window, by the time within it: a quiet channel's is too
        old after a minute, however short the interruption.
        """
        young = {name: entry for name, entry in self.last.items() if now_ms - _entry_ms(entry) < self.window_ms}
        return {"serverEpoch": self.epoch, "lastSeenId": young} if self.epoch and young else {}

    def note(self, epoch: str | None, channel: str, entry_id: str | None) -> None:
        """A frame of the channel was read, on a connection of that epoch; two may overlap while one replaces the
        other. Holes in the sequence are normal: filters and conflation make them."""
        if entry_id is not None and channel in self.replayable and epoch == self.epoch:
            self.last[channel] = entry_id

    def follow(self, resume: wire.Resume | None) -> None:
        """Takes the server's present terms; a new epoch makes every cursor worthless."""
        terms = resume or wire.Resume()
        if terms.server_epoch != self.epoch:
            self.last.clear()
        self.epoch = terms.server_epoch
        self.window_ms = terms.resume_window_ms
        self.replayable = frozenset(terms.replay_channels if terms.enabled else ())

    def forget(self, channels: list[str]) -> None:
        for channel in channels:
            self.last.pop(channel, None)


class Session:
    """One connection's conversation, from login to close."""

    def __init__(self, key: Secret, wanted: Wanted, cursors: Cursors) -> None:
        self.wanted = wanted
        self.is_logged_in = False
        self.missing: tuple[str, ...] = ()  # what was asked for and is not in the server's echo
        self.text = b""  # what the last frame was decoded from, and by what
        self.codec: Codec = JSON
        self._key, self._cursors = key, cursors
        self._refusal: str | None = None
        self._epoch: str | None = None
        self._binary_codec: Codec = JSON
        self._is_compressed = False
        self._inflater = Inflater()

    def login(self, now_ms: int) -> str:
        """The first message of the connection. It holds the key: it is sent, and never logged."""
        asked: dict[str, Any] = {
            "type": "login",
            "apiKey": self._key.reveal(),
            "clientName": self.wanted.client_name,
            "lang": self.wanted.lang,
            "receiveType": self.wanted.receive_type,
            "channels": wire.CHANNELS,
        }
        filters = {
            "sportIds": self.wanted.sports,
            "tournamentIds": self.wanted.tournaments,
            "bookmakers": self.wanted.bookmakers,
        }
        asked |= {name: chosen for name, chosen in filters.items() if chosen}
        return msgspec.json.encode(asked | self._cursors.resume(now_ms)).decode()

    def receive(self, payload: memoryview, is_text: bool) -> Frame:
        """One frame. Control frames have taken effect here when they are returned, for the caller to do his part.

        Text frames are control frames, or data when the server writes JSON; binary frames are data, written as the
        echo of the login said. Raises MalformedFrameError: the connection is to be dropped.
        """
        if is_text:
            codec, text = JSON, payload.tobytes()
        else:
            codec, text = self._binary_codec, self._uncompressed(payload)
        self.text, self.codec = text, codec
        try:
            frame: Frame = codec.data(text)
        except UNREADABLE as error:
            frame = codec.other(text, error)
        if type(frame) is not OddsFrame:
            self._note(frame)
        return frame

    def _uncompressed(self, payload: memoryview) -> bytes:
        return self._inflater.inflate(payload) if self._is_compressed else payload.tobytes()

    def closed(self, code: int, reason: str) -> Ending:
        """What to do about the end of the connection."""
        why = f"{code} {self._refusal or reason}".strip()
        is_final = code in (LOGIN_FAULT, KEY_REVOKED) or self._refusal not in (None, _TOO_MANY)
        return Ending(not is_final, code == READ_TOO_SLOWLY, why)

    def _note(self, frame: Frame) -> None:
        match frame:
            case wire.LoginOk():
                self._logged_in(frame)
            case wire.Dictionary():
                self._inflater.learn(frame)
            case wire.SnapshotRequired():
                self._cursors.forget(frame.channels)
            case wire.FeedError() if not self.is_logged_in:
                self._refusal = frame.error or frame.message or "refused"
            case (
                wire.BookmakersFrame()
                | wire.FixturesFrame()
                | wire.ScoresFrame()
                | wire.ClocksFrame()
                | wire.CurrenciesFrame()
            ):
                self._cursors.note(self._epoch, str(frame.__struct_config__.tag), frame.entry_id)

    def _logged_in(self, echo: wire.LoginOk) -> None:
        self.is_logged_in = True
        self._is_compressed = echo.receive_type in (ReceiveType.ZSTD, ReceiveType.ZSTD_DICT)
        self._binary_codec = MSGPACK if echo.receive_type == ReceiveType.BINARY else JSON
        self._cursors.follow(echo.resume)
        self._epoch = self._cursors.epoch
        self.missing = (
            *_missing("channel", wire.CHANNELS, echo.channels),
            *_missing("sport", self.wanted.sports, echo.sport_ids),
            *_missing("tournament", self.wanted.tournaments, echo.tournament_ids),
            *_missing("bookmaker", self.wanted.bookmakers, echo.bookmakers),
        )


_TOO_MANY = "too_many_connections"


def _missing(kind: str, asked: tuple[object, ...], echoed: Sequence[object] | None) -> list[str]:
    """What was asked for and is not echoed. An echo of null is no filter at all."""
    return [] if echoed is None else [f"{kind} {each}" for each in asked if each not in echoed]


def _entry_ms(entry_id: str) -> int:
    """The time within an entry id; 0, which is always too old, for one in another form."""
    ms = entry_id.partition("-")[0]
    return int(ms) if ms.isdecimal() else 0
