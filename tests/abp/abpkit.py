"""Orders, candidates and offers for the tests of ABP."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from hedgerow.abp.balances import book_balance
from hedgerow.abp.ledger import hold, lock_accounts, wanted_money
from hedgerow.abp.limits import USD, LimitFacts
from hedgerow.abp.orders import AbpOrder, NewOrder, PriceRule
from hedgerow.abp.repository import AbpOrders
from hedgerow.abp.routing import Candidate, Taken, Wanted
from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import NO_PLAYER, ClientName, FixtureId, MarketId, OutcomeId, VenueSlug
from hedgerow.core.states import BetStatus
from hedgerow.execution.amounts import Currency
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EUR, JPY, KWD = (
    Currency("EUR", Decimal("0.9137")),
    Currency("JPY", Decimal("151.37")),
    Currency("KWD", Decimal("0.307")),
)


def facts(**changes: Any) -> LimitFacts:
    """A USD account with 1,000 free, at a bookmaker that takes from 1 on."""
    given: dict[str, Any] = {
        "currency": USD,
        "free": Decimal(1000),
        "venue_min": Decimal(1),
        "untold_max": Decimal(500),
    }
    return LimitFacts(**{**given, **changes})


def candidate(account_id: int = 1, price: str | None = "2.00", **changes: Any) -> Candidate:
    """An account at a bookmaker of its own; what is a limit's fact goes there."""
    own = {name: changes.pop(name) for name in list(changes) if name in LimitFacts.__slots__}
    given: dict[str, Any] = {"bookmaker": f"book{account_id}", "username": f"user{account_id}", "priority": 0}
    amount = None if price is None else Decimal(price)
    return Candidate(account_id=account_id, price=amount, limits=facts(**own), **{**given, **changes})


def wanted(**changes: Any) -> Wanted:
    """100 USD on an outcome at 2.00 or better, from anybody, in parts if need be."""
    given: dict[str, Any] = {
        "is_back": True,
        "price": Decimal("2.00"),
        "open_stake": Decimal(100),
        "currency": USD,
        "bookmakers": None,
        "accepts_better": True,
        "accepts_partial": True,
        "price_rule": PriceRule.EACH,
    }
    return Wanted(**{**given, **changes})


def new_order(**changes: Any) -> NewOrder:
    """10 USD on player 1 at 1.80 or better."""
    given: dict[str, Any] = {
        "client": ClientName("acme"),
        "request_uuid": "eb45b192-317b-42d5-9f65-af497b9fa8c1",
        "user_ref": "bettor1",
        "fixture_id": FixtureId("id1200231461061419"),
        "market_id": MarketId(121),
        "outcome_id": OutcomeId(121),
        "player_id": NO_PLAYER,
        "is_back": True,
        "price": Decimal("1.80"),
        "stake": Decimal(10),
        "currency": "USD",
        "bookmakers": None,
        "accepts_better": True,
        "accepts_partial": True,
        "price_rule": PriceRule.EACH,
        "is_test": False,
        "expires_at": NOW + timedelta(seconds=5),
        "meta": {},
    }
    return NewOrder(**{**given, **changes})


# --- values for properties --------------------------------------------------------------------------------------------


def amounts(least: str = "0", most: str = "2000", places: int = 2) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(least), Decimal(most), places=places)


rates = st.decimals(Decimal("0.001"), Decimal(2000), places=6).filter(bool)
currencies = st.one_of(
    st.just(USD), st.builds(Currency, st.sampled_from(["EUR", "JPY", "KWD"]), rates), st.sampled_from([EUR, JPY, KWD])
)
prices = st.decimals(Decimal("1.01"), Decimal(6), places=2)


def maybe(values: st.SearchStrategy[Decimal]) -> st.SearchStrategy[Decimal | None]:
    return st.one_of(st.none(), values)


limit_facts = st.builds(
    LimitFacts,
    currency=currencies,
    free=amounts("-10", "5000", 3),
    venue_min=amounts("0", "10"),
    untold_max=amounts("1", "1000"),
    account_max=maybe(amounts()),
    account_min=maybe(amounts("0", "50")),
    default_max=maybe(amounts()),
    default_min=maybe(amounts("0", "50")),
    entry_max=maybe(amounts(places=4)),
    entry_min=maybe(amounts("0", "50")),
    entry_currency=currencies,
    used=amounts("0", "200"),
)


