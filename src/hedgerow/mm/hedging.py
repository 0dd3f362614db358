"""Which bets take back the risk of the fills. Pure; sending them is `mm.hedger`'s.

Equal payout: a market that needs payout N on outcome i is hedged by a stake of N / oᵢ on it. Stakes are rounded to the
nearest unit of the account's currency; what that misses is rounding, not risk. A need whose stake is below the
bookmaker's minimum is raised to it where that risks less than the need does: what is raised can lose no more than the
minimum. Else it is dust, and carried until it nets with the next fill. Dust that stays is swept by backing every
outcome with equal payouts plus the need, which costs the bookmaker's margin on the minimum stake, a few cents, and
leaves nothing open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

import msgspec

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.money import MICRO, Micros, decimal_of, minor_unit, round_nearest, round_up
from hedgerow.core.odds import OddsMicros
from hedgerow.execution.commission import net_odds
from hedgerow.mm.sizing import HedgeLeg


class Waits(StrEnum):
    """Why a need is not hedged now."""

    NO_PRICE = "no tradeable price"
    DRIFT = "the odds fell by more than maxHedgeDrift"
    DUST = "below the bookmaker's minimum stake"
    LIMIT = "above what the bookmaker takes now"
    CASH = "the hedge account's balance"
    REFUSED = "the bookmaker has just not taken it"


class Offer(HedgeLeg, frozen=True, gc=False):
    """What the bookmaker offers on one outcome now. `changed_ms`: when it last moved. `gross`: the bookmaker's own odds
    where a commission is taken off `odds`, 0: they are the same."""

    market_ref: str
    outcome_ref: str
    changed_ms: int = 0
    gross: int = 0

    @property
    def asked(self) -> OddsMicros:
        """The odds that a bet names."""
        return OddsMicros(self.gross or self.odds)


Offers = Mapping[OutcomeId, Offer]
Books = Mapping[VenueSlug, Offers]
"""What each of a client's bookmakers offers on a market, in the bookmaker's own odds."""


def less_commission(offers: Offers, rate: int) -> Offers:
    """What is left of offers when the bookmaker keeps that part of net winnings. rate: micros, less than 1,000,000."""
    if not rate:
        return offers
    return {
        outcome_id: msgspec.structs.replace(offer, odds=net_odds(offer.odds, rate), gross=offer.odds)
        for outcome_id, offer in offers.items()
    }


class Rules(msgspec.Struct, frozen=True, gc=False):
    """What bounds hedge bets. `per_usd`: units of the account's currency per USD; `cash`: its free money, micros of
    USD; `max_drift`: the share of the planned odds that may be lost."""

    minimum_stake: Decimal
    currency: str
    per_usd: Decimal
    max_drift: Decimal
    cash: int


class PlannedBet(msgspec.Struct, frozen=True, gc=False):
    """A bet to send. `needs`: the payout it is to cover, micros of USD."""

    outcome_id: OutcomeId
    offer: Offer
    stake: Decimal
    needs: Micros
    planned_odds: OddsMicros


@dataclass(slots=True)
class HedgePlan:
    """The bets of one account, why the rest waits, and the payout that it leaves to others."""

    bets: list[PlannedBet] = field(default_factory=list)
    waits: dict[OutcomeId, Waits] = field(default_factory=dict)
    left: dict[OutcomeId, Micros] = field(default_factory=dict)

    def wait(self, outcome_id: OutcomeId, why: Waits, left: int) -> None:
        self.waits[outcome_id] = why
        if left > 0:
            self.left[outcome_id] = Micros(left)


def plan_hedges(
    needs: Mapping[OutcomeId, Micros],
    offers: Offers,
    planned: Mapping[OutcomeId, OddsMicros],
    rules: Rules,
) -> HedgePlan:
    """The bets that cover the needs now, and why the others wait.

    needs: payout by outcome, micros of USD; offers: what can be backed now, commission taken off; planned: the odds
    that the filled quotes were priced from, likewise.
    """
    plan = HedgePlan()
    cash = rules.cash
    for outcome_id, need in needs.items():
        offer = offers.get(outcome_id)
        if offer is None:
            plan.wait(outcome_id, Waits.NO_PRICE, need)
            continue
        target = planned.get(outcome_id, offer.odds)
        if offer.odds < target * (1 - rules.max_drift):
            plan.wait(outcome_id, Waits.DRIFT, need)
            continue
        most = min(offer.limit, cash)
        stake, why = _stake(need, offer, most, rules)
        if stake is None:
            plan.wait(outcome_id, Waits.CASH if why is Waits.LIMIT and cash < offer.limit else why, need)
            continue
        covers = min(need, _usd(stake, rules) * offer.odds // MICRO) if why is Waits.LIMIT else need
        plan.bets.append(PlannedBet(outcome_id, offer, stake, Micros(covers), target))
        cash -= _usd(stake, rules)
        if why is Waits.LIMIT:
            plan.wait(outcome_id, Waits.LIMIT, need - covers)
    return plan


def plan_sweep(needs: Mapping[OutcomeId, Micros], offers: Offers, rules: Rules) -> list[PlannedBet] | None:
    """Bets on every outcome of the market that together close dust; None where one of them cannot be placed.

    offers: of all outcomes. All pay the same base amount, those in need the base and the need.
    """
    minimum = int(rules.minimum_stake / rules.per_usd * MICRO)
    base = max((minimum * offer.odds // MICRO + 1 - needs.get(i, 0) for i, offer in offers.items()), default=0)
    bets = []
    cash = rules.cash
    for outcome_id, offer in offers.items():
        pays = Micros(base + needs.get(outcome_id, 0))
        stake = max(_to_stake(pays, offer.odds, rules), rules.minimum_stake)
        cash -= _usd(stake, rules)
        if _usd(stake, rules) > offer.limit or cash < 0:
            return None
        bets.append(PlannedBet(outcome_id, offer, stake, pays, offer.odds))
    return bets


def _stake(need: int, offer: Offer, most: int, rules: Rules) -> tuple[Decimal | None, Waits]:
    """The stake for a need; LIMIT beside a stake: it is cut. Without a stake: why."""
    stake = _to_stake(need, offer.odds, rules)
    if _usd(stake, rules) > most:
        cut = decimal_of(most) * rules.per_usd // minor_unit(rules.currency) * minor_unit(rules.currency)
        return (cut, Waits.LIMIT) if cut >= rules.minimum_stake else (None, Waits.LIMIT)
    if stake >= rules.minimum_stake:
        return stake, Waits.DUST
    if stake * 2 >= rules.minimum_stake or decimal_of(need) * rules.per_usd >= rules.minimum_stake:
        least = round_up(rules.minimum_stake, rules.currency)
        return (least, Waits.DUST) if _usd(least, rules) <= most else (None, Waits.LIMIT)
    return None, Waits.DUST


def _to_stake(pays: int, odds: int, rules: Rules) -> Decimal:
    return round_nearest(Decimal(pays) / Decimal(odds) * rules.per_usd, rules.currency)


def _usd(stake: Decimal, rules: Rules) -> int:
    return int(stake / rules.per_usd * MICRO)
