"""`hedgerow replay`: a recorded market through the whole system, to a settled profit and loss."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

import click

from hedgerow.cli.books import our_bets, our_orders
from hedgerow.cli.context import data_dir_option
from hedgerow.cli.ledgers import disagreements
from hedgerow.cli.numbers import decimal_option
from hedgerow.cli.output import emit, json_option
from hedgerow.cli.replay_engine import is_engine_tape, replay_engine
from hedgerow.cli.replay_whatif import replay_whatif
from hedgerow.cli.running import run, settings_of, until_signalled
from hedgerow.cli.services import MM
from hedgerow.cli.stack import Stack, StackOptions
from hedgerow.core.clock import SystemClock
from hedgerow.core.errors import HedgerowError, InputError, SetupError
from hedgerow.core.ids import fixture_id_parts
from hedgerow.core.observe import configure_logs
from hedgerow.core.tasks import spawn, stop
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.outcome import Outcome, outcome
from hedgerow.mm.switches import Switches
from hedgerow.net.calls import Caller
from hedgerow.sim.events import Summary
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.opening import open_recording
from hedgerow.storage.accounts import Accounts, VenueAccount
from hedgerow.storage.database import Database

CLIENT = "demo"
LIMIT_RATIO = Decimal("0.8")
_LOOK_EVERY_S, _TELL_EVERY_S = 0.2, 2.0
_SETTLE_PATIENCE_S = 30.0
_MOST_TOLD = 20
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played, and how."""

    file: str
    speed: Decimal = Decimal(0)
    margin: Decimal | None = None
    market: str | None = None
    exchanges: tuple[str, ...] = ()
    seed: int = 1
    start: str | None = None

    def body(self) -> dict[str, Any]:
        """Of `POST /sim/replay`."""
        said = {
            "file": self.file,
            "speed": self.speed,
            "margin": self.margin,
            "market": self.market,
            "exchanges": list(self.exchanges) or None,
            "seed": self.seed,
            "from": self.start,
        }
        return {name: value for name, value in said.items() if value is not None}


