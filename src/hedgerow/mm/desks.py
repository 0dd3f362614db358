"""The desks: accounts at bookmakers where hedges are placed, each with its connector, its money and what it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.ids import VenueSlug
from hedgerow.execution.commission import kept_of_hedges
from hedgerow.execution.reconcile import Reconciler
from hedgerow.mm.market import Trader
from hedgerow.mm.quoter import minimum_usd
from hedgerow.storage.bets import Bet
from hedgerow.venues.base import Account, Bookmaker


@dataclass(slots=True, eq=False)
class Desk:
    """An account where a client's hedges are placed. rank: among the client's accounts, the lowest is asked first;
    per_usd: units of its currency, 0: not told yet; free: what the bookmaker last said is free, and not spent since,
    held: the stakes of bets whose answer is not known, by reference, both micros of USD; is_active: whether new bets
    may be made."""

    bookmaker: Bookmaker
    account: Account
    per_usd: Decimal
    rank: int = 0
    free: int = 0
    is_active: bool = True
    reconciler: Reconciler | None = None
    held: dict[str, int] = field(default_factory=dict)
    sending: set[asyncio.Task[None]] = field(default_factory=set)
    """Who waits for the bookmaker's answer to a bet."""
    _kept: tuple[Account, int] | None = field(default=None, init=False)  # the account's commission, worked out once

    @property
    def slug(self) -> VenueSlug:
        return self.bookmaker.manifest.slug

    @property
    def minimum_stake(self) -> Decimal:
        return self.bookmaker.manifest.minimum_stake

    @property
    def commission(self) -> int:
        """What the bookmaker keeps of net winnings, in micros."""
        if self._kept is None or self._kept[0] is not self.account:
            self._kept = self.account, kept_of_hedges(self.account.meta)
        return self._kept[1]

    @property
    def takes_bets(self) -> bool:
        return self.is_active and self.per_usd > 0

    @property
    def cash(self) -> int:
        """What may be staked now, micros of USD."""
        return self.free - sum(self.held.values())


class Desks:
    """Of all clients of this process. by_client: in the order in which they were added."""

    def __init__(self) -> None:
        self.by_client: dict[str, list[Desk]] = {}

    def add(self, client: str, desk: Desk) -> None:
        self.by_client.setdefault(client, []).append(desk)

    def of(self, client: str) -> Sequence[Desk]:
        return self.by_client.get(client, ())

    def find(self, client: str, account_id: int) -> Desk | None:
        """The desk of one account."""
        return next((desk for desk in self.of(client) if desk.account.account_id == account_id), None)

    def all(self) -> list[Desk]:
        """Of all clients."""
        return [desk for desks in self.by_client.values() for desk in desks]

    def of_bet(self, bet: Bet) -> Desk:
        """Where a bet is placed. Desks are never taken away while the process runs. Raises LookupError for a bet of
        another."""
        desk = self.find(bet.client, bet.account_id)
        if desk is None:
            raise LookupError(f"account {bet.account_id} of {bet.client} has no desk")
        return desk

    def set_free(self, trader: Trader, account_id: int, free: int) -> bool:
        """The free money of an account was read, micros of USD; True where there was none to stake before, and is
        now."""
        desk = self.find(trader.name, account_id)
        if desk is None:
            return False
        before, desk.free = desk.cash, free
        self.review(trader)
        return before <= 0 < desk.cash

    def review(self, trader: Trader) -> None:
        """Takes over what the trader's desks at its own bookmaker are worth to its quotes."""
        own = [desk for desk in self.of(trader.name) if desk.slug == trader.bookmaker and desk.takes_bets]
        trader.hedges = bool(own)
        trader.commission = max((desk.commission for desk in own), default=0)
        self.count_cash(trader)

    def count_cash(self, trader: Trader) -> None:
        """Takes over what those desks may stake now."""
        desks = self.of(trader.name)
        trader.hedge_cash = sum(desk.cash for desk in desks if desk.slug == trader.bookmaker and desk.takes_bets)

    def minimum_stake(self, bookmaker: str) -> int:
        """The least that a bookmaker takes, in micros of USD; 0 where nobody hedges at it."""
        desks = (desk for desk in self.all() if desk.slug == bookmaker and desk.per_usd)
        return max((minimum_usd(desk.minimum_stake, desk.per_usd) for desk in desks), default=0)
