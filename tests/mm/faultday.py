"""A day on which all venues go wrong, at random but always the same for a seed, and what must hold at its end."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.states import Side

from .worldkit import AWAY, BOOKMAKER, CLIENT, EXCHANGES, HOME, Scene

STRIDE_S = 1.0
CALM_S = 180
FIRST_BALANCE = Decimal(10_000)
_LONGEST_FAULT_S = 20

_EXCHANGE_FAULTS: tuple[dict[str, Any], ...] = (
    {"rejectRate": "0.5"},
    {"loseResponseRate": "0.5"},
    {"duplicateFills": True},
    {"disconnectStream": True},
    {"latencyMs": 400},
    {"down": True},
)
_BOOKMAKER_FAULTS: tuple[dict[str, Any], ...] = (
    {"rejectRate": "0.6"},
    {"loseResponseRate": "0.6"},
    {"priceMove": "-0.02"},
    {"acceptDelayMs": 1500},
    {"latencyMs": 700},
    {"down": True},
)
_FEED_FAULTS: tuple[dict[str, Any], ...] = ({"disconnectStream": True}, {"silent": True, "restError": 503})


@dataclass
class FaultDay:
    """What happens in a scene. Rates are a second of world time."""

    scene: Scene
    seed: int
    odds_every_s: float = 4
    takers_every_s: float = 20
    faults_every_s: float = 45
    injected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._chance = Decimal("0.50")  # of the home player
        self._faulty: dict[str, int] = {}  # until when, ns

    async def run(self, seconds: float) -> None:
        """Lets it happen, and then all venues be as they should."""
        await self._walk(seconds, self._happen)
        for slug in (*EXCHANGES, BOOKMAKER, "oddspapi"):
            self.scene.behave(slug)
        self.scene.suspend(suspended=False)
        await self._walk(CALM_S, self._confirm)

    async def _walk(self, seconds: float, act: Any) -> None:
        clock, stepper = self.scene.world.clock, self.scene.server.stepper
        end_ns = clock.now_ns() + int(seconds * NS_PER_S)
        while (now_ns := clock.now_ns()) < end_ns:
            wake_ns = stepper.next_wake_ns()
            next_ns = now_ns + int(STRIDE_S * NS_PER_S)
            early = wake_ns is not None and wake_ns < next_ns
            await stepper.step_to(max(wake_ns or 0, now_ns + 1) if early else next_ns, None if early else act)

    def _happen(self) -> None:
        if self._comes(self.odds_every_s):
            self._confirm()
        if self._comes(self.takers_every_s):
            self._take()
        if self._comes(self.faults_every_s):
            self._break()
        now_ns = self.scene.world.clock.now_ns()
        for slug, until_ns in list(self._faulty.items()):
            if now_ns >= until_ns:
                del self._faulty[slug]
                if slug == "suspended":
                    self.scene.suspend(suspended=False)
                else:
                    self.scene.behave(slug)

    def _comes(self, every_s: float) -> bool:
        return self._dice.random() < STRIDE_S / every_s

    def _confirm(self) -> None:
        """The odds walk a little, with a margin of 3 % on both."""
        step = Decimal(self._dice.randint(-8, 8)) / 1000
        self._chance = min(max(self._chance + step, Decimal("0.25")), Decimal("0.75"))
        home, away = (round(1 / (chance * Decimal("1.03")), 3) for chance in (self._chance, 1 - self._chance))
        self.scene.put_odds(str(home), str(away))

    def _take(self) -> None:
        """A counterparty that takes whatever rests on one side."""
        side, outcome = self._dice.choice((Side.BUY, Side.SELL)), self._dice.choice((HOME, AWAY))
        price = "0.99" if side is Side.BUY else "0.01"
        self.scene.take(self._dice.choice(EXCHANGES), side, price, self._dice.randint(1, 4), outcome)

    def _break(self) -> None:
        slug = self._dice.choice((*EXCHANGES, BOOKMAKER, BOOKMAKER, "oddspapi", "suspended"))
        if slug in self._faulty:
            return
        if slug == "suspended":
            self.scene.suspend()
            self.injected[slug] += 1
        else:
            faults = {BOOKMAKER: _BOOKMAKER_FAULTS, "oddspapi": _FEED_FAULTS}.get(slug, _EXCHANGE_FAULTS)
            fault = self._dice.choice(faults)
            self.scene.behave(slug, **fault)
            self.injected[f"{slug} {next(iter(fault))}"] += 1
        seconds = self._dice.randint(2, _LONGEST_FAULT_S)
        self._faulty[slug] = self.scene.world.clock.now_ns() + seconds * NS_PER_S


async def assert_books_agree(scene: Scene) -> None:
    """With every venue's ledger, to the last digit, and with themselves. Nobody passes changes on in a scene."""
    assert [line for line in await scene.differences() if not line.startswith("changes wait")] == []


async def assert_nothing_is_doubled(scene: Scene) -> None:
    """Every bet that the bookmaker took is one of ours, once, and every fill is one of the exchanges' trades."""
    taken = Counter(bet.reference for bet in scene.sim_bets())
    assert all(number == 1 for number in taken.values())
    ours = {str(row["reference"]) for row in await scene.bets() if row["status"] == "CONFIRMED"}
    assert set(taken) == ours
    fills = Counter((row["account_id"], row["trade_ref"], row["exchange_order_id"]) for row in await scene.fills())
    assert all(number == 1 for number in fills.values())


async def assert_every_cent_is_explained(scene: Scene) -> Decimal:
    """What the accounts gained is what our books say was earned, to the last digit; answers it."""
    gained = Decimal(0)
    for account in await scene.accounts.accounts(client=CLIENT):
        ledger = scene.server.venues.engine(account.venue).ledger()
        gained += Decimal(ledger["balances"][account.username]) - FIRST_BALANCE
    done = await scene.outcome()
    assert gained == done.pnl
    assert done.unsettled == 0
    return gained
