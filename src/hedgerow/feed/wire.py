"""What the feed sends, as it is written there: the structs of OddsPapi v5.

Not for how bytes become structs (`codec`), what the values mean (`quotes`) nor the conversation (`session`). Only
fields that somebody reads are listed; any of them but an id may be absent or null. Prices, limits and order books
stay the exact text of the message (`msgspec.Raw`), so that no float ever stands between the wire and `core.odds`.
Source: OddsPapi v5 API reference, WebSocket and REST pages.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import Raw, Struct

from hedgerow.core.ids import NO_PLAYER, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug

ABSENT = Raw()
"""The text of a field that is not there."""


# --- entities ----------------------------------------------------------------------------------------------------


class OddsRow(Struct, rename="camel", kw_only=True, gc=False):
    """One quote. Fields stand in the order of the wire, which is the fastest to decode."""

    outcome_id: OutcomeId
    player_id: PlayerId = NO_PLAYER
    price: Raw = ABSENT
    active: bool | None = None
    market_active: bool | None = None
    main_line: bool | None = None
    market_id: MarketId | None = None
    bookmaker_market_id: str | int | None = None
    bookmaker_outcome_id: str | int | None = None
    limit: Raw = ABSENT
    meta: Raw = ABSENT
    changed_at: int  # epoch ms of the last move, not a heartbeat


class RowHead(Struct, rename="camel", gc=False):
    """What merging needs of a quote; the rest is decoded when it is read."""

    changed_at: int


class BookmakerMeta(Struct, rename="camel", kw_only=True):
    """What the feed says of one bookmaker on one fixture."""

    bookmaker_fixture_id: str | int | None = None
    has_odds: bool | None = None
    stale_odds: bool | None = None
    suspended: bool | None = None
    participants_rotated: bool | None = None
    updated_at: str | None = None  # ISO 8601 with microseconds


class Status(Struct, rename="camel", kw_only=True):
    status_id: int | None = None
    live: bool | None = None
    status_name: str | None = None  # translated: never a key


class Sport(Struct, rename="camel", kw_only=True):
    sport_id: int | None = None
    slug: str | None = None
    sport_name: str | None = None


class Tournament(Struct, rename="camel", kw_only=True):
    tournament_id: int | None = None
    tournament_name: str | None = None
    category_name: str | None = None


class Season(Struct, rename="camel", kw_only=True):
    season_id: int | None = None
    season_name: str | None = None
    season_round: Any = None


class Participants(Struct, rename="camel", kw_only=True):
    """Participant 1 is the home side or merely the first listed: never assume home."""

    participant1_id: int | None = None
    participant1_name: str | None = None
    participant1_short_name: str | None = None
    participant1_abbr: str | None = None
    participant2_id: int | None = None
    participant2_name: str | None = None
    participant2_short_name: str | None = None
    participant2_abbr: str | None = None


class Score(Struct, rename="camel", kw_only=True):
    """Of one period; the feed's period names are labels, never keys of logic."""

    period: str | None = None
    participant1_score: int | None = None
    participant2_score: int | None = None
    updated_at: str | None = None


class GameClock(Struct, rename="camel", kw_only=True):
    current_period: str | None = None
    current_time: str | int | None = None
    remaining_time: str | int | None = None
    remaining_time_in_period: str | int | None = None
    stopped: bool | None = None


class Fixture(Struct, rename="camel", kw_only=True):
    """A match. Every part but the id may be missing."""

    fixture_id: FixtureId
    status: Status | None = None
    sport: Sport | None = None
    tournament: Tournament | None = None
    season: Season | None = None
    start_time: int | None = None  # epoch seconds
    true_start_time: str | None = None
    true_end_time: str | None = None
    participants: Participants | None = None
    scores: dict[str, Score | None] | None = None
    clock: GameClock | None = None
    external_providers: dict[str, Any] | None = None


class Currency(Struct, rename="camel", kw_only=True):
    currency: str
    currency_value: Decimal | None = None  # units per 1 USD
    updated_at: str | None = None


class FixtureOdds(Fixture, kw_only=True):
    """An answer of the odds endpoints: a fixture with its bookmakers; their quotes are decoded book by book."""

    bookmakers: dict[VenueSlug, BookmakerMeta | None] | None = None
    odds: dict[VenueSlug, Raw] | None = None


class SettlementRow(Struct, rename="camel", kw_only=True):
    """The feed's grade of one outcome."""

    market_id: MarketId | None = None
    outcome_id: OutcomeId
    player_id: PlayerId = NO_PLAYER
    status: str
    reason: str | None = None
    periods: list[str] | None = None
    team1_score: Decimal | None = None
    team2_score: Decimal | None = None


class FixtureSettlement(Fixture, kw_only=True):
    settlements: list[SettlementRow] | None = None