@st.composite
def candidate_lists(draw: st.DrawFn) -> tuple[Candidate, ...]:
    """Up to six accounts at up to three bookmakers."""
    return tuple(
        Candidate(
            account_id,
            draw(st.sampled_from(["one", "two", "three"])),
            f"user{account_id}",
            draw(st.integers(0, 3)),
            draw(maybe(prices)),
            draw(limit_facts),
            draw(amounts("0", "1")),
            draw(st.sampled_from([None, None, None, "suspended"])),
        )
        for account_id in range(1, draw(st.integers(0, 6)) + 1)
    )


@st.composite
def wanteds(draw: st.DrawFn) -> Wanted:
    return Wanted(
        draw(st.booleans()),
        draw(prices),
        draw(amounts("0.000001", "3000", 6)),
        draw(currencies),
        draw(st.one_of(st.none(), st.frozensets(st.sampled_from(["one", "two", "three"]), min_size=1))),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(list(PriceRule))),
        draw(st.lists(st.builds(Taken, amounts("0.01", "500"), prices, st.booleans()), max_size=3).map(tuple)),
    )


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Desk:
    """A database with one client's accounts, and how rows get into it."""

    database: Database
    clock: SteppedClock
    bets: Bets
    dollars: int
    euros: int

    @property
    def orders(self) -> AbpOrders:
        return AbpOrders(self.database, self.clock)

    async def order(self, **changes: Any) -> AbpOrder:
        async with self.database.transaction() as connection:
            orders = await self.orders.number(connection, [new_order(**changes)])
            await self.orders.insert(connection, orders)
        return orders[0]

    async def bet(self, order: AbpOrder, stake: str = "10", *, sends: bool = True, **changes: Any) -> Bet:
        """A bet of an order on the dollar account, committed and its money held."""
        asked = order.asked
        bet = Bet(
            str(uuid.uuid4()),
            "abp",
            asked.client,
            self.dollars,
            VenueSlug("pinnacle"),
            asked.fixture_id,
            asked.market_id,
            asked.outcome_id,
            asked.player_id,
            Decimal(2),
            Decimal(stake),
            "USD",
            Decimal(1),
            order_id=order.order_id,
            order_stake=Decimal(stake),
        )
        for name, value in changes.items():
            setattr(bet, name, value)
        bet.reserved = wanted_money(bet)
        async with self.database.transaction() as connection:
            await self.bets.insert(connection, [bet])
            await lock_accounts(connection, {bet.account_id: bet.currency})
            await hold(connection, [bet], NOW)
        if sends:
            bet.sent_at = self.clock.now()
        return bet

    async def hedge(self, stake: str = "50", **changes: Any) -> Bet:
        """A bet of market making on the dollar account at 2.00, committed and accepted."""
        order = new_order()
        bet = Bet(
            str(uuid.uuid4()),
            "mm",
            order.client,
            self.dollars,
            VenueSlug("pinnacle"),
            order.fixture_id,
            order.market_id,
            order.outcome_id,
            order.player_id,
            Decimal(2),
            Decimal(stake),
            "USD",
            Decimal(1),
        )
        async with self.database.transaction() as connection:
            await self.bets.insert(connection, [bet])
        await self.answer(bet, **changes)
        return bet

    async def answer(self, bet: Bet, **changes: Any) -> None:
        """What becomes of a bet of market making: it is taken where nothing else is said."""
        if not changes:
            taken(bet)
        for name, value in changes.items():
            setattr(bet, name, value)
        async with self.database.transaction() as connection:
            await self.bets.save_answer(connection, bet)
            await self.bets.save_settlement(connection, bet)

    async def deposit(self, account_id: int, amount: str, currency: str = "USD") -> None:
        async with self.database.transaction() as connection:
            await book_balance(connection, account_id, currency, Decimal(amount), NOW, NOW)

    async def balances(self, account_id: int) -> dict[str, Decimal]:
        """What lies where; places without anything are left out."""
        rows = await self.database.fetch(
            "select place, amount from abp_balances where account_id = $1 and amount <> 0", account_id
        )
        return {row["place"]: row["amount"] for row in rows}


def taken(bet: Bet, stake: str | None = None, odds: str = "2") -> Bet:
    """The bet as its bookmaker has taken it."""
    bet.placed_stake, bet.placed_odds = Decimal(stake) if stake else bet.requested_stake, Decimal(odds)
    bet.placed_at = NOW
    bet.move_to(BetStatus.CONFIRMED)
    return bet
