"""Pinnacle's messages, in Pinnacle's words. Numbers with decimals are Decimal, never float.

Only the members that are read. Sources: betsapi.v4, b2b betsapi (2.2.7), linesapi and customerapi OpenAPI files (August
2026). Members that these call required are optional here where a documented example leaves them out.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class _Message(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What comes from the venue."""


# --- requests ----------------------------------------------------------------------------------------------------


class PlaceStraight(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """`POST /v4/bets/straight`. The stake has exactly two decimals."""

    odds_format: str
    unique_request_id: str
    accept_better_line: bool
    stake: Decimal
    win_risk_stake: str
    line_id: int
    fill_type: str
    sport_id: int
    event_id: int
    period_number: int
    bet_type: str
    alt_line_id: int | None = None
    team: str | None = None
    side: str | None = None


class Extension(msgspec.Struct, frozen=True, rename="camel"):
    """PlaceBetExtension: over which of the partner's channels a bet came."""

    app_id: str


class PartnerStraight(PlaceStraight, frozen=True, kw_only=True):
    """StraightBetRequest of a partner. external_ref, source_id: the bet and the bettor in the partner's system."""

    external_ref: str
    source_id: str
    ext: Extension


class PlacePartnerStraights(msgspec.Struct, frozen=True):
    """`POST /b2b/v2/bets/straight`: MultiBetStraightRequest."""

    bets: tuple[PartnerStraight, ...]


encode = msgspec.json.Encoder(decimal_format="number").encode
"""The bytes of a request; a Decimal is a number with the digits it has."""


# --- answers -----------------------------------------------------------------------------------------------------


class PlaceAnswer(_Message, frozen=True):
    """PlaceStraightBetResponse; a partner's StraightBetResponse has the whole bet in the place of its price."""

    status: str
    error_code: str | None = None
    unique_request_id: str | None = None
    bet_id: int | None = None
    win: Decimal | None = None
    risk: Decimal | None = None
    price: Decimal | None = None
    better_line_was_accepted: bool | None = None
    straight_bet: StraightBet | None = None


class PartnerAnswers(_Message, frozen=True):
    """MultiBetStraightResponse."""

    bets: list[PlaceAnswer]


class CancellationReason(_Message, frozen=True):
    code: str


class StraightBet(_Message, frozen=True):
    """StraightBetV4; of a bet that is pending or was not accepted only its status and request id are told. A partner's
    has bet_status2 too, which tells half results apart."""

    bet_status: str
    bet_status2: str | None = None
    bet_id: int | None = None
    unique_request_id: str | None = None
    placed_at: str | None = None
    bet_type: str | None = None
    win: Decimal | None = None
    risk: Decimal | None = None
    win_loss: Decimal | None = None
    odds_format: str | None = None
    customer_commission: Decimal | None = None
    cancellation_reason: CancellationReason | None = None
    update_sequence: int | None = None
    event_id: int | None = None
    period_number: int | None = None
    handicap: Decimal | None = None
    price: Decimal | None = None
    team_name: str | None = None
    team1: str | None = None
    team2: str | None = None
    side: str | None = None


class BetsPage(_Message, frozen=True):
    """GetBetsByTypeResponseV4. Rows are read one by one, so that a strange one hides no other."""

    more_available: bool = False
    to_record: int | None = None
    straight_bets: list[msgspec.Raw] | None = None


class BalanceAnswer(_Message, frozen=True):
    """ClientBalanceResponse."""

    available_balance: Decimal
    outstanding_transactions: Decimal
    currency: str


class BettingStatus(_Message, frozen=True):
    status: str


class LineAnswer(_Message, frozen=True):
    """LineResponse; with status NOT_EXISTS it has nothing else."""

    status: str
    price: Decimal | None = None
    line_id: int | None = None
    alt_line_id: int | None = None
    max_risk_stake: Decimal | None = None
    min_risk_stake: Decimal | None = None


class League(_Message, frozen=True):
    id: int
    home_team_type: str | None = None


class LeaguesAnswer(_Message, frozen=True):
    leagues: list[League] | None = None


class ErrorBody(_Message, frozen=True):
    """ErrorResponse, and ErrorResponseWithErrorRef."""

    code: str | None = None
    message: str | None = None
