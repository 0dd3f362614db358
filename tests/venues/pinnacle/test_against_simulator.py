"""The connector bets at the simulated Pinnacle, which was written apart from it, from the documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ids import NO_PLAYER, FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.pinnacle import BettingStatus, Terms
from hedgerow.sim.dialects.pinnacle import Pinnacle as Simulated
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, BetIntent, BetRef, Bookmaker, VenueContext
from hedgerow.venues.pinnacle.connector import REMEMBERED_MS, SURE_AFTER_MS
from hedgerow.venues.registry import build_bookmaker

ACCOUNT = "demo_pinnacle"
NOW_S = 1_795_190_000
TENNIS, SOCCER, NBA = FixtureId("id1200231461061419"), FixtureId("id1000001761061420"), FixtureId("id1100013261061421")
SINNER, ALCARAZ = OutcomeKey(TENNIS, OutcomeId(121)), OutcomeKey(TENNIS, OutcomeId(122))
LAKERS, CELTICS = OutcomeKey(NBA, OutcomeId(111)), OutcomeKey(NBA, OutcomeId(112))
OVER, UNDER = OutcomeKey(SOCCER, OutcomeId(1010)), OutcomeKey(SOCCER, OutcomeId(1011))
HOME_SPREAD, AWAY_SPREAD = OutcomeKey(SOCCER, OutcomeId(1068)), OutcomeKey(SOCCER, OutcomeId(1069))
DRAW = OutcomeKey(SOCCER, OutcomeId(102))
PRICES = {
    SINNER: "1.8",
    ALCARAZ: "2.1",
    LAKERS: "1.5",
    CELTICS: "2.75",
    OutcomeKey(SOCCER, OutcomeId(101)): "2.4",
    DRAW: "3.3",
    OutcomeKey(SOCCER, OutcomeId(103)): "3.1",
    OVER: "1.95",
    UNDER: "1.92",
    HOME_SPREAD: "2.02",
    AWAY_SPREAD: "1.88",
}
WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID


@dataclass
class Scene:
    """A world with three matches, its Pinnacle, and our connector to it."""

    world: World
    pinnacle: Simulated
    context: VenueContext
    bookmaker: Bookmaker

    def behave(self, **switches: Any) -> None:
        self.pinnacle.book.faults.set(Behaviour(**switches))

    def offer(self, outcome: OutcomeKey, price: str, *, active: bool = True) -> None:
        self.world.put_odds([quote_of(outcome, price, active=active)])

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + round(seconds * NS_PER_S))

    def go_live(self) -> None:
        self.world.put_fixture(replace(self.world.fixtures[TENNIS], status_id=1, live=True))

    @property
    def balance(self) -> Decimal:
        """As the world keeps it."""
        return self.pinnacle.book.balances[ACCOUNT]

    def intent(self, outcome: OutcomeKey = SINNER, **changes: Any) -> BetIntent:
        """A bet of 10 on an outcome at its present line, as the feed names it, or what is said otherwise."""
        fixture = self.world.fixtures[outcome.fixture_id]
        market = self.world.catalogue.market_of(outcome.outcome_id)
        assert market is not None
        quotes = [self.world.quotes[OutcomeKey(outcome.fixture_id, other), "pinnacle"] for other in market.outcomes]
        versions = sum(quote.version for quote in quotes)
        market_ref = pinnacle_ids.market_ref(
            fixture.fixture_id, fixture.sport_id, fixture.tournament_id, market, versions
        )
        price = self.world.quotes[outcome, "pinnacle"].price
        assert price is not None
        given: dict[str, Any] = {
            "reference": "ebb4c11a-714b-4be6-a635-486ec09869a3",
            "fixture_id": outcome.fixture_id,
            "outcome_id": outcome.outcome_id,
            "player_id": NO_PLAYER,
            "market_ref": market_ref,
            "outcome_ref": pinnacle_ids.outcome_ref(market, outcome.outcome_id),
            "odds": OddsMicros(int(price * 1_000_000)),
            "stake": Decimal(10),
            "currency": "USD",
            "is_live": False,
        }
        return BetIntent(**{**given, **changes})

    def ref(self, bet: BetIntent, bet_ref: str | None = None) -> BetRef:
        return BetRef(bet.reference, bet_ref, self.world.clock.now_ms())


def quote_of(outcome: OutcomeKey, price: str, *, active: bool = True) -> Quote:
    return Quote(outcome, "pinnacle", Decimal(price), Decimal(500), Decimal(2), "USD", active, 0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    pinnacle = Simulated(world, Terms())
    for fixture_id, sport, tournament, one, other in (
        (TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz"),
        (SOCCER, 10, 17, "Fulham FC", "Leeds United"),
        (NBA, 11, 132, "Los Angeles Lakers", "Boston Celtics"),
    ):
        world.put_fixture(Fixture(fixture_id, sport, tournament, one, other, NOW_S + 7200))
    world.put_odds([quote_of(outcome, price) for outcome, price in PRICES.items()])
    site = await listen(pinnacle.sites()["rest"], "127.0.0.1", 0)
    context = context_of(world, pinnacle, site.url)
    made = Scene(world, pinnacle, context, build_bookmaker("pinnacle", context))
    await made.bookmaker.open()
    yield made
    await made.bookmaker.close()
    await site.runner.cleanup()


def context_of(world: World, pinnacle: Simulated, url: str) -> VenueContext:
    credentials = {name: Secret(text) for name, text in pinnacle.demo_credentials(ACCOUNT).items()}
    return VenueContext(Account(1, "demo", "USD", credentials), world.clock, {"rest": url})


# --- placing -------------------------------------------------------------------------------------------------------


async def test_a_bet_is_taken_at_its_line(scene: Scene) -> None:
    bet = scene.intent()
    report = await scene.bookmaker.place(bet)
    assert (report.status, report.reference) == (BetStatus.CONFIRMED, bet.reference)
    assert (report.odds, report.stake) == (1_800_000, Decimal(10))
    balance = await scene.bookmaker.balance()
    assert (balance.free, balance.held, balance.currency) == (Decimal(9990), Decimal(10), "USD")


@pytest.mark.parametrize("outcome", list(PRICES))
async def test_a_bet_is_on_the_outcome_that_the_feed_names(scene: Scene, outcome: OutcomeKey) -> None:
    """Both orders of teams (visitors come first in basketball), all bet types and sides."""
    await scene.bookmaker.place(scene.intent(outcome))
    (taken,) = scene.pinnacle.book.bets.values()
    assert (taken.outcome, taken.price) == (outcome, Decimal(PRICES[outcome]))


async def test_a_line_that_moved_is_refused(scene: Scene) -> None:
    bet = scene.intent()
    scene.offer(SINNER, "1.7")
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(bet)
    assert (refused.value.reason, refused.value.code) == (Reason.PRICE, "LINE_CHANGED")
    assert scene.pinnacle.book.bets == {}


@pytest.mark.parametrize("accept_better", [True, False])
async def test_a_better_line_is_taken_only_where_it_is_wanted(scene: Scene, accept_better: bool) -> None:
    bet = scene.intent(accept_better=accept_better)
    scene.offer(SINNER, "1.9")
    if accept_better:
        assert (await scene.bookmaker.place(bet)).odds == 1_900_000
    else:
        with pytest.raises(Refused):
            await scene.bookmaker.place(bet)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"stake": Decimal("500.01")}, "ABOVE_MAX_BET_AMOUNT"), ({"stake": Decimal("1.99")}, "BELOW_MIN_BET_AMOUNT")],
)
async def test_a_stake_outside_the_limits_is_refused(scene: Scene, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(scene.intent(**changes))
    assert (refused.value.reason, refused.value.code) == (Reason.LIMIT, code)
    assert scene.balance == 10_000


async def test_a_part_is_taken_where_it_is_wanted(scene: Scene) -> None:
    report = await scene.bookmaker.place(scene.intent(stake=Decimal(700), accept_partial=True))
    assert (report.status, report.stake) == (BetStatus.CONFIRMED, Decimal(500))


async def test_a_stake_above_the_balance_is_refused(scene: Scene) -> None:
    scene.pinnacle.book.balances[ACCOUNT] = Decimal("9.99")
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(scene.intent())
    assert refused.value.reason is Reason.FUNDS


async def test_a_suspended_match_is_a_price_gone(scene: Scene) -> None:
    bet = scene.intent()
    scene.world.put_book(TENNIS, "pinnacle", suspended=True)
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(bet)
    assert (refused.value.reason, refused.value.code) == (Reason.PRICE, "OFFLINE_EVENT")


async def test_a_match_that_is_over_takes_no_bets(scene: Scene) -> None:
    bet = scene.intent()
    scene.world.put_fixture(replace(scene.world.fixtures[TENNIS], status_id=2))
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(bet)
    assert refused.value.reason is Reason.CLOSED


@pytest.mark.parametrize(
    ("code", "kind"),
    [("RESUBMIT_REQUEST", Unavailable), ("SYSTEM_ERROR_3", InDoubt), ("BLOCKED_BETTING", Refused)],
)
async def test_a_refusal_is_what_its_code_means(scene: Scene, code: str, kind: type[Exception]) -> None:
    scene.behave(rejectRate=1, rejectReason=code)
    with pytest.raises(kind, match=code):
        await scene.bookmaker.place(scene.intent())


async def test_a_venue_that_closed_is_not_asked_to_bet_until_it_opens(scene: Scene) -> None:
    scene.pinnacle.terms.betting = BettingStatus.CLOSED
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(scene.intent())
    assert refused.value.reason is Reason.CLOSED
    with pytest.raises(Unavailable):
        await scene.bookmaker.place(scene.intent(reference="8f5a5c0e-5d0c-4a0a-9b6e-2d9c5b7c0001"))
    scene.pinnacle.terms.betting = BettingStatus.ENABLED
    assert (await scene.bookmaker.place(scene.intent())).status is BetStatus.CONFIRMED


@pytest.mark.parametrize(
    "changes",
    [
        {"market_ref": "line/33/1002314/1/2/0"},
        {"market_ref": "special/33/1"},
        {"outcome_ref": "over"},
        {"stake": Decimal("10.005")},
        {"stake": Decimal(0)},
        {"currency": "EUR"},
    ],
)
async def test_what_is_malformed_never_leaves(scene: Scene, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(scene.intent(**changes))
    assert refused.value.reason is Reason.INVALID
    assert scene.pinnacle.book.bets == {}


# --- lost answers --------------------------------------------------------------------------------------------------


async def lose(scene: Scene, bet: BetIntent, **switches: Any) -> BetRef:
    """Sends a bet whose answer is lost; with `down` the bet never arrives, for all that it was sent."""
    await scene.bookmaker.line(
        bet.market_ref, bet.outcome_ref, bet.outcome
    )  # so that the league is known, and only the bet is sent
    scene.behave(**(switches or {"loseResponseRate": 1}))
    with pytest.raises(InDoubt):
        await scene.bookmaker.place(bet)
    scene.behave()
    return scene.ref(bet)


async def test_a_bet_that_could_not_be_prepared_was_not_sent(scene: Scene) -> None:
    scene.behave(down=True)
    with pytest.raises(Unavailable):
        await scene.bookmaker.place(scene.intent())


async def test_a_lost_answer_is_found_by_the_reference(scene: Scene) -> None:
    bet = scene.intent()
    ref = await lose(scene, bet)
    report = await scene.bookmaker.find(ref)
    assert report is not None
    assert (report.status, report.odds, report.stake) == (BetStatus.CONFIRMED, 1_800_000, Decimal(10))
    assert report.reference == bet.reference
    assert report.bet_ref == next(iter(scene.pinnacle.book.bets))


async def test_a_bet_that_never_arrived_is_proved_so_after_a_while(scene: Scene) -> None:
    ref = await lose(scene, scene.intent(), down=True)
    with pytest.raises(CannotTell):
        await scene.bookmaker.find(ref)
    scene.step(SURE_AFTER_MS / 1000)
    assert await scene.bookmaker.find(ref) is None
    assert scene.balance == 10_000


async def test_a_lost_bet_is_recognised_when_its_reference_is_forgotten(scene: Scene) -> None:
    ref = await lose(scene, scene.intent())
    scene.step(REMEMBERED_MS / 1000 + 120)
    report = await scene.bookmaker.find(ref)
    assert report is not None
    assert (report.reference, report.stake) == (ref.reference, Decimal(10))


async def test_nothing_is_proved_when_the_reference_is_forgotten(scene: Scene) -> None:
    ref = await lose(scene, scene.intent(), down=True)
    scene.step(REMEMBERED_MS / 1000 + 120)
    with pytest.raises(CannotTell):
        await scene.bookmaker.find(ref)


async def test_two_bets_alike_are_not_told_apart_when_forgotten(scene: Scene) -> None:
    """Both lost: which is which nobody can say."""
    first = await lose(scene, scene.intent())
    scene.step(120)
    await lose(scene, scene.intent(reference="8f5a5c0e-5d0c-4a0a-9b6e-2d9c5b7c0001"))
    scene.step(REMEMBERED_MS / 1000 + 120)
    with pytest.raises(CannotTell):
        await scene.bookmaker.find(first)


async def test_a_second_request_under_the_reference_answers_the_first_bet(scene: Scene) -> None:
    bet = scene.intent()
    ref = await lose(scene, bet)
    report = await scene.bookmaker.place(bet)
    assert (report.status, report.reference) == (BetStatus.CONFIRMED, ref.reference)
    assert len(scene.pinnacle.book.bets) == 1
    assert scene.balance == 9990


# --- live delay ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def pending(scene: Scene) -> BetRef:
    """A live bet that waits for six seconds."""
    scene.pinnacle.terms.live_delay_s = 6.0
    scene.go_live()
    bet = scene.intent(is_live=True)
    report = await scene.bookmaker.place(bet)
    assert (report.status, report.bet_ref) == (BetStatus.PLACED, None)
    found = await scene.bookmaker.find(scene.ref(bet))
    assert found is not None
    assert found.status is BetStatus.PLACED
    return scene.ref(bet)


async def test_a_live_bet_is_accepted_after_its_delay(scene: Scene, pending: BetRef) -> None:
    scene.step(6)
    report = await scene.bookmaker.find(pending)
    assert report is not None
    assert (report.status, report.odds, report.stake) == (BetStatus.CONFIRMED, 1_800_000, Decimal(10))


async def test_a_live_bet_whose_price_fell_is_not_accepted(scene: Scene, pending: BetRef) -> None:
    scene.offer(SINNER, "1.6")
    scene.step(6)
    report = await scene.bookmaker.find(pending)
    assert report is not None
    assert report.status is BetStatus.REJECTED
    assert scene.balance == 10_000


# --- settlement ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "result", "settlement", "payout"),
    [
        (SINNER, WON, WON, "18"),
        (SINNER, LOST, LOST, "0"),
        (SINNER, VOID, VOID, "10"),
        (OVER, VOID, BetSettlement.PUSH, "10"),
        (HOME_SPREAD, SettlementStatus.HALF_WON, SettlementStatus.HALF_WON, "15.10"),
        (AWAY_SPREAD, SettlementStatus.HALF_LOST, SettlementStatus.HALF_LOST, "5"),
    ],
)
async def test_a_settled_bet_pays_what_the_world_paid(
    scene: Scene, outcome: OutcomeKey, result: SettlementStatus, settlement: BetSettlement, payout: str
) -> None:
    placed = await scene.bookmaker.place(scene.intent(outcome))
    scene.step(3600)
    scene.world.settle(outcome.fixture_id, {outcome.outcome_id: result})
    (report,) = await scene.bookmaker.settled(scene.world.clock.now_ms())
    assert (report.settlement, report.payout) == (settlement, Decimal(payout))
    assert (report.bet_ref, report.reference) == (placed.bet_ref, placed.reference)
    assert scene.balance == 9990 + Decimal(payout)


async def test_a_bet_settled_again_is_told_as_it_is_now(scene: Scene) -> None:
    await scene.bookmaker.place(scene.intent())
    scene.world.settle(TENNIS, {121: WON, 122: LOST})
    (first,) = await scene.bookmaker.settled(scene.world.clock.now_ms())
    scene.step(7200)
    scene.world.settle(TENNIS, {121: LOST, 122: WON})
    (second,) = await scene.bookmaker.settled(scene.world.clock.now_ms())
    assert (first.settlement, second.settlement, second.payout) == (WON, LOST, Decimal(0))
    assert first.bet_ref == second.bet_ref


async def test_a_bet_that_is_open_is_not_settled(scene: Scene) -> None:
    placed = await scene.bookmaker.place(scene.intent())
    assert await scene.bookmaker.settled(0) == []
    report = await scene.bookmaker.find(scene.ref(scene.intent(), placed.bet_ref))
    assert report is not None
    assert (report.status, report.settlement) == (BetStatus.CONFIRMED, None)


async def test_a_settled_bet_is_found_by_its_id(scene: Scene) -> None:
    placed = await scene.bookmaker.place(scene.intent())
    scene.world.settle(TENNIS, {121: WON, 122: LOST})
    report = await scene.bookmaker.find(scene.ref(scene.intent(), placed.bet_ref))
    assert report is not None
    assert (report.settlement, report.payout) == (WON, Decimal(18))


# --- the present offer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [SINNER, LAKERS, CELTICS, DRAW, OVER, AWAY_SPREAD])
async def test_a_line_is_the_worlds_offer(scene: Scene, outcome: OutcomeKey) -> None:
    bet = scene.intent(outcome)
    line = await scene.bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    assert line is not None
    assert line.odds == bet.odds
    assert (line.min_stake, line.max_stake, line.currency) == (Decimal(2), Decimal(500), "USD")


async def test_a_bet_on_the_line_just_told_is_taken(scene: Scene) -> None:
    old = scene.intent()
    scene.offer(SINNER, "1.7")
    line = await scene.bookmaker.line(old.market_ref, old.outcome_ref, old.outcome)
    assert line is not None
    report = await scene.bookmaker.place(replace(old, market_ref=line.market_ref, odds=line.odds))
    assert (report.status, report.odds) == (BetStatus.CONFIRMED, 1_700_000)


async def test_a_line_that_is_not_offered_is_none(scene: Scene) -> None:
    bet = scene.intent()
    scene.offer(SINNER, "1.8", active=False)
    assert await scene.bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome) is None


async def test_a_line_is_not_asked_for_in_a_loop(scene: Scene) -> None:
    bet = scene.intent()
    await scene.bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    with pytest.raises(Unavailable) as error:
        await scene.bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    assert error.value.retry_after_s is not None
    scene.step(error.value.retry_after_s)
    assert await scene.bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome) is not None


# --- the account ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stranger(scene: Scene) -> Callable[..., Bookmaker]:
    """A connector with other credentials or another currency."""

    def build(currency: str = "USD", **credentials: str) -> Bookmaker:
        secrets = {**scene.context.account.credentials, **{name: Secret(text) for name, text in credentials.items()}}
        account = replace(scene.context.account, currency=currency, credentials=secrets)
        return build_bookmaker("pinnacle", replace(scene.context, account=account))

    return build


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"password": "wrong"}, Reason.AUTH),
        ({"username": "nobody"}, Reason.AUTH),
        ({"currency": "EUR"}, Reason.ACCOUNT),
    ],
)
async def test_a_wrong_account_is_told_at_once(
    stranger: Callable[..., Bookmaker], given: dict[str, str], reason: Reason
) -> None:
    bookmaker = stranger(**given)
    with pytest.raises(Refused) as refused:
        await bookmaker.open()
    assert refused.value.reason is reason
    assert "wrong" not in str(refused.value)
    await bookmaker.close()


async def test_an_account_without_access_is_told_so(scene: Scene) -> None:
    scene.pinnacle.terms.has_api_access = False
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(scene.intent())
    assert (refused.value.reason, refused.value.code) == (Reason.ACCOUNT, "NO_API_ACCESS")
    assert scene.pinnacle.book.bets == {}
