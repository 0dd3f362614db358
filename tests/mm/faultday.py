"""A day on which all venues go wrong, at random but always the same for a seed, and what must hold at its end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog

from hedgerow.core.clock import NS_PER_MS, NS_PER_S
from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.mm.policy import Policies
from hedgerow.sim.dialects.betfair_ex.dialect import BetfairExchange

from .venuefaults import AT_BOOKMAKERS, AT_EXCHANGES, AT_THE_FEED, THE_MARKET, Fault
from .worldkit import AWAY, BOOKMAKER, CLIENT, FALLBACKS, HOME, Scene

STRIDE_S = 2.0
CALM_S = 180
FIRST_BALANCE = Decimal(10_000)
_LONGEST_FAULT_S = 20
_COMPARED_EVERY_S = 3600
_CALM_ODDS_EVERY_S = 4
_MOST_TOLD = 40
_GUSTS, _GUST_NS = 12, 25 * NS_PER_MS
_FEED, _SUSPENDED = "oddspapi", "suspended"
_MARGINS = {BOOKMAKER: Decimal("1.03"), **dict.fromkeys(FALLBACKS, Decimal("1.04"))}

_log = structlog.get_logger(__name__)


async def quoting_everywhere(scene: Scene) -> None:
    """Starts a process that has the fallbacks to hedge at, and waits until it quotes on every exchange."""
    policies = Policies(scene.database, scene.world.clock)
    await policies.set_fallbacks(ClientName(CLIENT), [VenueSlug(slug) for slug in FALLBACKS])
    await scene.start()
    await scene.run_until(lambda: {order.exchange for order in scene.resting()} == set(scene.exchanges))
    await scene.run(2)


@dataclass
class FaultDay:
    """What happens in a scene. Rates are a second of world time.

    A storm is a dozen changes of the odds within a third of a second: more orders than some venues' budgets allow.
    """

    scene: Scene
    seed: int
    tick_every_s: float = 20
    takers_every_s: float = 20
    faults_every_s: float = 20
    storms_every_s: float = 900
    injected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._chance = Decimal("0.50")  # of the home player
        self._faulty: dict[str, int] = {}  # until when, ns
        self._gusts = 0  # of a storm, still to come
        self._prone = (*self.scene.exchanges, *[BOOKMAKER] * 3, *FALLBACKS, *[_FEED] * 2, _SUSPENDED)

    async def run(self, seconds: float) -> None:
        """Lets it happen, and then all venues be as they should. Between the hours they are let be too, and the books
        are compared: what went wrong is found in the hour in which it did."""
        while seconds > 0:
            await self._walk(min(seconds, _COMPARED_EVERY_S), self._happen)
            await self._calm_down()
            seconds -= _COMPARED_EVERY_S
            now = self.scene.world.clock.now()
            _log.info("books agree", until=now.isoformat(), faults=self.injected.total())

    async def _calm_down(self) -> None:
        for slug in {*self._prone} - {_SUSPENDED}:
            self.scene.behave(slug)
        self.scene.suspend(suspended=False)
        self._faulty.clear()
        await self._walk(CALM_S, self._confirm_often)
        await assert_hedged(self.scene)
        await assert_books_agree(self.scene, is_over=False)

    async def _walk(self, seconds: float, act: Callable[[], None]) -> None:
        """To everything that somebody wants to wake for; acts in every stride, and in every gust of a storm."""
        clock, stepper = self.scene.world.clock, self.scene.server.stepper
        end_ns = clock.now_ns() + int(seconds * NS_PER_S)
        stride_ns = int(STRIDE_S * NS_PER_S)
        act_ns = clock.now_ns() + stride_ns
        while (now_ns := clock.now_ns()) < end_ns:
            wake_ns = stepper.next_wake_ns()
            if wake_ns is not None and wake_ns < act_ns:
                await stepper.step_to(max(wake_ns, now_ns + 1))
                continue
            await stepper.step_to(act_ns, act)
            act_ns += _GUST_NS if self._gusts else stride_ns

    def _happen(self) -> None:
        if self._gusts:
            self._gusts -= 1
            self._confirm()
            return
        if self._comes(self.tick_every_s):
            self._confirm()
        if self._comes(self.takers_every_s):
            self._take()
        if self._comes(self.storms_every_s):
            self._gusts = _GUSTS
            self.injected["storm"] += 1
        if self._comes(self.faults_every_s):
            self._break()
        self._mend()

    def _comes(self, every_s: float) -> bool:
        return self._dice.random() < STRIDE_S / every_s

    def _confirm_often(self) -> None:
        if self._comes(_CALM_ODDS_EVERY_S):
            self._confirm()

    def _confirm(self) -> None:
        """The odds walk a little; who is fallen back to offers less."""
        step = Decimal(self._dice.randint(-8, 8)) / 1000
        self._chance = min(max(self._chance + step, Decimal("0.25")), Decimal("0.75"))
        for bookmaker, margin in _MARGINS.items():
            home, away = (round(1 / (chance * margin), 3) for chance in (self._chance, 1 - self._chance))
            self.scene.put_odds(str(home), str(away), bookmaker=bookmaker)

    def _take(self) -> None:
        """A counterparty that takes whatever rests on one side."""
        side, outcome = self._dice.choice((Side.BUY, Side.SELL)), self._dice.choice((HOME, AWAY))
        price = "0.99" if side is Side.BUY else "0.01"
        self.scene.take(self._dice.choice(self.scene.exchanges), side, price, self._dice.randint(1, 4), outcome)

    def _break(self) -> None:
        slug = self._dice.choice(self._prone)
        if slug in self._faulty:
            return
        if slug == _SUSPENDED:
            self.scene.suspend()
            self.injected[slug] += 1
        else:
            fault = self._dice.choice(_faults_of(slug))
            self.scene.behave(slug, **self._switches(fault))
            self.injected[f"{slug} {next(iter(fault))}"] += 1
        seconds = self._dice.randint(2, _LONGEST_FAULT_S)
        self._faulty[slug] = self.scene.world.clock.now_ns() + seconds * NS_PER_S

    def _mend(self) -> None:
        """Ends the faults that have lasted."""
        now_ns = self.scene.world.clock.now_ns()
        for slug in [slug for slug, until_ns in self._faulty.items() if now_ns >= until_ns]:
            del self._faulty[slug]
            if slug == _SUSPENDED:
                self.scene.suspend(suspended=False)
            else:
                self.scene.behave(slug)

    def _switches(self, fault: Fault) -> dict[str, Any]:
        """The fault with the venue's own id of the market."""
        return {name: self._market() if value is THE_MARKET else value for name, value in fault.items()}

    def _market(self) -> str:
        betfair = self.scene.server.venues.dialects["betfair-ex"]
        assert isinstance(betfair, BetfairExchange)
        (market,) = betfair.listings.markets.values()
        return market.id


