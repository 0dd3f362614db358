"""A client's session, without its socket: what its login asks for, what it may have, and what it missed.

Source: the feed sheet, sections 5.1, 5.3 and 5.5. There is no subscribe and no snapshot: a login fixes everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hedgerow.sim.dialects.oddspapi import facts
from hedgerow.sim.dialects.oddspapi.access import CHANNELS, AccessKey, KeyRing
from hedgerow.sim.dialects.oddspapi.codec import JSON, RECEIVE_TYPES

BAD_LOGIN, KEY_REVOKED, TOO_SLOW, TOO_MANY = 4000, 4001, 4002, 4003
"""Close codes."""

NOT_A_LOGIN, LOGIN_FAILED, TOO_MANY_CONNECTIONS = (
    "first message must be login",
    "login_failed",
    "too_many_connections",
)
RESTARTED, WINDOW_EXCEEDED, BACKPRESSURE = "server_restarted", "resume_window_exceeded", "client_backpressure"
"""Reasons of `snapshot_required`."""

REPLAYED = ("fixtures", "scores")
"""Channels that can be replayed; odds need a snapshot after every reconnect."""

RESUME_WINDOW_MS = 60_000
GATED_BY_BOOKMAKER = frozenset({"odds", "bookmakers", "oddsFutures", "bookmakersFutures"})
UNFILTERED = frozenset({"currencies"})
REGION = "oddspapi-us1"


class Login(msgspec.Struct, rename="camel"):
    """The client's first frame. Fields that are unknown or were removed are ignored."""

    type: str
    api_key: str = ""
    client_name: str | None = None
    lang: str = facts.DEFAULT_LANGUAGE
    receive_type: str = JSON
    channels: list[str] | None = None
    sport_ids: list[int] | None = None
    tournament_ids: list[int] | None = None
    fixture_ids: list[str] | None = None
    future_ids: list[str] | None = None
    bookmakers: list[str] | None = None
    server_epoch: str | None = None
    last_seen_id: dict[str, str] | None = None


class Refused(Exception):  # noqa: N818
    """The login is answered with an error frame and a close."""

    def __init__(self, error: str, message: str, code: int = BAD_LOGIN) -> None:
        super().__init__(message)
        self.frame = {"type": "error", "error": error, "message": message}
        self.code = code


class _Kind(msgspec.Struct):
    type: str


def read_login(frame: str | bytes) -> Login:
    """The login in a client's first frame. Raises Refused for anything else."""
    try:
        kind = msgspec.json.decode(frame, type=_Kind).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = ""
    if kind != "login":
        raise Refused(NOT_A_LOGIN, NOT_A_LOGIN)
    try:
        return msgspec.json.decode(frame, type=Login)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(LOGIN_FAILED, str(error)) from None


@dataclass(frozen=True, slots=True)
class About:
    """What a data frame is about, for the filters; live: whether its fixture is in play."""

    fixture_id: str
    sport_id: int
    tournament_id: int
    live: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """What a session gets; None lets everything through."""

    channels: frozenset[str]
    sports: frozenset[int] | None = None
    tournaments: frozenset[int] | None = None
    fixtures: frozenset[str] | None = None
    bookmakers: frozenset[str] | None = None
    live: bool = True
    pregame: bool = True

    def admits(self, channel: str, about: About | None) -> bool:
        """Whether a frame may pass, its bookmakers apart. about: None for a frame that is about no fixture."""
        if channel not in self.channels:
            return False
        if about is None or channel in UNFILTERED:
            return True
        return (
            (self.sports is None or about.sport_id in self.sports)
            and (self.tournaments is None or about.tournament_id in self.tournaments)
            and (self.fixtures is None or about.fixture_id in self.fixtures)
            and (self.live if about.live else self.pregame)
        )

    def slugs(self, channel: str, present: Collection[str]) -> tuple[str, ...]:
        """Of the bookmakers in a frame of a channel that they gate, those that may pass."""
        if channel not in GATED_BY_BOOKMAKER or self.bookmakers is None:
            return tuple(present)
        return tuple(slug for slug in present if slug in self.bookmakers)


@dataclass(frozen=True, slots=True)
class Session:
    """An accepted login."""

    login: Login
    key: AccessKey
    filter: Filter
    lang: str
    receive_type: str
    echo: dict[str, Any]
    """What `login_ok` says of the subscription."""


