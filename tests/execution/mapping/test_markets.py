"""Which market a contract asks about, and which outcome it pays on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.ids import MarketId, OutcomeId
from hedgerow.execution.mapping.candidates import Schedule, candidates
from hedgerow.execution.mapping.evidence import Candidate
from hedgerow.execution.mapping.facts import FixtureFacts, MarketFacts
from hedgerow.execution.mapping.markets import Target, is_draw, target_of
from hedgerow.venues.base import Listing

from .mappingkit import MARKETS, Known, Listed, two_way

FULHAM_LEEDS = ("Fulham", "Leeds")


@pytest.fixture
def soccer(known: Known) -> FixtureFacts:
    return known("Fulham FC", "Leeds United", sport="soccer", tournament="Premier League")


def candidate_of(listing: Listing, fixture: FixtureFacts) -> Candidate:
    return candidates(listing, listing.participants, Schedule([fixture]), lambda _: True)[0]


def target(listing: Listing, fixture: FixtureFacts, markets: tuple[MarketFacts, ...] | None = None) -> Target:
    known = MARKETS[fixture.sport] if markets is None else markets
    return target_of(listing, listing.participants, candidate_of(listing, fixture), known)


@pytest.mark.parametrize(("outcome", "opposite", "buys", "sells"), [("S", "A", 121, 122), ("A", "S", 122, 121)])
def test_a_winner_is_bought_and_the_other_sold(
    listed: Listed, known: Known, outcome: str, opposite: str, buys: int, sells: int
) -> None:
    names = {"S": "Jannik Sinner", "A": "Carlos Alcaraz"}
    listing = listed(names[outcome], names[opposite], participants=("Jannik Sinner", "Carlos Alcaraz"))
    found = target(listing, known())
    assert (found.market.market_id, found.buys, found.sells, found.doubt) == (121, buys, sells, None)


def test_rotated_participants_change_the_outcomes_not_the_winner(listed: Listed, known: Known) -> None:
    found = target(listed(), known("Alcaraz, Carlos", "Sinner, Jannik"))
    assert (found.buys, found.sells) == (122, 121)


@pytest.mark.parametrize(("outcome", "buys"), [("Fulham", 101), ("Draw (Fulham vs. Leeds)", 102), ("Leeds", 103)])
def test_three_results_are_bought_and_none_is_sold(
    listed: Listed, soccer: FixtureFacts, outcome: str, buys: int
) -> None:
    listing = listed(outcome, None, participants=FULHAM_LEEDS, sport="soccer", market_type="1x2", period="fulltime")
    found = target(listing, soccer)
    assert (found.market.market_id, found.buys, found.sells) == (101, buys, None)


@pytest.mark.parametrize(
    ("outcome", "opposite", "line", "market_id", "buys", "sells"),
    [
        ("Over", "Under", "2.5", 1010, 1010, 1011),
        ("Under 2.5", "Over 2.5", "2.50", 1010, 1011, 1010),
        ("Over", None, "2.5", 1010, 1010, None),
    ],
)
def test_totals_are_found_by_their_line(
    listed: Listed,
    soccer: FixtureFacts,
    outcome: str,
    opposite: str | None,
    line: str,
    market_id: int,
    buys: int,
    sells: int | None,
) -> None:
    listing = listed(
        outcome,
        opposite,
        participants=FULHAM_LEEDS,
        sport="soccer",
        market_type="totals",
        period="fulltime",
        line=Decimal(line),
    )
    found = target(listing, soccer)
    assert (found.market.market_id, found.buys, found.sells) == (market_id, buys, sells)


@pytest.mark.parametrize(
    ("outcome", "opposite", "line", "market_id", "buys"),
    [
        ("Fulham", "Leeds", "-0.5", 1068, 1068),
        ("Leeds", "Fulham", "0.5", 1068, 1069),
        ("Fulham", "Leeds", "0.5", 1076, 1076),
        ("Leeds", "Fulham", "-0.5", 1076, 1077),
    ],
)
def test_the_line_of_a_spread_is_turned_to_participant_one(
    listed: Listed, soccer: FixtureFacts, outcome: str, opposite: str, line: str, market_id: int, buys: int
) -> None:
    listing = listed(
        outcome,
        opposite,
        participants=FULHAM_LEEDS,
        sport="soccer",
        market_type="spreads",
        period="fulltime",
        line=Decimal(line),
    )
    found = target(listing, soccer)
    assert (found.market.market_id, found.buys) == (market_id, buys)


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"market_type": None}, "does not say what kind"),
        ({"market_type": "correctscore"}, "type correctscore are not mapped"),
        ({"market_type": "spreads"}, "no spreads result market of this line"),
        ({"period": None}, "no moneyline None market"),
        ({"period": "fulltime"}, "no moneyline fulltime market"),
        ({"market_type": "totals", "line": Decimal(3)}, "neither over nor under"),
        ({"outcome": "Yes", "opposite": "No", "participants": ("Jannik Sinner", "Carlos Alcaraz")}, "'Yes' is not one"),
        ({"opposite": "Jannik Sinner", "participants": ("Jannik Sinner", "Carlos Alcaraz")}, "one outcome"),
    ],
)
def test_what_does_not_name_one_outcome_is_doubted(
    listed: Listed, known: Known, changes: dict[str, object], doubt: str
) -> None:
    found = target(listed(**changes), known())
    assert found.doubt is not None
    assert doubt in found.doubt
    assert (found.buys, found.sells) == (None, None)


def test_hockey_with_overtime_is_not_the_regulation_result(listed: Listed, known: Known) -> None:
    names = ("Boston", "Chicago")
    fixture = known("Boston Bruins", "Chicago Blackhawks", sport="ice-hockey", tournament="NHL")
    regulation = listed(*names, sport="ice-hockey", market_type="moneyline", period="fulltime")
    found = target(regulation, fixture)
    assert found.doubt == "the feed has no moneyline fulltime market of this line"
    assert found.market.others == ("1x2 fulltime", "moneyline result")


@pytest.mark.parametrize("names", [("1", "X"), ("2", "1"), ("1",), ("1", "2", "3"), ("Yes", "No")])
def test_a_market_with_other_outcomes_than_its_type_is_not_used(
    listed: Listed, known: Known, names: tuple[str, ...]
) -> None:
    odd = MarketFacts(MarketId(121), "moneyline", "result", None, (OutcomeId(121), OutcomeId(122)), names)
    found = target(listed(), known(), (odd,))
    assert found.doubt == "market 121 has other outcomes than a moneyline has"


def test_two_markets_of_one_question_are_a_doubt(listed: Listed, known: Known) -> None:
    found = target(listed(), known(), (two_way(121), two_way(990)))
    assert found.doubt == "the feed has 2 moneyline result market of this line"


@pytest.mark.parametrize(("text", "answer"), [("Draw", True), ("Tie", True), ("Drawn FC", False), ("", False)])
def test_a_draw_is_known(text: str, answer: object) -> None:
    assert is_draw(text) is answer


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    is_rotated=st.booleans(),
    is_first=st.booleans(),
    kind=st.sampled_from(["moneyline", "spreads"]),
    line=st.sampled_from(["-0.5", "0.5"]),
)
def test_both_contracts_of_a_market_are_opposite_in_one_market(
    listed: Listed, soccer: FixtureFacts, is_rotated: bool, is_first: bool, kind: str, line: str
) -> None:
    names = FULHAM_LEEDS[::-1] if is_rotated else FULHAM_LEEDS
    outcome, opposite = names if is_first else names[::-1]
    markets = (*MARKETS["soccer"], two_way(10728, period="fulltime"))
    more = {"participants": names, "sport": "soccer", "market_type": kind, "period": "fulltime"}
    one = target(listed(outcome, opposite, line=Decimal(line), **more), soccer, markets)
    other = target(listed(opposite, outcome, line=-Decimal(line), **more), soccer, markets)
    assert one.market.market_id == other.market.market_id is not None
    assert (one.buys, one.sells) == (other.sells, other.buys)
    assert one.buys != one.sells