@click.command("replay")
@click.argument("file")
@click.option("--speed", default="0", show_default=True, help="0: as fast as the engine follows; 1: real time.")
@click.option("--margin", help="The bookmaker's two-way margin, e.g. 0.02.")
@click.option("--market", help="The market of a Betfair file that holds several.")
@click.option("--exchanges", default="", metavar="A,B", help="Where takers trade (default: every exchange).")
@click.option("--seed", type=int, default=1, show_default=True, help="Of what is left to chance.")
@click.option(
    "--set", "changed", multiple=True, metavar="NAME=VALUE", help="Of an engine's tape: play it with another setting."
)
@click.option("--from", "start", help="Where to begin: a time in ISO 8601, or `live`.")
@data_dir_option
@json_option
def command(
    file: str,
    speed: str,
    margin: str | None,
    market: str | None,
    exchanges: str,
    seed: int,
    start: str | None,
    changed: tuple[str, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Plays a recording through feed, engine, exchanges and bookmaker, and checks every ledger.

    FILE is a Betfair historic stream file (.bz2, .gz or plain), a tape of our own, or `generated[:SEED]`. Without
    --data-dir everything is kept in a temporary folder and removed at the end. A tape of the engine
    (HEDGEROW_ENGINE_TAPE) is told to the engine again, and its decisions are compared byte for byte; with --set it is
    played with the recorded settings and with others, side by side. Names: limitRatio, priceTicks, mode, margin, edge,
    skew, fullInventory, maxHedgeDrift, quoteHysteresis.

    \b
    hedgerow replay 1.200806927.gz
    hedgerow replay 1.200806927.gz --speed 60 --margin 0.03
    hedgerow replay day.tape.zst --set priceTicks=1 --set limitRatio=0.5
    """
    wanted = Wanted(
        file if file.startswith("generated") else str(Path(file).absolute()),
        decimal_option(speed, "--speed", least=Decimal(0), most=Decimal(10_000)),
        None if margin is None else decimal_option(margin, "--margin", least=Decimal(0), most=Decimal("0.5")),
        market,
        tuple(slug for slug in exchanges.split(",") if slug),
        seed,
        start,
    )
    configure_logs("replay", "warning", readable=sys.stderr.isatty())
    if changed and not is_engine_tape(file):
        raise InputError("--set is for a tape of the engine, see HEDGEROW_ENGINE_TAPE")
    if changed:
        asyncio.run(replay_whatif(file, changed, as_json=as_json))
        return
    if is_engine_tape(file):
        sys.exit(0 if asyncio.run(replay_engine(file, as_json=as_json)) else 1)
    agree = run(until_signalled(_replay(wanted, data_dir, as_json=as_json)))
    if agree is not True:
        sys.exit(_INTERRUPTED if agree is None else 1)


async def _replay(wanted: Wanted, data_dir: Path | None, *, as_json: bool) -> bool:
    """Plays, prints, and answers whether all ledgers agree."""
    recording = await asyncio.to_thread(
        open_recording, wanted.file, Catalogue(), market=wanted.market, margin=wanted.margin, start_ns=0
    )
    started = time.monotonic()
    async with _folder(data_dir) as folder:
        options = StackOptions(
            settings_of(folder),
            services=(MM,),
            expected_followers=0 if wanted.speed else 1,
            prepare=lambda database: activate(database, recording.summary),
        )
        async with Stack(options) as stack, stack.world() as world, stack.database() as database:
            failure = spawn(stack.failed(), "stack failure")
            playing = spawn(play_through(world, database, wanted, started), "play")
            try:
                await asyncio.wait({failure, playing}, return_when=asyncio.FIRST_COMPLETED)
                if failure.done():
                    failure.result()
                before, progress = playing.result()
            finally:
                await stop(failure, playing)
            done = await settled(database)
            found = await compare(world, database, before)
    return _report(wanted, progress, done, found, time.monotonic() - started, as_json=as_json)


@asynccontextmanager
async def _folder(data_dir: Path | None) -> AsyncIterator[Path]:
    """A folder that no deployment has used: the world begins anew with every replay, and so must our books."""
    if data_dir is None:
        with tempfile.TemporaryDirectory(prefix="hedgerow-replay-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    if data_dir.is_dir() and any(data_dir.iterdir()):
        raise SetupError(f"{data_dir} is not empty, and a replay keeps its own books", "name a new or empty folder")
    yield data_dir


async def activate(database: Database, summary: Summary) -> None:
    """Has the demo client trade the recording's tournaments."""
    switches = Switches(database, SystemClock())
    for fixture_id in summary.fixture_ids:
        parts = fixture_id_parts(fixture_id)
        if parts is None:
            raise InputError(f"fixture {fixture_id} does not name its tournament")
        settings = TournamentSettings(parts.tournament_id, is_active=True, limit_ratio=LIMIT_RATIO, price_ticks=0)
        await switches.save_tournament(CLIENT, settings)


async def play_through(
    world: Caller, database: Database, wanted: Wanted, started: float
) -> tuple[dict[int, Decimal], dict[str, Any]]:
    """Plays to the end; answers the balances before, by account, and the last progress."""
    before = {account.account_id: balance for account, balance in await _balances(world, database)}
    progress: dict[str, Any] = await world.post("/sim/replay", wanted.body())
    told = 0.0
    while progress["state"] in ("playing", "settling"):
        await asyncio.sleep(_LOOK_EVERY_S)
        progress = await world.get("/sim/replay")
        if time.monotonic() - told >= _TELL_EVERY_S:
            told = time.monotonic()
            _tell(progress, await outcome(database, CLIENT), told - started)
    if progress["state"] != "finished":
        raise HedgerowError(f"the replay {progress['state']}: {progress['error'] or 'stopped from outside'}")
    return before, progress


def _tell(progress: Mapping[str, Any], done: Outcome, seconds: float) -> None:
    click.echo(
        f"{seconds:6.0f} s  {progress['fraction'] * 100:5.1f} %  {progress['now'][:19]}  ticks {progress['ticks']}  "
        f"quotes {done.quotes}  fills {done.fills}  hedges {done.hedges}  unhedged {done.unhedged_stake:.2f}",
        err=True,
    )


async def settled(database: Database) -> Outcome:
    """The outcome, once the venues' last words are in; what is open after the patience is told as it is."""
    deadline = time.monotonic() + _SETTLE_PATIENCE_S
    done = await outcome(database, CLIENT)
    while done.unsettled and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_EVERY_S)
        done = await outcome(database, CLIENT)
    return done


async def _balances(world: Caller, database: Database) -> list[tuple[VenueAccount, Decimal]]:
    found = []
    for account in await Accounts(database, SystemClock()).accounts(client=CLIENT):
        ledger = await world.get(f"/sim/venues/{account.venue}/ledger")
        found.append((account, Decimal(ledger["balances"][account.username])))
    return found


async def compare(world: Caller, database: Database, before: Mapping[int, Decimal]) -> list[str]:
    """Everything in which our books and a venue's differ."""
    found = []
    for account in await Accounts(database, SystemClock()).accounts(client=CLIENT):
        ledger = await world.get(f"/sim/venues/{account.venue}/ledger")
        read = our_bets if ledger["kind"] == "bookmaker" else our_orders
        ours = await read(database, account.account_id)
        found += disagreements(ledger, account.username, before[account.account_id], ours)
    return found


def _report(
    wanted: Wanted, progress: Mapping[str, Any], done: Outcome, found: list[str], seconds: float, *, as_json: bool
) -> bool:
    """Prints the summary; answers whether the ledgers agree and everything is settled."""
    agree = not found and not done.unsettled
    for line in found[:_MOST_TOLD]:
        click.echo(line, err=True)
    if len(found) > _MOST_TOLD:
        click.echo(f"and {len(found) - _MOST_TOLD} more", err=True)
    if done.unsettled:
        click.echo(f"{done.unsettled} orders and bets are not settled", err=True)
    worst = done.worst_quote_edge
    summary = {
        "file": wanted.file,
        "ticks": progress["ticks"],
        "quotes": done.quotes,
        "fills": done.fills,
        "hedges": done.hedges,
        "slippage": done.slippage.quantize(Decimal("0.000001")),
        "pnl": done.pnl.quantize(Decimal("0.01")),
        "pnlByVenue": {venue: pnl.quantize(Decimal("0.01")) for venue, pnl in done.pnl_by_venue.items()},
        "unhedgedStake": done.unhedged_stake.quantize(Decimal("0.01"), ROUND_UP),
        "worstQuoteEdge": None if worst is None else worst.quantize(Decimal("0.000001")),
        "ledgersAgree": agree,
        "seconds": Decimal(str(round(seconds, 1))),
    }
    emit(summary, as_json, None if as_json else _text(progress, summary))
    return agree


def _text(progress: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    venues = "  ".join(f"{venue} {pnl:+}" for venue, pnl in summary["pnlByVenue"].items())
    return "\n".join(
        [
            f"{progress['title']}: {summary['ticks']} ticks in {summary['seconds']} s",
            f"quotes {summary['quotes']}, the worst {_plain(summary['worstQuoteEdge'])} from break-even",
            f"fills {summary['fills']}, hedges {summary['hedges']}, slippage {_plain(summary['slippage'])} of odds",
            f"unhedged stake {_plain(summary['unhedgedStake'])} USD",
            f"profit and loss {summary['pnl']:+} USD: {venues}",
            "ledgers agree" if summary["ledgersAgree"] else "LEDGERS DIFFER",
        ]
    )


def _plain(number: Decimal | None) -> str:
    """As a person writes it: without exponent and without zeros at the end."""
    return "-" if number is None else f"{number.normalize():f}"
