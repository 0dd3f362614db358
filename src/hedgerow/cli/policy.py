"""`hedgerow policy`: how a client's quotes are priced, and what they may risk."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from hedgerow.cli.context import Operator, asynchronous, data_dir_option, operator
from hedgerow.cli.numbers import decimal_option, positive_option
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError
from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.money import InexactAmountError, decimal_of, micros
from hedgerow.mm.margins import Margin
from hedgerow.mm.policy import Policies, Scope
from hedgerow.mm.pricing import Mode, Pricing
from hedgerow.venues.registry import UnknownVenueError, venue

_CENT_BELOW_ONE = Decimal("0.99")


@click.group("policy")
def command() -> None:
    """What an operator sets for a client of market making beside its accounts and tournaments.

    \b
    hedgerow policy price --client acme --mode fair_value --margin shin --edge 0.02
    hedgerow policy cap fixture 2000 --client acme
    hedgerow policy stops --client acme --max-daily-loss 500 --max-reject-share 0.5
    hedgerow policy hedge sharpbet smarkets --client acme
    hedgerow policy show --client acme
    """


@command.command("show")
@click.option("--client", required=True)
@data_dir_option
@json_option
@asynchronous
async def show(client: str, data_dir: Path | None, as_json: bool) -> None:
    """Everything that is set for a client."""
    async with operator(data_dir) as op:
        policy = await (await _policies(op, client)).load(ClientName(client))
        rows: list[dict[str, Any]] = [
            {"what": "pricing", "of": _told(scope), **_shown(pricing)} for scope, pricing in policy.pricings.items()
        ]
        rows += [
            {"what": f"cap of {scope.value}", "of": subject or "each", "value": decimal_of(most)}
            for (scope, subject), most in policy.caps.items()
        ]
        stops = {"max daily loss": policy.max_daily_loss, "max reject share": policy.max_reject_share}
        rows += [{"what": name, "value": value} for name, value in stops.items() if value is not None]
        if policy.fallbacks:
            rows.append({"what": "hedges also at", "value": ", ".join(policy.fallbacks)})
        if policy.loss_stopped_on is not None:
            rows.append({"what": "stopped for its loss", "of": policy.loss_stopped_on.isoformat()})
        emit(rows, as_json)


@command.command("price")
@click.option("--client", required=True)
@click.option("--tournament", "tournament_id", type=click.IntRange(min=1), help="Only in this one.")
@click.option("--market-type", help="Only of this type: moneyline, 1x2, totals, spreads.")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default=Mode.HEDGE_PARITY.value)
@click.option("--margin", type=click.Choice([m.value for m in Margin]), default=Margin.MULTIPLICATIVE.value)
@click.option("--edge", default="0", help="Price between fair value and quote, e.g. 0.02 (mode fair_value).")
@click.option("--skew", default="0", help="Price by which a full inventory moves quotes; 0: it moves none.")
@click.option("--full-inventory", default="1000", help="Contracts that are a full inventory.")
@click.option("--default", "is_default", is_flag=True, help="Take back what is set.")
@data_dir_option
@asynchronous
async def price(
    client: str,
    tournament_id: int | None,
    market_type: str | None,
    mode: str,
    margin: str,
    edge: str,
    skew: str,
    full_inventory: str,
    is_default: bool,
    data_dir: Path | None,
) -> None:
    """Sets how quotes are priced. The most specific setting holds, as a whole."""
    pricing = None
    if not is_default:
        numbers = (
            decimal_option(edge, "--edge", least=Decimal(0), most=_CENT_BELOW_ONE),
            decimal_option(skew, "--skew", least=Decimal(0), most=_CENT_BELOW_ONE),
            positive_option(full_inventory, "--full-inventory"),
        )
        try:
            pricing = Pricing(Mode(mode), Margin(margin), *map(micros, numbers))
        except InexactAmountError as error:
            raise InputError(str(error)) from None
    async with operator(data_dir) as op:
        policies = await _policies(op, client)
        await policies.set_pricing(ClientName(client), (tournament_id, market_type), pricing)
        await op.tell_services(client)
        click.echo(f"pricing of {client}, {_told((tournament_id, market_type))}: {mode if pricing else 'default'}")


@command.command("cap")
@click.argument("scope", type=click.Choice([scope.value for scope in Scope]))
@click.argument("max_stake", required=False)
@click.option("--client", required=True)
@click.option(
    "--only", "subject", default="", help="Of this fixture, tournament (its id) or exchange (its slug) alone."
)
@click.option("--none", "is_none", is_flag=True, help="Take the cap away.")
@data_dir_option
@asynchronous
async def cap(
    scope: str, max_stake: str | None, client: str, subject: str, is_none: bool, data_dir: Path | None
) -> None:
    """Caps the stake, open and matched and not settled, of each outcome, fixture, tournament, exchange, or of all."""
    if (max_stake is None) != is_none:
        raise InputError("name the most stake in USD, or --none")
    if subject and scope in (Scope.OUTCOME, Scope.CLIENT):
        raise InputError(f"--only tells fixtures, tournaments and exchanges apart, not a cap of the {scope}")
    most = None if max_stake is None else decimal_option(max_stake, "MAX_STAKE", least=Decimal(0))
    async with operator(data_dir) as op:
        await (await _policies(op, client)).set_cap(ClientName(client), Scope(scope), subject, most)
        await op.tell_services(client)
        click.echo(f"cap of {subject or f'each {scope}'} for {client}: {'none' if most is None else most}")


@command.command("stops")
@click.option("--client", required=True)
@click.option("--max-daily-loss", help="USD that settled markets may lose on a day (UTC); left out: no stop.")
@click.option("--max-reject-share", help="Share of hedges or orders that may be refused; left out: no stop.")
@data_dir_option
@asynchronous
async def stops(client: str, max_daily_loss: str | None, max_reject_share: str | None, data_dir: Path | None) -> None:
    """Sets what stops a client's quotes, and releases a stop for today's loss. Hedging goes on in any case."""
    loss = decimal_option(max_daily_loss, "--max-daily-loss", least=Decimal(0)) if max_daily_loss else None
    share = None
    if max_reject_share:
        share = decimal_option(max_reject_share, "--max-reject-share", least=Decimal(0), most=Decimal(1))
    async with operator(data_dir) as op:
        await (await _policies(op, client)).set_stops(ClientName(client), loss, share)
        await op.tell_services(client)
        click.echo(f"stops of {client} are set")


@command.command("hedge")
@click.argument("bookmakers", nargs=-1)
@click.option("--client", required=True)
@click.option("--none", "is_none", is_flag=True, help="No other bookmaker.")
@data_dir_option
@asynchronous
async def hedge(bookmakers: tuple[str, ...], client: str, is_none: bool, data_dir: Path | None) -> None:
    """Names the bookmakers that hedge what the client's own does not take: because it refuses, is down, has suspended
    the line, or has no more limit or money. They are asked in this order, and only at odds that `maxHedgeDrift` allows.
    Quotes are priced from the client's own bookmaker alone."""
    if bool(bookmakers) == is_none:
        raise InputError("name the bookmakers, the first to be asked first, or --none")
    async with operator(data_dir) as op:
        policies = await _policies(op, client)
        controls = await op.switches.client_controls(client)
        fallbacks = tuple(_hedges_at(slug) for slug in bookmakers)
        own = controls.bookmaker if controls is not None else None
        if len(set(fallbacks)) < len(fallbacks) or own in fallbacks:
            raise InputError(f"name each bookmaker once, and not {own!r}, which is asked first anyway")
        await policies.set_fallbacks(ClientName(client), fallbacks)
        await op.tell_services(client)
        click.echo(f"hedges of {client}: {', '.join(filter(None, (own, *fallbacks)))}")
        for slug in fallbacks:
            if not await op.accounts.accounts(client=client, venue=slug):
                click.echo(f"{client} has no account at {slug} yet; add it with: hedgerow accounts add {slug} ...")


def _hedges_at(slug: str) -> VenueSlug:
    """Raises InputError for a venue that is none, or takes no bets."""
    try:
        manifest = venue(slug).manifest
    except UnknownVenueError as error:
        raise InputError(str(error)) from None
    if not manifest.is_bookmaker:
        raise InputError(f"{slug} takes no bets")
    return manifest.slug


async def _policies(op: Operator, client: str) -> Policies:
    await op.office.market_maker(client)
    return Policies(op.database, op.clock)


def _told(scope: tuple[int | None, str | None]) -> str:
    tournament_id, market_type = scope
    told = [f"tournament {tournament_id}"] if tournament_id is not None else []
    told += [market_type] if market_type is not None else []
    return ", ".join(told) or "everything"


def _shown(pricing: Pricing) -> dict[str, Any]:
    return {
        "mode": pricing.mode.value,
        "margin": pricing.margin.value,
        "edge": decimal_of(pricing.edge),
        "skew": decimal_of(pricing.skew),
        "fullInventory": decimal_of(pricing.full),
    }