def _faults_of(slug: str) -> tuple[Fault, ...]:
    return AT_THE_FEED if slug == _FEED else AT_EXCHANGES.get(slug) or AT_BOOKMAKERS[slug]


async def assert_books_agree(scene: Scene, *, is_over: bool = True) -> None:
    """With every venue's ledger, to the last digit, and with themselves. Nobody passes changes on in a scene. While it
    is not over, orders rest, and balances are left out: what is set aside for orders is not in the ledgers."""
    found = [
        line
        for line in await scene.differences()
        if not line.startswith("changes wait") and (is_over or "'s balance is " not in line)
    ]
    assert not found, "\n".join(found[:_MOST_TOLD])


async def assert_hedged(scene: Scene) -> None:
    """What is open, either way, is less than the smallest stake that the bookmaker takes."""
    assert await scene.unhedged() < 1
    assert all(need < MICRO for need in scene.process.market.exposure.missing.values())


async def assert_nothing_is_doubled(scene: Scene) -> None:
    """Every bet that reached a bookmaker did so once, those that it took are ours, and every fill is one of the
    exchanges' trades."""
    rows = await scene.bets()
    for bookmaker in (BOOKMAKER, *FALLBACKS):
        reached = Counter(bet.reference for bet in scene.world.bookmakers[bookmaker].bets.values())
        assert all(number == 1 for number in reached.values())
        taken = {bet.reference for bet in scene.sim_bets(bookmaker)}
        ours = {str(row["reference"]): row for row in rows if row["bookmaker"] == bookmaker}
        confirmed = {reference for reference, row in ours.items() if row["status"] == "CONFIRMED"}
        assert [(name, dict(ours.get(name, {}))) for name in sorted(taken ^ confirmed)] == []
    fills = Counter((row["account_id"], row["trade_ref"], row["exchange_order_id"]) for row in await scene.fills())
    assert all(number == 1 for number in fills.values())


async def assert_every_cent_is_explained(scene: Scene) -> Decimal:
    """What each account gained is what our books say was earned there, to the last digit; answers the whole. Where a
    commission is spread over the bets of a market, each side rounds its part of every bet (decision 0196)."""
    done, whole = await scene.outcome(), Decimal(0)
    assert done.unsettled == 0
    for account in await scene.accounts.accounts(client=CLIENT):
        ledger = scene.server.venues.engine(account.venue).ledger()
        gained = Decimal(ledger["balances"][account.username]) - FIRST_BALANCE
        earned = done.pnl_by_venue.get(account.venue, Decimal(0))
        charged = sum(bool(entry.get("commission")) for entry in ledger["entries"])
        assert abs(gained - earned) <= decimal_of(charged), f"{account.venue}: gained {gained}, our books say {earned}"
        whole += gained
    return whole
