"""`hedgerow replay-orders`: recorded receipts through the present router."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import click
import msgspec

from hedgerow.abp.receipt_shapes import receipts_of
from hedgerow.abp.receipts import Receipt
from hedgerow.abp.replaying import Difference, Leg, Replay, replayed
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import SetupError
from hedgerow.storage.database import decode_json

DIFFERS = 1


@click.command("replay-orders")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> None:
    """Decides recorded orders again and shows what would differ.

    FILE has one receipt a line, as `GET /orders/{orderId}/receipt` answers it. Nothing is placed, and no service is
    needed. Exits with 0 when every decision is the same, with 1 when one differs, with 2 when the file cannot be read.
    """
    found = replayed(_orders(file))
    if as_json:
        emit(found, as_json)
    else:
        _show(found)
    if found.differences:
        sys.exit(DIFFERS)


def _orders(file: Path) -> Iterator[list[Receipt]]:
    """The receipts of each line; empty lines are none. Raises SetupError that names the line."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _receipts(file, number, line)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}", "name another file") from None


def _receipts(file: Path, number: int, line: bytes) -> list[Receipt]:
    try:
        return receipts_of(decode_json(line))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = f"this is no JSON: {error}"
    except ValueError as error:
        why = str(error)
    raise SetupError(f"{file}, line {number}: {why}", "take the line out, or ask for the receipt again")


def _show(found: Replay) -> None:
    for one in found.differences:
        click.echo(f"order {one.order_id}, decision {one.attempt}")
        for text in _told(one):
            click.echo(f"  {text}")
    click.echo(f"orders {found.orders}, decisions {found.decisions}, different {len(found.differences)}")
    for total in found.sums:
        recorded, present = (_digits(amount) for amount in (total.recorded, total.present))
        click.echo(f"routed {recorded} {total.currency} by the record, {present} {total.currency} now")


def _told(one: Difference) -> Iterator[str]:
    for leg in one.legs:
        before, now = (
            _amount(leg, leg.recorded_stake, leg.recorded_price),
            _amount(leg, leg.present_stake, leg.present_price),
        )
        yield f"{leg.bookmaker} (account {leg.account_id}): {before} → {now}"
    yield from one.reasons
    if one.recorded_unrouted != one.present_unrouted:
        before, now = _digits(one.recorded_unrouted), _digits(one.present_unrouted)
        yield f"not routed: {before} → {now} {one.currency}"
    if not one.legs and not one.reasons and one.recorded_unrouted == one.present_unrouted:
        yield "the same stakes, in another order or for other parts of it"


def _amount(leg: Leg, stake: object, price: object) -> str:
    return "nothing" if stake is None else f"{stake} {leg.currency} at {price}"


def _digits(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
