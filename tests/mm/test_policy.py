"""What an operator set, and which of it holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.money import MICRO
from hedgerow.mm.margins import Margin
from hedgerow.mm.policy import NO_POLICY, Policies, Policy, Scope
from hedgerow.mm.pricing import Mode, Pricing
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

CLIENT = "demo"
FAIR = Pricing(Mode.FAIR_VALUE, Margin.SHIN, edge=12_500, skew=20_000, full=500 * MICRO)
OTHER = Pricing(edge=1)


@pytest.fixture
async def policies(database: Database) -> Policies:
    clock = SystemClock()
    await Accounts(database, clock).add_client(CLIENT, "Demo")
    await Switches(database, clock).add_client(CLIENT, "pinnacle")
    return Policies(database, clock)


def test_most_specific_pricing_holds() -> None:
    scopes = [(None, None), (None, "totals"), (17, None), (17, "totals")]
    prices = [Pricing(edge=edge) for edge in range(4)]
    policy = Policy(dict(zip(scopes, prices, strict=True)))
    asked = [(8, "1x2"), (8, "totals"), (17, "1x2"), (17, "totals")]
    assert [policy.pricing_of(*market) for market in asked] == prices
    assert NO_POLICY.pricing_of(17, "totals") is None


def test_own_cap_of_a_subject_goes_before_that_of_all() -> None:
    policy = Policy(caps={(Scope.FIXTURE, ""): 500, (Scope.FIXTURE, "id1"): 900})
    assert [policy.cap(Scope.FIXTURE, subject) for subject in ("id1", "id2")] == [900, 500]
    assert policy.cap(Scope.CLIENT, "") is None


async def test_client_without_a_policy_has_none(policies: Policies) -> None:
    assert await policies.load(CLIENT) == NO_POLICY


async def test_pricing_is_read_as_it_was_set_and_replaced(policies: Policies) -> None:
    await policies.set_pricing(CLIENT, (None, None), OTHER)
    await policies.set_pricing(CLIENT, (17, "totals"), OTHER)
    await policies.set_pricing(CLIENT, (None, None), FAIR)
    assert (await policies.load(CLIENT)).pricings == {(None, None): FAIR, (17, "totals"): OTHER}
    await policies.set_pricing(CLIENT, (None, None), None)
    assert (await policies.load(CLIENT)).pricings == {(17, "totals"): OTHER}


async def test_caps_are_set_and_taken_away(policies: Policies) -> None:
    await policies.set_cap(CLIENT, Scope.TOURNAMENT, "17", Decimal("250.5"))
    await policies.set_cap(CLIENT, Scope.CLIENT, "", Decimal(1000))
    await policies.set_cap(CLIENT, Scope.CLIENT, "", None)
    assert (await policies.load(CLIENT)).caps == {(Scope.TOURNAMENT, "17"): 250_500_000}


async def test_stop_for_a_loss_is_released_by_setting_the_stops(policies: Policies) -> None:
    today = date(2026, 1, 10)
    await policies.set_stops(CLIENT, Decimal(200), Decimal("0.4"))
    await policies.stop_for_loss(CLIENT, today, Decimal(250))
    stopped = await policies.load(CLIENT)
    assert (stopped.max_daily_loss, stopped.max_reject_share, stopped.loss_stopped_on) == (200, Decimal("0.4"), today)
    await policies.set_stops(CLIENT, Decimal(500), None)
    released = await policies.load(CLIENT)
    assert (released.max_daily_loss, released.max_reject_share, released.loss_stopped_on) == (500, None, None)


async def test_every_change_is_in_the_audit_trail(policies: Policies, database: Database) -> None:
    await policies.set_cap(CLIENT, Scope.FIXTURE, "", Decimal(5))
    await policies.stop_for_loss(CLIENT, date(2026, 1, 10), Decimal(9))
    rows = await database.fetch("select actor, action from audit where id = $1 order by audit_id", CLIENT)
    assert [tuple(row) for row in rows][-2:] == [
        ("operator", "cap set"),
        ("engine", "stopped for the day's loss"),
    ]