class Outcome(Struct, rename="camel", kw_only=True):
    outcome_id: OutcomeId
    outcome_name: str | None = None


class Market(Struct, rename="camel", kw_only=True):
    """A (type, period, line) of a sport; its outcomes are the complete space of results."""

    market_id: MarketId
    sport_id: int
    market_type: str = ""
    period: str | None = None
    handicap: Decimal | None = None
    player_prop: bool | None = None
    market_name: str | None = None
    market_name_short: str | None = None
    outcomes: list[Outcome] = []


class Bookmaker(Struct, rename="camel", kw_only=True):
    """What the key may see of a bookmaker."""

    slug: VenueSlug
    bookmaker_name: str | None = None
    active: bool | None = None
    limit_currency: str | None = None
    stale_threshold_sec: int | None = None
    last_odds_at: str | int | None = None
    stale_odds_since: str | int | None = None


# --- data frames -------------------------------------------------------------------------------------------------


class OddsHeads(Struct, rename="camel", gc=False):
    fixture_id: FixtureId
    odds: dict[VenueSlug, dict[str, RowHead]]  # by bookmaker, by odds id


class OddsRows(Struct, rename="camel", gc=False):
    fixture_id: FixtureId
    odds: dict[VenueSlug, dict[str, OddsRow]]


class OddsRaws(Struct, rename="camel", gc=False):
    fixture_id: FixtureId
    odds: dict[VenueSlug, dict[str, Raw]]


class BookmakersPayload(Struct, rename="camel"):
    fixture_id: FixtureId
    bookmakers: dict[VenueSlug, BookmakerMeta | None]


class ScoresPayload(Struct, rename="camel"):
    fixture_id: FixtureId
    scores: dict[str, Score | None]


class ClocksPayload(Struct, rename="camel"):
    fixture_id: FixtureId
    clock: GameClock


class _Frame(Struct, rename="camel", tag_field="channel"):
    pass


class OddsFrame(_Frame, tag="odds", gc=False):
    payload: OddsHeads


class OddsRowsFrame(Struct, gc=False):
    """The same frame with its quotes whole."""

    payload: OddsRows


class OddsRawsFrame(Struct, gc=False):
    """The same frame with its quotes unread."""

    payload: OddsRaws


class BookmakersFrame(_Frame, tag="bookmakers"):
    payload: BookmakersPayload
    entry_id: str | None = None


class FixturesFrame(_Frame, tag="fixtures"):
    payload: Fixture
    entry_id: str | None = None


class ScoresFrame(_Frame, tag="scores"):
    payload: ScoresPayload
    entry_id: str | None = None


class ClocksFrame(_Frame, tag="clocks"):
    payload: ClocksPayload
    entry_id: str | None = None


class CurrenciesFrame(_Frame, tag="currencies"):
    payload: dict[str, Currency | None]
    entry_id: str | None = None


DataFrame = OddsFrame | BookmakersFrame | FixturesFrame | ScoresFrame | ClocksFrame | CurrenciesFrame

CHANNELS = ("fixtures", "bookmakers", "odds", "scores", "clocks", "currencies")
"""The channels that are asked for. `currencies` ignores every filter and so is the heartbeat of a quiet selection."""


# --- control frames ----------------------------------------------------------------------------------------------


class _Control(Struct, rename="camel", tag_field="type"):
    pass


class Resume(Struct, rename="camel", kw_only=True):
    enabled: bool = False
    server_epoch: str | None = None
    resume_window_ms: int = 0
    replay_channels: list[str] = []


class LoginOk(_Control, tag="login_ok", kw_only=True):
    """The echo of what the server will send, which may be less than what was asked."""

    region: str | None = None
    conn_id: str | None = None
    receive_type: str | None = None
    channels: list[str] | None = None
    sport_ids: list[int] | None = None
    tournament_ids: list[int] | None = None
    bookmakers: list[str] | None = None
    resume: Resume | None = None


class FeedError(_Control, tag="error", kw_only=True):
    error: str | None = None
    message: str | None = None


class SnapshotRequired(_Control, tag="snapshot_required", kw_only=True):
    reason: str | None = None
    channels: list[str] = []
    server_epoch: str | None = None


class ResumeComplete(_Control, tag="resume_complete", kw_only=True):
    server_epoch: str | None = None


class ReconnectAsked(_Control, tag="reconnect", kw_only=True):
    reason: str | None = None


class Dictionary(_Control, tag="dict", kw_only=True):
    """A zstd dictionary; frames name it by the id in their own header."""

    channel: str | None = None
    dict_id: int
    data: str  # base64


Control = LoginOk | FeedError | SnapshotRequired | ResumeComplete | ReconnectAsked | Dictionary


class Envelope(Struct, rename="camel"):
    """The outside of any frame. Data frames have a channel and a payload, control frames have no payload."""

    channel: str | None = None
    type: str | None = None
    payload: Raw = ABSENT
