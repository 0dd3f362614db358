"""`hedgerow bets`: bets that wait for a person's word."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import click

from hedgerow.abp.rulings import Rulings, Taken
from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.numbers import decimal_option, positive_option
from hedgerow.cli.output import emit, json_option
from hedgerow.core.states import BetSettlement
from hedgerow.mm.rulings import HedgeRulings
from hedgerow.storage.bets import Bet

_RESULTS = [result.value for result in BetSettlement if result is not BetSettlement.UNSETTLED]


@click.group("bets")
def command() -> None:
    """Bets of which nobody tells: in doubt at a bookmaker that cannot be asked, or never settled.

    \b
    hedgerow bets waiting                                       what needs a look at the bookmaker's own pages
    hedgerow bets decide 17 --never-reached --reason "..."      the bookmaker knows nothing of it
    hedgerow bets decide 17 --taken-as 4711 --odds 1.95 --stake 10 --reason "..."
    hedgerow bets settle 18 WON --reason "..."                  as the bookmaker's history has it
    """


_reason = click.option("--reason", required=True, help="What was seen, and where; kept in the audit trail.")
_bet_id = click.argument("bet_id", type=click.IntRange(min=1))


@command.command("waiting")
@click.option(
    "--hours", type=click.IntRange(min=0), default=24, show_default=True, help="Taken so long ago and not settled."
)
@data_dir_option
@json_option
@asynchronous
async def waiting(hours: int, data_dir: Path | None, as_json: bool) -> None:
    """Bets in doubt, and bets taken long ago that are not settled; the oldest first."""
    async with operator(data_dir) as op:
        emit(await Rulings(op.database, op.clock).waiting(timedelta(hours=hours)), as_json)


@command.command("decide")
@_bet_id
@click.option("--never-reached", is_flag=True, help="The bookmaker has no such bet: the stake is free again.")
@click.option("--taken-as", metavar="ID", help="The bookmaker has it, under this id of its own.")
@click.option("--odds", help="With --taken-as: at these odds.")
@click.option("--stake", help="With --taken-as: with this stake.")
@_reason
@data_dir_option
@json_option
@asynchronous
async def decide(
    bet_id: int,
    never_reached: bool,
    taken_as: str | None,
    odds: str | None,
    stake: str | None,
    reason: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Says what became of a bet in doubt, after a look at the bookmaker's own history."""
    if never_reached == (taken_as is not None):
        raise click.UsageError("say either --never-reached or --taken-as ID")
    taken = None if taken_as is None else _taken(taken_as, odds, stake)
    async with operator(data_dir) as op:
        rulings = Rulings(op.database, op.clock)
        if taken is None:
            bet = await rulings.never_reached(bet_id, reason)
        else:
            bet = await rulings.was_taken(bet_id, taken, reason)
        emit(_shown(bet), as_json)


@command.command("settle")
@_bet_id
@click.argument("result", type=click.Choice(_RESULTS, case_sensitive=False))
@click.option("--payout", help="What came back, where it is not what the result pays.")
@_reason
@data_dir_option
@json_option
@asynchronous
async def settle(
    bet_id: int, result: str, payout: str | None, reason: str, data_dir: Path | None, as_json: bool
) -> None:
    """Says how a bet ended, after a look at the bookmaker's own history. What the bookmaker tells later goes before."""
    paid = None if payout is None else decimal_option(payout, "--payout", least=Decimal(0))
    async with operator(data_dir) as op:
        hedges = HedgeRulings(op.database, op.clock)
        rulings = hedges if await hedges.is_hedge(bet_id) else Rulings(op.database, op.clock)
        emit(_shown(await rulings.settle(bet_id, BetSettlement(result), paid, reason)), as_json)


def _taken(name: str, odds: str | None, stake: str | None) -> Taken:
    if odds is None or stake is None:
        raise click.UsageError("--taken-as needs --odds and --stake, as the bookmaker shows them")
    return Taken(name, positive_option(odds, "--odds"), positive_option(stake, "--stake"))


def _shown(bet: Bet) -> dict[str, object]:
    return {
        "betId": bet.bet_id,
        "status": bet.status.value,
        "odds": bet.placed_odds,
        "stake": bet.placed_stake,
        "settlement": bet.settlement,
        "payout": bet.payout,
        "reason": bet.reason,
    }
