"""Reading bets: by request ids, by bet ids, by list and time.

Source: Pinnacle's Bets OpenAPI file (v4) and FAQ. Rows name their request id only where they were asked for by it
(FAQ: an answer out of the same half-hour memory; the schema of a bet has no such field). The running list shows no bet
that waits or was not accepted; such a bet can only be asked for by its request id, and answers little.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hedgerow.core.states import SettlementStatus
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Bet, Bookmaker
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.pinnacle.formats import odds_in, win_of
from hedgerow.sim.dialects.pinnacle.lines import MONEYLINE, home_is_team1
from hedgerow.sim.dialects.pinnacle.memory import Memory
from hedgerow.sim.dialects.pinnacle.offer import score_of
from hedgerow.sim.dialects.pinnacle.placing import META, Slip, slip_of
from hedgerow.sim.dialects.pinnacle.times import time_of, time_text
from hedgerow.sim.dialects.pinnacle.wire import Call, invalid
from hedgerow.sim.orders import State

Json = dict[str, Any]

_LISTS = ("SETTLED", "RUNNING", "ALL")
_MOST_BET_IDS, _MOST_REQUEST_IDS, _LARGEST_PAGE = 100, 10, 1000
_DAYS_BACK_MS = 30 * 86_400_000
_CANCELLED_BECAUSE = {"code": "FBS_CW_65"}

_SETTLED_AS = {
    SettlementStatus.WON: "WON",
    SettlementStatus.LOST: "LOST",
    SettlementStatus.HALF_WON: "HALF_WON_HALF_PUSHED",
    SettlementStatus.HALF_LOST: "HALF_LOST_HALF_PUSHED",
}
# The filter's words of statuses that rows spell differently.
_FILTER_WORDS = {"LOSE": "LOST"}


class Reading:
    """Answers of `GET /v4/bets`."""

    def __init__(self, book: Bookmaker, memory: Memory, clock: WorldClock) -> None:
        self._book, self._memory, self._clock = book, memory, clock
        self._sequences: dict[str, int] = {}
        self._last_sequence = 100_000_000
        book.on_bet(self._note)

    def clear(self) -> None:
        self._sequences.clear()

    def bets(self, call: Call) -> Json:
        """Request ids come before bet ids, and those before lists. Raises Denial (400)."""
        if call.text("uniqueRequestIds"):
            return self._by_request_ids(call)
        if call.text("betIds"):
            return self._by_bet_ids(call)
        return self._by_list(call)

    def _note(self, bet: Bet) -> None:
        """Every change of a bet has a higher sequence number."""
        self._last_sequence += 1
        self._sequences[bet.id] = self._last_sequence

    def _by_request_ids(self, call: Call) -> Json:
        wanted = call.texts("uniqueRequestIds")
        if len(wanted) > _MOST_REQUEST_IDS:
            raise invalid(f"at most {_MOST_REQUEST_IDS} uniqueRequestIds")
        found = (self._memory.bet(call.account, request_id) for request_id in wanted)
        rows = [
            {"uniqueRequestId": slip_of(bet).request_id, **(self._waiting_row(bet) or self.row(bet))}
            for bet in found
            if bet is not None
        ]
        return {"straightBets": rows}

    def _by_bet_ids(self, call: Call) -> Json:
        wanted = {str(number) for number in call.numbers("betIds")}
        if len(wanted) > _MOST_BET_IDS:
            raise invalid(f"at most {_MOST_BET_IDS} betIds")
        oldest_ms = self._clock.now_ms() - _DAYS_BACK_MS
        chosen = [
            bet for bet in self._own(call) if bet.id in wanted and not (_is_settled(bet) and bet.settled_ms < oldest_ms)
        ]
        return {"straightBets": [self.row(bet) for bet in chosen]}

    def _by_list(self, call: Call) -> Json:
        kind = call.text("betlist").upper()
        if kind not in _LISTS:
            raise invalid("one of betlist, betIds and uniqueRequestIds is required")
        begins_ms, ends_ms = self._range(call)
        at_ms: Callable[[Bet], int] = (lambda bet: bet.settled_ms) if kind == "SETTLED" else (lambda bet: bet.placed_ms)
        chosen = [
            bet
            for bet in self._own(call)
            if kind in ("ALL", "SETTLED" if _is_settled(bet) else "RUNNING") and begins_ms <= at_ms(bet) < ends_ms
        ]
        statuses = {_FILTER_WORDS.get(word.upper(), word.upper()) for word in call.texts("betStatuses")}
        types = {word.upper() for word in call.texts("betType")}
        rows = [
            row
            for bet in sorted(chosen, key=at_ms, reverse=call.text("sortDir").upper() == "DESC")
            for row in [self.row(bet)]
            if (not statuses or row["betStatus"] in statuses) and (not types or row["betType"] in types)
        ]
        return _page(call, rows)

    def _range(self, call: Call) -> tuple[int, int]:
        """The first and the exclusive last millisecond."""
        if not call.text("fromDate") or not call.text("toDate"):
            raise invalid("fromDate and toDate are required")
        begins, ends = time_of(call.text("fromDate"), "fromDate"), time_of(call.text("toDate"), "toDate")
        if begins >= ends:
            raise invalid("toDate must be after fromDate")
        if begins < self._clock.now_ms() - _DAYS_BACK_MS - 86_400_000:
            raise invalid("fromDate can be up to 30 days in the past")
        return begins, ends

    def _own(self, call: Call) -> list[Bet]:
        """The account's bets that were accepted."""
        return [
            bet
            for bet in self._book.bets.values()
            if bet.account == call.account and META in bet.extra and bet.state in (State.ACCEPTED, State.SETTLED)
        ]

    # --- rows ------------------------------------------------------------------------------------------------

    def _waiting_row(self, bet: Bet) -> Json | None:
        """A bet that waits or was not accepted has no id yet; None for any other."""
        status = {State.PENDING: "PENDING_ACCEPTANCE", State.REJECTED: "NOT_ACCEPTED"}.get(bet.state)
        return None if status is None else {"betStatus": status}

    def row(self, bet: Bet) -> Json:
        """A StraightBetV4: by itself it does not say its request id."""
        slip = slip_of(bet)
        sport_id = pinnacle_ids.sport_id(slip.fixture.sport_id)
        row: Json = {
            "betId": int(bet.id),
            "wagerNumber": 1,
            "placedAt": time_text(bet.placed_ms),
            "betStatus": status_of(bet),
            "betType": slip.line.bet_type,
            "win": win_of(bet.stake, bet.price, bet.currency),
            "risk": bet.stake,
            "winLoss": bet.payout - bet.stake if _is_settled(bet) else None,
            "oddsFormat": slip.odds_format,
            "customerCommission": Decimal(0),
            "updateSequence": self._sequences.get(bet.id, 0),
            "sportId": sport_id,
            "leagueId": pinnacle_ids.league_id(slip.fixture.tournament_id),
            "eventId": pinnacle_ids.event_id(slip.fixture.fixture_id),
            "price": odds_in(slip.odds_format, bet.price),
            **_selection(slip, home_first=home_is_team1(sport_id)),
            "periodNumber": slip.line.period,
            "isLive": slip.was_live,
            "eventStartTime": time_text(slip.fixture.start_time * 1000),
        }
        if row["betStatus"] == "CANCELLED":
            row["cancellationReason"] = _CANCELLED_BECAUSE
        return row