def accept(
    login: Login, keys: KeyRing, *, sports: Collection[int], books: Collection[str], json_only: bool
) -> Session:
    """What the login gets. sports, books: all that the feed knows now, for the echo of a login that does not choose.
    Raises Refused."""
    key = keys.find(login.api_key)
    if key is None:
        raise Refused(LOGIN_FAILED, "missing apiKey" if not login.api_key else "invalid apiKey")
    allowed = CHANNELS if key.channels is None else [name for name in CHANNELS if name in key.channels]
    channels = [name for name in allowed if not login.channels or name in login.channels]
    if not channels:
        raise Refused(LOGIN_FAILED, "no channels allowed")
    sport_ids = _chosen(login.sport_ids, key.sports, sports, unknown_too=False)
    slugs = _chosen(login.bookmakers, key.bookmakers, books, unknown_too=True)
    if login.bookmakers and not slugs:
        raise Refused(LOGIN_FAILED, "bookmakers not allowed")
    receive_type = JSON if json_only or login.receive_type not in RECEIVE_TYPES else login.receive_type
    lang = login.lang if login.lang in facts.STATUS_NAMES else facts.DEFAULT_LANGUAGE
    given = Filter(
        frozenset(channels),
        None if not login.sport_ids and key.sports is None else frozenset(sport_ids),
        frozenset(login.tournament_ids) if login.tournament_ids else None,
        frozenset(login.fixture_ids) if login.fixture_ids else None,
        None if not login.bookmakers and key.bookmakers is None else frozenset(slugs),
        key.live,
        key.pregame,
    )
    echo = {
        "userId": key.user_id,
        "clientName": login.client_name or key.user_id,
        "lang": lang,
        "receiveType": receive_type,
        "channels": channels,
        "sportIds": sport_ids,
        "tournamentIds": login.tournament_ids or None,
        "bookmakers": slugs,
        "fixtureIds": login.fixture_ids or None,
        "futureIds": login.future_ids or None,
        "access": {"live": key.live, "pregame": key.pregame},
    }
    return Session(login, key, given, lang, receive_type, echo)


def _chosen(
    asked: list[Any] | None, allowed: frozenset[Any] | None, known: Collection[Any], *, unknown_too: bool
) -> list[Any]:
    """What of the wanted is given, in order: without a choice all that is allowed; what is not allowed or (unless
    unknown_too) not known is left out without a word."""
    everything = set(known) if allowed is None else set(allowed)
    if not asked:
        return sorted(everything)
    return sorted(item for item in set(asked) if item in everything or (unknown_too and allowed is None))


@dataclass(frozen=True, slots=True)
class Missed:
    """What a resuming client must fetch anew, and from where each other channel is replayed."""

    reason: str | None
    snapshots: tuple[str, ...]
    replays: Mapping[str, tuple[int, int]]
    """By channel: time and number of the last entry that the client saw."""


def resume(session: Session, epoch: str, last_ms: Mapping[str, tuple[int, int] | None], now_ms: int) -> Missed | None:
    """What a login with `serverEpoch` and `lastSeenId` missed; None when it does not resume (it needs both).

    epoch: the present one. last_ms: of each channel that can be replayed, the last entry. A cursor is too old by its
    own age, however short the client was away.
    """
    login = session.login
    if not login.server_epoch or not login.last_seen_id:
        return None
    wanted = [name for name in session.echo["channels"] if name in login.last_seen_id]
    if login.server_epoch != epoch:
        return Missed(RESTARTED, tuple(wanted), {})
    replays = {}
    for channel in wanted:
        cursor, last = read_entry_id(login.last_seen_id[channel]), last_ms.get(channel)
        if cursor is not None and last is not None and now_ms - cursor[0] <= RESUME_WINDOW_MS and cursor <= last:
            replays[channel] = cursor
    lost = tuple(channel for channel in wanted if channel not in replays)
    return Missed(WINDOW_EXCEEDED if lost else None, lost, replays)


def read_entry_id(text: str) -> tuple[int, int] | None:
    """`<ms>-<number>` as a pair; None for another form."""
    ms, _, number = text.partition("-")
    if not (ms.isdecimal() and number.isdecimal() and ms.isascii() and number.isascii()):
        return None
    return int(ms), int(number)
