"""Settlement of every kind, and its correction: BR-15, BR-16."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.bridging.conformance.bench import Bench
from hedgerow.bridging.conformance.cases import NotRunError, case
from hedgerow.bridging.wire import Bet, Capability, Status
from hedgerow.core.claims import DisprovedError, expect, expect_same
from hedgerow.core.money import minor_unit

_KINDS = (Status.WON, Status.LOST, Status.HALF_WON, Status.HALF_LOST, Status.PUSH, Status.VOID)


@case("BR-15", Capability.STATEMENT_SETTLEMENT)
async def each_kind_of_settlement_pays_back_what_is_due(bench: Bench) -> None:
    kinds = (*_KINDS, *((Status.CASHOUT,) if bench.has(Capability.CASHOUT_REPORT) else ()))
    missing = {}
    for kind in kinds:
        try:
            bet = await _settled(bench, await bench.accepted(await bench.request(await bench.offered(kind))), kind)
        except NotRunError as error:
            missing[kind] = str(error)
            continue
        expect_same("the number of a first settlement", bet.settlement.number, 1)
    if missing:
        raise NotRunError("; ".join(f"{kind} was not tried: {why}" for kind, why in missing.items()))


@case("BR-16", Capability.STATEMENT_SETTLEMENT)
async def a_correction_is_the_second_settlement(bench: Bench) -> None:
    first = await _settled(
        bench, await bench.accepted(await bench.request(await bench.offered(Status.WON))), Status.WON
    )
    second = await _settled(bench, first, Status.LOST)
    expect_same("the number of a correction", second.settlement.number, 2)
    expect(second.revision > first.revision, f"the revision stays {first.revision}")


async def _settled(bench: Bench, bet: Bet, kind: Status) -> Bet:
    """The bet, settled by the operator's hook. Raises DisprovedError when it pays another amount than is due."""
    await bench.have("settle", kind=kind, reference=bet.reference)
    seen = await bench.until(
        lambda: bench.bet(bet.reference), lambda seen: seen.settlement.status is kind, f"the bet is {kind}"
    )
    if seen.settlement.returned is None or seen.placed is None:
        raise DisprovedError(f"it is not told what a bet that is {kind} returned")
    returned, unit = Decimal(seen.settlement.returned), minor_unit(bench.account.currency)
    due = _due(kind, Decimal(seen.placed.stake), Decimal(seen.placed.price))
    is_right = returned >= 0 if due is None else abs(returned - due) < unit
    expect(is_right, f"{kind} returned {returned}, due were {due}")
    expect_same("what is smaller than the currency's least unit", returned % unit, Decimal(0))
    return seen


def _due(kind: Status, stake: Decimal, price: Decimal) -> Decimal | None:
    """What a back bet is paid back in total, before it is rounded; None: only the bookmaker can say."""
    match kind:
        case Status.WON:
            return stake * price
        case Status.LOST:
            return Decimal(0)
        case Status.HALF_WON:
            return stake * (price + 1) / 2
        case Status.HALF_LOST:
            return stake / 2
        case Status.PUSH | Status.VOID:
            return stake
        case _:
            return None
