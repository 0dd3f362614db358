"""Hedge plans: equal payouts, limits, drift, dust."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import OutcomeId
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.mm.exposure import Exposure, hedge_covers
from hedgerow.mm.hedging import Offer, Rules, Waits, less_commission, plan_hedges, plan_sweep

A, B = OutcomeId(121), OutcomeId(122)


def _offer(odds: str, limit: int = 5_000) -> Offer:
    return Offer(OddsMicros(int(Decimal(odds) * MICRO)), Micros(limit * MICRO), "line/1", "home")


def _rules(**changes: object) -> Rules:
    given_rules = {
        "minimum_stake": Decimal(1),
        "currency": "USD",
        "per_usd": Decimal(1),
        "max_drift": Decimal("0.03"),
        "cash": 10_000 * MICRO,
    }
    return Rules(**{**given_rules, **changes})  # type: ignore[arg-type]


def _needs(contracts: str, outcome: OutcomeId = B) -> dict[OutcomeId, Micros]:
    return {outcome: Micros(int(Decimal(contracts) * MICRO))}


def test_stake_makes_the_payout_equal() -> None:
    """100 USD at 0.45 is 222.22 contracts; at 1.808 the hedge is 122.91, not 100."""
    [bet] = plan_hedges(_needs("222.22"), {B: _offer("1.808")}, {}, _rules()).bets
    assert bet.stake == Decimal("122.91")
    assert bet.needs == 222_220_000


def test_no_price_waits() -> None:
    plan = plan_hedges(_needs("10"), {}, {}, _rules())
    assert (plan.bets, plan.waits) == ([], {B: Waits.NO_PRICE})


def test_odds_that_fell_too_far_wait() -> None:
    planned = {B: OddsMicros(2_000_000)}
    assert plan_hedges(_needs("10"), {B: _offer("1.93")}, planned, _rules()).waits == {B: Waits.DRIFT}
    assert plan_hedges(_needs("10"), {B: _offer("1.94")}, planned, _rules()).bets


def test_need_above_the_limit_is_cut_and_the_rest_waits() -> None:
    plan = plan_hedges(_needs("1000"), {B: _offer("2", limit=100)}, {}, _rules())
    assert [bet.stake for bet in plan.bets] == [Decimal(100)]
    assert plan.bets[0].needs == 200 * MICRO
    assert plan.waits == {B: Waits.LIMIT}


def test_need_above_the_cash_waits_for_cash() -> None:
    plan = plan_hedges(_needs("1000"), {B: _offer("2")}, {}, _rules(cash=0))
    assert (plan.bets, plan.waits) == ([], {B: Waits.CASH})


def test_large_payout_at_long_odds_is_no_dust() -> None:
    """8 contracts at 24 need a stake of 0.33; not hedged, 8 USD of payout would be at risk."""
    [bet] = plan_hedges(_needs("8"), {B: _offer("24")}, {}, _rules()).bets
    assert (bet.stake, bet.needs) == (Decimal("1.00"), 8 * MICRO)


def test_dust_near_the_minimum_is_raised_to_it() -> None:
    [bet] = plan_hedges(_needs("1.2"), {B: _offer("2")}, {}, _rules()).bets
    assert bet.stake == Decimal("1.00")


def test_smaller_dust_waits() -> None:
    assert plan_hedges(_needs("0.8"), {B: _offer("2")}, {}, _rules()).waits == {B: Waits.DUST}


def test_sweep_backs_all_outcomes_and_closes_the_need() -> None:
    bets = plan_sweep(_needs("0.3"), {A: _offer("1.9"), B: _offer("2")}, _rules())
    assert bets is not None
    pays = {bet.outcome_id: bet.needs for bet in bets}
    assert pays[B] - pays[A] == 300_000
    assert all(bet.stake >= 1 for bet in bets)


def test_stake_in_another_currency_is_converted() -> None:
    [bet] = plan_hedges(_needs("100"), {B: _offer("2")}, {}, _rules(currency="EUR", per_usd=Decimal("0.8"))).bets
    assert bet.stake == Decimal("40.00")


@given(st.integers(1, 10**9), st.integers(1_010_000, 50_000_000), st.integers(1, 10**10))
def test_taken_as_planned_a_bet_covers_exactly_what_it_was_planned_for(need: int, odds: int, limit: int) -> None:
    offer = Offer(OddsMicros(odds), Micros(limit), "line", "home")
    for bet in plan_hedges({B: Micros(need)}, {B: offer}, {}, _rules()).bets:
        stake = int(bet.stake * MICRO)
        covers = hedge_covers(needs=bet.needs, stake=stake, requested=odds, odds=odds, half_unit=5_000)
        assert stake <= limit
        assert covers == bet.needs or (bet.stake == 1 and covers > bet.needs)


@given(st.integers(1, 10**6), st.integers(1_010_000, 20_000_000), st.integers(1_010_000, 20_000_000))
def test_sweep_leaves_the_market_flat(need: int, first: int, second: int) -> None:
    exposure = Exposure((A, B))
    exposure.paid[A] = need
    offers = {A: _offer("1.5"), B: _offer("2.5")}
    offers = {
        A: Offer(OddsMicros(first), Micros(10**12), "l", "h"),
        B: Offer(OddsMicros(second), Micros(10**12), "l", "a"),
    }
    for bet in plan_sweep(exposure.needs(), offers, _rules(cash=10**15)) or []:
        stake = int(bet.stake * MICRO)
        exposure.sent(bet.outcome_id, bet.needs)
        covers = hedge_covers(
            needs=bet.needs, stake=stake, requested=bet.offer.odds, odds=bet.offer.odds, half_unit=5_000
        )
        exposure.answered(bet.outcome_id, bet.needs, covers)
    assert exposure.is_flat


# --- several accounts ------------------------------------------------------------------------------------------------

ACCOUNT = st.tuples(
    st.sampled_from(["1.70", "1.81", "1.85", "2.10"]),  # odds of the outcome
    st.integers(0, 300),  # limit
    st.integers(0, 300),  # cash
    st.sampled_from([0, 20_000, 50_000]),  # commission
)


@given(st.integers(1, 1_000), st.lists(ACCOUNT, max_size=4))
def test_what_accounts_cover_and_what_they_leave_is_the_need(
    contracts: int, accounts: list[tuple[str, int, int, int]]
) -> None:
    """One after the other: nothing is covered twice, nothing is forgotten, and no account is asked for more than it
    has, more than its limit, or at odds that fell too far."""
    left = _needs(str(contracts))
    planned = {B: OddsMicros(1_850_000)}
    covered = 0
    for odds, limit, cash, rate in accounts:
        offers = less_commission({B: _offer(odds, limit)}, rate)
        plan = plan_hedges(left, offers, planned, _rules(cash=cash * MICRO))
        for bet in plan.bets:
            covered += bet.needs
            assert bet.stake <= min(limit, cash)
            assert bet.offer.asked == int(Decimal(odds) * MICRO)
            assert bet.offer.odds >= planned[B] * Decimal("0.97")
            is_raised = bet.stake == _rules().minimum_stake
            half_a_cent = bet.offer.odds * Decimal("0.005")
            assert is_raised or abs(bet.stake * bet.offer.odds - bet.needs) <= half_a_cent + 1
        assert plan.left.keys() <= plan.waits.keys()
        left = plan.left
    assert covered + left.get(B, 0) == contracts * MICRO


def test_stake_makes_up_for_the_commission() -> None:
    """At 2.00 and 5 % a winning stake of 1 leaves 1.95, so that 100 need 51.28."""
    [bet] = plan_hedges(_needs("100"), less_commission({B: _offer("2")}, 50_000), {}, _rules()).bets
    assert (bet.stake, bet.offer.asked, bet.offer.odds) == (Decimal("51.28"), 2_000_000, 1_950_000)
