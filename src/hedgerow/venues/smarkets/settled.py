"""How markets ended: contracts by the venue's word, commission by the ledger.

The commission is a share of what the account won in a market altogether. The ledger tells it by market; it is spread
over the orders that won, in the order in which they were placed, each to the micro.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.money import decimal_of, micros_floor, spread
from hedgerow.core.states import FillState, SettlementStatus, Side
from hedgerow.venues.base import Instrument, Resolution
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.ladder import GRID
from hedgerow.venues.smarkets.ledger import Story, by_order, place_of, story_of
from hedgerow.venues.smarkets.parse import RESULTS, amount, time_ms

_TAKEN_BACK = "unsettle"


@dataclass(frozen=True, slots=True)
class ContractEnd:
    """How a contract ended for who bought it."""

    status: SettlementStatus
    at_ms: int


def ends(contracts: Iterable[wire.Contract]) -> dict[str, ContractEnd]:
    """By contract, of those whose result is one that we know. Raises UnreadableError."""
    found = {}
    for contract in contracts:
        status = RESULTS.get(contract.state_or_outcome)
        if status is not None:
            found[contract.id] = ContractEnd(status, time_ms(contract.outcome_timestamp))
    return found


def cost_of(story: Story, state: FillState | None = None) -> int:
    """Money at risk in an order's executions, or in those of one state. Micros."""
    buys = story.side is Side.BUY
    return sum(
        GRID.at_risk(one.price, one.size, buys=buys) for one in story.executions if state is None or one.state is state
    )


def _profit(story: Story, end: ContractEnd | None) -> int:
    if end is None:
        return 0
    cost = cost_of(story) - cost_of(story, FillState.REVERSED)
    match end.status if story.side is Side.BUY else end.status.mirrored:
        case SettlementStatus.WON:
            return story.filled - cost
        case SettlementStatus.LOST:
            return -cost
        case _:
            return 0


@dataclass(frozen=True, slots=True)
class Commission:
    """Of one market: the whole, and what the orders won that won, both in micros."""

    whole: int
    profits: dict[str, int]

    @property
    def kept(self) -> Decimal:
        """The part of winnings that was kept."""
        won = sum(self.profits.values())
        return decimal_of(self.whole) / decimal_of(won) if won else Decimal(0)

    def share(self, order_id: str) -> Decimal:
        """What of an order's winnings was kept."""
        shares = dict(zip(self.profits, spread(self.whole, list(self.profits.values())), strict=True))
        return decimal_of(shares.get(order_id, 0))


def commissions(rows: Sequence[wire.Row], found: dict[str, ContractEnd]) -> dict[str, Commission]:
    """By market. rows: all of these markets; found: how their contracts ended. Raises UnreadableError."""
    profits: dict[str, dict[str, int]] = {}
    for order_id, own in sorted(by_order(rows).items(), key=lambda one: int(one[0])):
        story = story_of(own)
        profit = 0 if story is None else _profit(story, found.get(story.contract_id))
        if story is not None and profit > 0:
            profits.setdefault(story.market_id, {})[order_id] = profit
    wholes: dict[str, int] = {}
    for _, row in sorted({place_of(row): row for row in rows}.items()):
        if row.market_id is not None and _TAKEN_BACK in row.source:
            wholes[row.market_id] = 0
        elif row.market_id is not None and row.commission:
            charged = amount(row.commission, "commission")
            if charged < 0:
                raise UnreadableError(f"a commission of {charged}")
            wholes[row.market_id] = wholes.get(row.market_id, 0) + micros_floor(charged)
    return {market_id: Commission(wholes.get(market_id, 0), won) for market_id, won in profits.items()}


def resolutions(
    instruments: Iterable[Instrument], found: dict[str, ContractEnd], kept: dict[str, Commission]
) -> list[Resolution]:
    told = []
    for instrument in instruments:
        end, charged = found.get(instrument.ref), kept.get(instrument.market_ref)
        if end is not None:
            share = charged.kept if charged is not None else Decimal(0)
            told.append(Resolution(instrument.ref, end.status, None, end.at_ms, share))
    return told
