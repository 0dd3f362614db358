"""A runner in a process of its own that is stopped (SIGSTOP) between the commit of a bet and its request.

Arguments: the database, the bookmaker, the world's time now in ns, its speed, the bookmaker's offer as JSON, the key
of the vault. It says what became of its bet once it goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.abp import runner as runners
from hedgerow.abp.booking import Booking
from hedgerow.abp.desks import Desks
from hedgerow.abp.offers import Offer
from hedgerow.abp.repository import AbpOrders
from hedgerow.abp.runner import Runner
from hedgerow.abp.view import View
from hedgerow.core.clock import ScaledClock
from hedgerow.core.money import Rates
from hedgerow.core.secrets import Secret, Vault
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.feed.book import PriceBook
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.storage.terms import Terms
from hedgerow.venues.registry import Ways

LEASE_S, MARGIN_S = 3.0, 0.1


class OneOffer:
    rates = Rates({})

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    def offer(self, *_: Any, **__: Any) -> Offer:
        return self._offer


class Stopping(Placement):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.answered: asyncio.Future[Bet] = asyncio.get_running_loop().create_future()

    async def send(self, bookmaker: Any, bet: Bet, *given: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSTOP)
        refusal = await super().send(bookmaker, bet, *given, **options)
        self.answered.set_result(bet)
        return refusal


async def main(database_url: str, url: str, now_ns: str, speed: str, offer: str, key: str) -> None:
    runners._UNSAFE_BEFORE_END_S = MARGIN_S
    database = await Database.connect(Secret(database_url), size=4)
    clock = ScaledClock(int(now_ns), float(speed))
    orders, bets, breakers = AbpOrders(database, clock), Bets(database, clock), Breakers(clock)
    placement = Stopping(database, bets, breakers, clock, Booking(bets, orders, clock).write)
    accounts, terms = Accounts(database, clock), Terms(database, clock)
    urls = {"pinnacle": {"rest": url}}
    desks = Desks(
        database,
        accounts,
        terms,
        Vault(Secret(key)),
        urls,
        Ways({}),
        clock,
        placement,
        PriceBook().fixture_ref,
        PriceBook().described,
    )
    offers = OneOffer(msgspec.json.decode(offer, type=Offer))
    view = View(desks, offers, breakers, untold_max=Decimal(500))
    runner = Runner(database, orders, bets, placement, desks, offers, view, clock, lease_s=LEASE_S)
    await desks.load()
    await desks.read_balances()
    runner.start()
    bet = await placement.answered
    sys.stdout.write(f"{bet.status.value} {bet.reason}\n")
    await runner.stop()
    await desks.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
