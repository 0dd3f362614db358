"""A desk on a clock that stands, and bets for it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import msgspec

from hedgerow.bridging.desk.desk import Desk, desk_terms
from hedgerow.bridging.register import Register
from hedgerow.bridging.store import Store
from hedgerow.bridging.wire import BetRequest, Selection
from hedgerow.core.clock import NS_PER_S, SteppedClock, iso_of_ms

ACCOUNT = "main"
NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
WORDS = {
    "outcome": "Boston Celtics",
    "handicap": -3.5,
    "market": "Point spread",
    "participant1": "Boston Celtics",
    "participant2": "New York Knicks",
}


class Room:
    """One desk, which can be closed and opened again as a process that died."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "desk.sqlite"
        self.clock = SteppedClock(NOW_S * NS_PER_S)
        self.open()

    def open(self) -> None:
        terms = desk_terms("betcris", "Example Ltd", {ACCOUNT: "USD"})
        self.store = Store(self._path, self.clock)
        self.register = Register(self.store, terms, self.clock)
        self.desk = Desk(self.register, self.clock)

    def close(self) -> None:
        self.store.close()

    def request(self, **changes: Any) -> BetRequest:
        """200 USD at 1.95 or better, 90 s left."""
        asked = BetRequest(
            Selection("id1", 101, 0, bookmaker_outcome_id="celtics", description=WORDS),
            "back",
            "200.00",
            "USD",
            "1.95",
            accept_better=True,
            fill="all_or_nothing",
            not_after=iso_of_ms(self.clock.now_ms() + 90_000),
        )
        return msgspec.structs.replace(asked, **changes)

    def bet(self, **changes: Any) -> str:
        """A new bet's reference."""
        reference = str(uuid.uuid4())
        self.register.put(ACCOUNT, reference, self.request(**changes))
        return reference