def status_of(bet: Bet) -> str:
    """A void line bet is a push; a void moneyline has no such thing and is cancelled."""
    if not _is_settled(bet):
        return "ACCEPTED"
    is_push = slip_of(bet).line.bet_type != MONEYLINE
    return _SETTLED_AS.get(bet.settlement, "PUSHED" if is_push else "CANCELLED")


def _selection(slip: Slip, *, home_first: bool) -> Json:
    """Names, the chosen team or side, and the line as the chosen team has it."""
    home, away = slip.fixture.participant1_name, slip.fixture.participant2_name
    handicap = slip.line.market.handicap
    selection: Json = {"team1": home if home_first else away, "team2": away if home_first else home}
    if slip.side in ("over", "under"):
        return selection | {"side": slip.side.upper(), "handicap": handicap}
    chosen = {"home": home, "away": away}.get(slip.side, "Draw")
    if slip.line.bet_type == MONEYLINE:
        return selection | {"teamName": chosen, "handicap": None}
    goals = score_of(slip.fixture) if slip.was_live else (None, None)
    own = handicap if slip.side == "home" else -handicap
    return selection | {"teamName": chosen, "handicap": own, "team1Score": goals[0], "team2Score": goals[1]}


def _is_settled(bet: Bet) -> bool:
    return bet.state is State.SETTLED


def _page(call: Call, rows: list[Json]) -> Json:
    size = call.number("pageSize") or _LARGEST_PAGE
    if size > _LARGEST_PAGE:
        raise invalid(f"pageSize is at most {_LARGEST_PAGE}")
    begins = call.number("fromRecord") or 0
    shown = rows[begins : begins + size]
    return {
        "moreAvailable": begins + size < len(rows),
        "pageSize": size,
        "fromRecord": begins,
        "toRecord": begins + max(len(shown) - 1, 0),
        "straightBets": shown,
    }
