"""A bookmaker whose answers are scripted, for the bridge in front of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from hedgerow.bridging.bridge import Bridge, Funds, Offer, Placed, Refused, Result, Terms, Wager
from hedgerow.bridging.carrier import Carrier
from hedgerow.bridging.register import Register
from hedgerow.bridging.store import Store
from hedgerow.bridging.wire import Basis, Bet, BetRequest, Capability, Selection, Side, State
from hedgerow.core.clock import NS_PER_S, SteppedClock, iso_of_ms

ACCOUNT = "main"
NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
PLACED = Placed(("B-1",), Decimal(10), Decimal("1.9"))
Answer = Placed | Refused | Exception | None


class Scripted(Bridge):
    """Answers `send` and `find` as told, and counts; the last answer of `find` again and again."""

    def __init__(self, **terms: Any) -> None:
        given = {"capabilities": frozenset({Capability.STATEMENT_SETTLEMENT}), "statement_every_s": 1.0, **terms}
        self.terms = Terms("vertex", Basis.BOOKMAKER_CONTRACT, "Example Ltd", {ACCOUNT: "USD"}, **given)
        self.send_answer: Answer = PLACED
        self.find_answers: list[Answer] = [None]
        self.results: list[Result] = []
        self.sent: list[str] = []
        self.looked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def quote(self, account: str, selection: Selection, side: Side, stake: Decimal | None) -> Offer | None:
        raise RuntimeError("token=abc")

    async def send(self, wager: Wager) -> Placed | Refused:
        self.sent.append(wager.reference)
        await self.may_answer.wait()
        return _said(self.send_answer)  # type: ignore[return-value]

    async def find(self, wager: Wager) -> Placed | Refused | None:
        self.looked.append(wager.reference)
        return _said(self.find_answers.pop(0) if len(self.find_answers) > 1 else self.find_answers[0])

    async def statement(self, account: str, since_ms: int) -> Sequence[Result]:
        return self.results

    async def balance(self, account: str) -> Funds:
        raise RuntimeError("token=abc")


def _said(answer: Answer) -> Placed | Refused | None:
    if isinstance(answer, Exception):
        raise answer
    return answer


class Shop:
    """A bridge on a clock that stands, which can die and come back."""

    def __init__(self, folder: Path, **terms: Any) -> None:
        self.path = folder / "bridge.sqlite"
        self.clock = SteppedClock(NOW_S * NS_PER_S)
        self.bridge = Scripted(**terms)
        self.open()

    def open(self) -> None:
        """The store alone: nothing is sent until `start`."""
        self.store = Store(self.path, self.clock)
        self.register = Register(self.store, self.bridge.terms, self.clock)
        self.carrier: Carrier | None = None

    async def start(self) -> None:
        self.carrier = Carrier(self.bridge, self.register, self.clock)
        await self.carrier.start()
        await self.settle_down()

    async def die(self) -> None:
        """Whatever is under way is cut."""
        if self.carrier is not None:
            await self.carrier.stop()
        self.store.close()

    async def step(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle_down()

    async def settle_down(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    def request(self, **changes: Any) -> BetRequest:
        asked = BetRequest(
            Selection("id1", 101, 0),
            "back",
            "10",
            "USD",
            "1.9",
            accept_better=True,
            fill="all_or_nothing",
            not_after=iso_of_ms(self.clock.now_ms() + 30_000),
        )
        return msgspec.structs.replace(asked, **changes)

    def put(self, **changes: Any) -> str:
        reference = str(uuid.uuid4())
        self.register.put(ACCOUNT, reference, self.request(**changes))
        return reference

    def bet(self, reference: str) -> Bet:
        return self.register.bet(ACCOUNT, reference)

    def state(self, reference: str) -> State:
        return self.bet(reference).state
