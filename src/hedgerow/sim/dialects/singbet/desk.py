"""Quotes, bets and tickets.

Source: the Web API's document (GetPlacementInfo, PlaceBet, GetBetByReference, GetBets, GetRunningBets,
GetNonRunningBets, GetBetHistorySummary). Names of a ticket's members and words of its states are those that public
clients read; the broker writes them in varying case, and so does this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import msgspec

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import round_down
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import singbet_ids
from hedgerow.sim.bookmaker import ABOVE_MAXIMUM, BELOW_MINIMUM, PRICE, Bet, Bookmaker, Quote
from hedgerow.sim.dialects.singbet.wire import NOTHING, Call, Denial, Json, good
from hedgerow.sim.markets import Market
from hedgerow.sim.orders import CLOSED, FUNDS, SCRIPTED, Rejection, State
from hedgerow.sim.world import CANCELLED, FINISHED, Fixture, World

T = TypeVar("T", bound="Selection")

BOOKIE = "SIN"

_LIVE, _TODAY, _EARLY = range(3)
_TODAY_S = 86_400
_LONGEST_ID, _SHOWN, _SHOWN_OLD = 40, 150, 100
_LEAST, _MOST = Decimal(1), Decimal(100_000)
_CENT, _NO_STAKE = Decimal("0.01"), Decimal("1E+12")
_DECIMAL_ODDS = "00"
_SLIP = "singbet"

_MESSAGES = {
    CLOSED: "Odds closed",
    PRICE: "Odds changed",
    ABOVE_MAXIMUM: "Stake is above maximum",
    BELOW_MINIMUM: "Stake is below minimum",
    FUNDS: "Insufficient credit",
}
_WORDS = {
    SettlementStatus.WON: "Won",
    SettlementStatus.HALF_WON: "Won",
    SettlementStatus.LOST: "Lost",
    SettlementStatus.HALF_LOST: "Lost",
}
_BET_TYPES = {"OverOdds": "Over", "UnderOdds": "Under", "DrawOdds": "X"}
_SIDES = {"H": ("HDP Home", "HDP Away"), "X": ("1", "2")}


@dataclass(slots=True)
class Terms:
    """How the broker behaves beyond the world's faults. tickets: so many are made of one bet."""

    tickets: int = 1


class Selection(msgspec.Struct, frozen=True, rename="pascal"):
    """What is asked for or bet on."""

    game_id: int
    game_type: str
    is_full_time: int
    market_type_id: int
    odds_format: str
    odds_name: str
    sports_type: int


class QuoteBody(Selection, frozen=True, rename="pascal"):
    """`POST GetPlacementInfo`. timeout: seconds."""

    bookies: str
    timeout: int = 60


class BetBody(Selection, frozen=True, rename="pascal"):
    """`POST PlaceBet`."""

    bookie_odds: str
    amount: int | Decimal
    place_bet_id: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """What a ticket was bought on."""

    fixture: Fixture
    market: Market
    odds_name: str


