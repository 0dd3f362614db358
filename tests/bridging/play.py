"""A bookmaker of play money behind a bridge of the kit, and the operator's hook that rules it.

Its book is a folder of files, so that it outlives the bridge; what the hook wants stands there too. As a program it is
the hook: `python play.py FOLDER VERB [name=value ...]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from hedgerow.bridging.bridge import Bridge, Funds, Offer, Placed, Refused, Result, Terms, Wager
from hedgerow.bridging.wire import Basis, Capability, Selection, Side, Status
from hedgerow.core.money import round_down

ACCOUNT = "main"
SELECTION = {"fixtureId": "play", "outcomeId": 121, "playerId": 0}
PRICE, LEAST, MOST, MONEY = Decimal("1.85"), Decimal(1), Decimal(50), Decimal(5000)
_TAKES_S = 0.03


class Play(Bridge):
    """One match at one price."""

    terms = Terms(
        "vertex",
        Basis.SIMULATION,
        "the tests",
        {ACCOUNT: "USD"},
        simulated=True,
        capabilities=frozenset(
            {Capability.PARTIAL, Capability.LAY, Capability.STATEMENT_SETTLEMENT, Capability.CASHOUT_REPORT}
        ),
        quotes_per_minute=200,
        bets_per_minute=80,
        concurrent_bets=8,
        typical_s=0.5,
        maximum_s=2.0,
        statement_every_s=0.05,
    )

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(os.environ["PLAY_FOLDER"])
        self.hangs: asyncio.Event | None = None  # what waits for it never comes to the bookmaker

    # --- the five -----------------------------------------------------------------------------------------------

    async def quote(self, account: str, selection: Selection, side: Side, stake: Decimal | None) -> Offer | None:
        if selection.fixture_id != "play":
            return None
        return Offer(PRICE, LEAST, MOST, Decimal("0.01"), life_s=0.1)

    async def send(self, wager: Wager) -> Placed | Refused:
        self._die_at("crash")
        if self.hangs is not None:
            await self.hangs.wait()
        await asyncio.sleep(_TAKES_S)
        if wager.selection.fixture_id != "play":
            return Refused("not_offered")
        if wager.limit_price > PRICE if wager.is_back else wager.limit_price < PRICE:
            return Refused("price_changed", offer=(wager.stake, PRICE))
        if wager.stake > MOST and not wager.takes_part:
            return Refused("stake_too_high", offer=(MOST, PRICE))
        stake = min(wager.stake, MOST)
        row = {"stake": str(stake), "isBack": wager.is_back}
        self._write(f"bet-{wager.reference}", row)
        self._die_at("crash-later")
        return self._placed(wager.reference, row)

    async def find(self, wager: Wager) -> Placed | Refused | None:
        row = self._read(f"bet-{wager.reference}")
        return Refused("withdrawn", "never arrived") if row is None else self._placed(wager.reference, row)

    async def statement(self, account: str, since_ms: int) -> Sequence[Result]:
        return [
            Result(f"P-{path.name.removeprefix('end-')}", Status(kind), self.pays(kind, path.name))
            for path in self.folder.glob("end-*")
            for kind in [json.loads(path.read_text())]
        ]

    async def balance(self, account: str) -> Funds:
        held = sum((self._risk(path.name) for path in self.folder.glob("bet-*")), Decimal(0))
        paid = sum((Decimal(result.returned) for result in await self.statement(account, 0)), Decimal(0))
        return Funds(MONEY - held + paid, held)

    # --- the book -----------------------------------------------------------------------------------------------

    def settle(self, reference: str, kind: str) -> None:
        self._write(f"end-{reference}", kind)

    def pays(self, kind: str, name: str) -> Decimal:
        """In total, rounded down to the cent."""
        risk = self._risk(name.replace("end-", "bet-"))
        factor = {
            Status.WON: PRICE,
            Status.LOST: Decimal(0),
            Status.HALF_WON: (PRICE + 1) / 2,
            Status.HALF_LOST: Decimal("0.5"),
            Status.CASHOUT: Decimal("0.8"),
        }.get(Status(kind), Decimal(1))
        return round_down(risk * factor, "USD")

    def _risk(self, name: str) -> Decimal:
        row = self._read(name)
        return Decimal(row["stake"]) * (1 if row["isBack"] else PRICE - 1)

    def _placed(self, reference: str, row: dict[str, Any]) -> Placed:
        return Placed((f"P-{reference}",), Decimal(row["stake"]), PRICE, {"seen": "play"})

    def _die_at(self, name: str) -> None:
        if (self.folder / name).exists():
            (self.folder / name).unlink()
            os._exit(9)

    def _write(self, name: str, value: object) -> None:
        fresh = self.folder / f".{name}"
        fresh.write_text(json.dumps(value))
        fresh.replace(self.folder / name)

    def _read(self, name: str) -> Any:
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else None


def _main(folder: Path, verb: str, **given: str) -> int:
    """The hook as a command: also starts the bridge again, as `serve.json` says how."""
    play = Play(folder)
    match verb:
        case "offer":
            sys.stdout.write(json.dumps(SELECTION))
        case "settle":
            play.settle(given["reference"], given["kind"])
        case "crash":
            (folder / os.environ.get("PLAY_CRASH", "crash")).touch()
        case "restart":
            start(folder)
        case _:
            return 3
    return 0


def start(folder: Path) -> None:
    """Starts the bridge's process as the test has written it down, and notes its number."""
    told = json.loads((folder / "serve.json").read_text())
    old = folder / "pid"
    if old.exists():
        deadline = time.monotonic() + 10
        while _runs(int(old.read_text())) and time.monotonic() < deadline:
            time.sleep(0.02)
    with (folder / "serve.log").open("ab") as log:
        child = subprocess.Popen(told["command"], cwd=told["cwd"], stdout=log, stderr=log, start_new_session=True)
    old.write_text(str(child.pid))


def stop(folder: Path) -> None:
    pid = int((folder / "pid").read_text())
    if _runs(pid):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


if __name__ == "__main__":
    _folder, _verb, *_given = sys.argv[1:]
    sys.exit(_main(Path(_folder), _verb, **dict(text.split("=", 1) for text in _given)))