class Desk:
    """One broker's answers to those who are logged in."""

    def __init__(self, world: World, book: Bookmaker, terms: Terms) -> None:
        self._world, self._book, self._terms = world, book, terms
        self._untold = 0

    # --- the offer -------------------------------------------------------------------------------------------

    def quote(self, call: Call) -> Json:
        """Raises Denial for a game that is not there or is over."""
        asked = _body(call, QuoteBody)
        if BOOKIE not in asked.bookies.split(","):
            raise Denial("Bookies is required")
        _, quote = self._offer(asked)
        row: Json = {"Bookie": BOOKIE, "Currency": self._book.currency, "OddPlacementId": f"{asked.game_id}"}
        if quote is None or not quote.is_open:
            row |= {"Odds": Decimal(0), "MinimumAmount": 0, "MaximumAmount": 0, "Rejected": True}
            return good({"OddsPlacementData": [{**row, "Message": "Odds closed"}]})
        least, most = (quote.limit_min or _LEAST), (_MOST if quote.limit is None else quote.limit)
        row |= {"Odds": quote.price, "MinimumAmount": least, "MaximumAmount": most, "Rejected": False, "Message": ""}
        return good({"OddsPlacementData": [row]})

    def _offer(self, asked: Selection) -> tuple[Slip, Quote | None]:
        """Raises Denial for what the broker has not got, or not in that list of matches."""
        if asked.odds_format != _DECIMAL_ODDS:
            raise Denial("OddsFormat is not supported")
        fixture, market = self._game(asked.game_id)
        place = singbet_ids.SPORTS[market.sport_id], singbet_ids.game_type(market), singbet_ids.half(market)
        if place != (asked.sports_type, asked.game_type, "FT" if asked.is_full_time else "HT"):
            raise Denial("Game not found")
        if fixture.status_id in (FINISHED, CANCELLED):
            raise Denial("Match is closed")
        if asked.market_type_id != self._market_type(fixture):
            raise Denial("Game not found in this market")
        outcome = next((o for o in market.outcomes if singbet_ids.odds_name(market, o) == asked.odds_name), None)
        if outcome is None:
            raise Denial("OddsName is not valid")
        return Slip(fixture, market, asked.odds_name), self._book.quote(OutcomeKey(fixture.fixture_id, outcome))

    def _game(self, game_id: int) -> tuple[Fixture, Market]:
        for fixture in self._world.fixtures.values():
            for market in self._world.catalogue.of_sport(fixture.sport_id):
                is_it = singbet_ids.game_id(fixture.fixture_id, market) == game_id
                if is_it and singbet_ids.game_type(market) is not None:
                    return fixture, market
        raise Denial("Game not found")

    def _market_type(self, fixture: Fixture) -> int:
        if fixture.live:
            return _LIVE
        return _TODAY if fixture.start_time * 1000 - self._world.clock.now_ms() < _TODAY_S * 1000 else _EARLY

    # --- placing ---------------------------------------------------------------------------------------------

    def place(self, call: Call) -> Json:
        """Raises Denial where no ticket was made. That a reference was used keeps no other bet from being made."""
        asked = _body(call, BetBody)
        bookie, _, odds = asked.bookie_odds.partition(":")
        stake = Decimal(asked.amount)
        if bookie != BOOKIE or len(asked.place_bet_id) > _LONGEST_ID or not 0 < stake < _NO_STAKE or stake % _CENT:
            raise Denial("The bet is not valid")
        slip, quote = self._offer(asked)
        if quote is None:
            raise Denial(_MESSAGES[CLOSED])
        self._untold += not asked.place_bet_id
        reference = asked.place_bet_id or f"{self._untold:08}"
        try:
            for amount in self._parts(stake, quote):
                self._book.forget(call.account, reference)
                self._book.place(
                    call.account,
                    quote.outcome,
                    amount,
                    reference=reference,
                    least_price=_decimal(odds),
                    extra={_SLIP: slip},
                )
        except Rejection as rejection:
            if not self._tickets(call.account, reference):
                raise Denial(str(rejection) if rejection.why == SCRIPTED else _MESSAGES[rejection.why]) from None
        told = {"BetPlacementReference": f"WA-{reference}", "Bookie": BOOKIE, "PlacedSuccessfully": True}
        result = {"BetPlacementReference": f"WA-{reference}", "PlacementData": [{**told, "Message": "Bet placed"}]}
        return good(result)

    def _parts(self, amount: Decimal, quote: Quote) -> list[Decimal]:
        """The stakes of the tickets; a stake that cannot be parted stays whole."""
        count = self._terms.tickets
        part = round_down(amount / count, self._book.currency)
        is_whole = (
            count == 1 or part < (quote.limit_min or _LEAST) or (quote.limit is not None and amount > quote.limit)
        )
        return [amount] if is_whole else [amount - part * (count - 1), *[part] * (count - 1)]

    # --- tickets ---------------------------------------------------------------------------------------------

    def by_reference(self, call: Call) -> Json:
        return self._listed(self._tickets(call.account, call.text("betReference").removeprefix("WA-")))

    def bets(self, call: Call) -> Json:
        return self._listed(self._tickets(call.account)[:_SHOWN])

    def running(self, call: Call) -> Json:
        return self._listed([bet for bet in self._tickets(call.account) if bet.state is State.ACCEPTED])

    def non_running(self, call: Call) -> Json:
        found = [bet for bet in self._tickets(call.account) if bet.state is not State.ACCEPTED]
        return self._listed(found[:_SHOWN_OLD])

    def history(self, call: Call) -> Json:
        """The tickets that were bought on a day."""
        rows = [self._row(bet) for bet in self._tickets(call.account) if _day(bet) == call.text("date")]
        return good({"BetSummaries": rows})

    def summary(self, call: Call) -> Json:
        open_bets = (bet for bet in self._tickets(call.account) if bet.state in (State.ACCEPTED, State.PENDING))
        return good(
            {
                "Credit": self._book.balances[call.account],
                "Outstanding": sum((bet.stake for bet in open_bets), Decimal(0)),
                "CreditCurrency": self._book.currency,
            }
        )

    def _tickets(self, account: str, reference: str | None = None) -> list[Bet]:
        """Latest first."""
        found = (bet for bet in reversed(self._book.bets.values()) if bet.account == account and _SLIP in bet.extra)
        return [bet for bet in found if reference in (None, bet.reference)]

    def _listed(self, bets: list[Bet]) -> Json:
        return good([self._row(bet) for bet in bets], "Data") if bets else {"Code": NOTHING, "Data": None}

    def _row(self, bet: Bet) -> Json:
        slip: Slip = bet.extra[_SLIP]
        kind = singbet_ids.game_type(slip.market) or ""
        bet_type = _BET_TYPES.get(slip.odds_name) or _SIDES[kind][slip.odds_name == "AwayOdds"]
        return {
            "ReferenceNumber": bet.id,
            "BetPlacementReference": f"WA-{bet.reference}",
            "BetPlacementMessage": bet.reason,
            "Bookie": BOOKIE,
            "HomeName": slip.fixture.participant1_name,
            "AwayName": slip.fixture.participant2_name,
            "GameType": kind,
            "BetType": bet_type,
            "HdpOrGoal": f"{slip.market.handicap:f}",
            "OddsType": _DECIMAL_ODDS,
            "Odds": bet.price,
            "Stake": bet.stake,
            "Currency": bet.currency,
            "Status": _cased(_status(bet), int(bet.id)),
            "Pnl": bet.payout - bet.stake if bet.state is State.SETTLED else Decimal(0),
            "TicketDate": bet.placed_ms,
        }


def _day(bet: Bet) -> str:
    return datetime_of_ms(bet.placed_ms).strftime("%m/%d/%Y")


def _status(bet: Bet) -> str:
    """A stake that comes back is a draw on a line, and void where there is none to hit."""
    match bet.state:
        case State.PENDING:
            return "Pending"
        case State.REJECTED:
            return "Rejected"
        case State.SETTLED:
            slip: Slip = bet.extra[_SLIP]
            returned = "Void" if singbet_ids.game_type(slip.market) == "X" else "Draw"
            return _WORDS.get(bet.settlement, returned)
        case _:
            return "Running"


def _cased(text: str, number: int) -> str:
    return (text, text.upper(), text.lower())[number % 3]


_decoder = msgspec.json.Decoder(float_hook=Decimal)


def _body(call: Call, kind: type[T]) -> T:
    """Raises Denial for a body that is not of the kind."""
    try:
        return msgspec.convert(_decoder.decode(call.body), kind, builtin_types=(Decimal,), strict=True)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Denial(f"The request is not valid: {error}") from None


def _decimal(text: str) -> Decimal:
    """Raises Denial."""
    try:
        odds = Decimal(text)
    except ArithmeticError:
        odds = Decimal(0)
    if not odds.is_finite() or odds <= 1:
        raise Denial("BookieOdds is not valid")
    return odds
