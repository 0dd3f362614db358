"""Verdicts: realistic pairs of what exchanges and the feed call one match, and everything that makes a doubt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, OutcomeId
from hedgerow.core.states import FixtureStatus
from hedgerow.execution.mapping import Decision, Facts, FixtureFacts, Mapping, Participant, Verdict, map_listings
from hedgerow.execution.mapping.clubs import teams_of
from hedgerow.execution.mapping.evidence import NameRule
from hedgerow.execution.mapping.matching import BY_OPERATOR, LARGEST_PRICE_GAP
from hedgerow.venues.base import Listing

from .mappingkit import MARKETS, START_MS, Known, Listed, MapOne

GAMMA = "data/polymarket/gamma_sports_markets.jsonl"
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
CONFIRM, REJECT = Decision(is_confirmed=True), Decision(is_confirmed=False)

# sport, the exchange's names and competition, the feed's names and tournament.
GOLDEN = [
    ("tennis", "Jannik Sinner", "Carlos Alcaraz", "ATP", "Sinner, Jannik", "Alcaraz Garfia, Carlos", "ATP Finals"),
    ("tennis", "Iga Swiatek", "Aryna Sabalenka", "WTA", "Świątek, Iga", "Sabalenka, Aryna", "WTA Madrid"),
    ("tennis", "Qinwen Zheng", "Coco Gauff", None, "Zheng, Qinwen", "Gauff, Cori Coco", "WTA Rome"),
    ("tennis", "C. Alcaraz", "F. Auger-Aliassime", None, "Alcaraz, Carlos", "Auger-Aliassime, Felix", "US Open"),
    ("tennis", "Serena Williams", "Venus Williams", "WTA", "Serena Williams", "Venus Williams", "US Open"),
    ("cricket", "Runner 228749", "Runner 2857977", None, "Runner 228749", "Runner 2857977", "Recorded Cricket"),
    ("tennis", "Botic van de Zandschulp", "Shang", None, "Van De Zandschulp, Botic", "Shang, Juncheng", "Umag"),
    ("cricket", "Mumbai Indians", "Royal Challengers Bengaluru", "IPL", "MI", "Royal Challengers Bangalore", "IPL"),
    ("cricket", "CSK", "KKR", "Indian Premier League", "Chennai Super Kings", "Kolkata Knight Riders", "IPL"),
    ("cricket", "India", "United States", "T20 World Cup", "India", "USA", "T20 World Cup"),
    ("basketball", "Lakers", "76ers", "NBA", "Los Angeles Lakers", "Philadelphia 76ers", "NBA"),
    ("basketball", "Los Angeles L", "Utah", "Pro Basketball (M)", "Los Angeles Lakers", "Utah Jazz", "NBA"),
    ("basketball", "Memphis", "Utah", "Pro Basketball (M)", "Memphis Grizzlies", "Utah Jazz", "NBA"),
    ("basketball", "Indiana", "Chicago", "Pro Basketball (W)", "Indiana Fever", "Chicago Sky", "WNBA"),
    ("basketball", "Real Madrid", "Anadolu Efes", None, "Real Madrid", "Anadolu Efes Istanbul", "Euroleague"),
    ("ice-hockey", "Rangers", "Maple Leafs", "NHL", "New York Rangers", "Toronto Maple Leafs", "NHL"),
    ("ice-hockey", "New York R", "St. Louis", "Pro Hockey", "New York Rangers", "St. Louis Blues", "NHL"),
    ("ice-hockey", "Montreal", "Utah", "NHL", "Montréal Canadiens", "Utah Mammoth", "NHL"),
    ("baseball", "Chicago WS", "A's", "Pro Baseball", "Chicago White Sox", "Athletics", "MLB"),
    ("esport-counter-strike", "NAVI", "Vitality", "CS2", "Natus Vincere", "Team Vitality", "IEM Katowice"),
    ("esport-counter-strike", "FaZe", "The MongolZ", None, "FaZe Clan", "The Mongolz", "BLAST Open"),
    ("esport-league-of-legends", "BLG", "T1", "LoL", "Bilibili Gaming", "T1", "Worlds 2026"),
    ("esport-league-of-legends", "Gen.G", "Hanwha Life Esports", None, "Gen.G Esports", "HLE", "LCK 2026"),
]

# The same form, of soccer's three results.
GOLDEN_SOCCER = [
    ("Fulham FC", "Leeds United FC", "EPL", "Fulham FC", "Leeds United", "Premier League"),
    ("Man Utd", "Wolves", "English Premier League", "Manchester United", "Wolverhampton Wanderers", "Premier League"),
    ("Bayern Munich", "1. FC Koeln", "Bundesliga", "FC Bayern München", "1. FC Köln", "Bundesliga"),
    ("Paris Saint-Germain FC", "Inter Milan", "UCL", "PSG", "Internazionale", "UEFA Champions League"),
    ("Atletico Madrid", "Real Betis", "La Liga", "Atlético de Madrid", "Real Betis Balompie", "LaLiga"),
    ("South Korea", "Cote d'Ivoire", None, "Republic of Korea", "Ivory Coast", "Int. Friendly Games"),
]


@pytest.mark.parametrize(("sport", "one", "other", "competition", "known_one", "known_other", "tournament"), GOLDEN)
@pytest.mark.parametrize("is_rotated", [False, True], ids=["straight", "rotated"])
def test_the_winner_of_a_match_is_proved(
    listed: Listed,
    known: Known,
    sport: str,
    one: str,
    other: str,
    competition: str | None,
    known_one: str,
    known_other: str,
    tournament: str,
    is_rotated: bool,
) -> None:
    names = (known_other, known_one) if is_rotated else (known_one, known_other)
    fixture = known(*names, sport=sport, tournament=tournament, starts_at_ms=START_MS + 10 * MINUTE_MS)
    pair = {"participants": (one, other), "sport": sport, "competition": competition}
    contracts = [listed(one, other, **pair), listed(other, one, **pair)]
    mappings = map_listings(contracts, Facts((fixture,), MARKETS))
    (winner,) = [market for market in MARKETS[sport] if market.market_type == "moneyline" and market.period == "result"]
    ids = winner.outcome_ids[::-1] if is_rotated else winner.outcome_ids
    assert [mapping.evidence.doubts for mapping in mappings] == [(), ()]
    assert [(mapping.verdict, mapping.reason) for mapping in mappings] == [(Verdict.PROVED, "")] * 2
    assert [(mapping.buys, mapping.sells) for mapping in mappings] == [ids, ids[::-1]]
    assert {(mapping.fixture_id, mapping.market_id) for mapping in mappings} == {("id1", winner.market_id)}


@pytest.mark.parametrize(("one", "other", "competition", "known_one", "known_other", "tournament"), GOLDEN_SOCCER)
def test_the_three_results_of_a_soccer_match_are_proved(
    listed: Listed,
    known: Known,
    one: str,
    other: str,
    competition: str | None,
    known_one: str,
    known_other: str,
    tournament: str,
) -> None:
    fixture = known(known_one, known_other, sport="soccer", tournament=tournament)
    more = {"participants": (one, other), "sport": "soccer", "market_type": "1x2", "period": "fulltime"}
    contracts = [
        listed(outcome, None, competition=competition, market_ref=outcome, **more) for outcome in (one, "Draw", other)
    ]
    mappings = map_listings(contracts, Facts((fixture,), MARKETS))
    assert [mapping.evidence.doubts for mapping in mappings] == [()] * 3
    assert [(mapping.verdict, mapping.buys, mapping.sells) for mapping in mappings] == [
        (Verdict.PROVED, outcome, None) for outcome in (101, 102, 103)
    ]


# Who does not play whom the exchange says: sport, the exchange's names and competition, the feed's, and the doubt.
STRANGERS = [
    ("tennis", "Venus Williams", "Coco Gauff", None, "Williams, Serena", "Gauff, Coco", "Wimbledon", "is not"),
    ("tennis", "Williams", "Williams", None, "Williams, Venus", "Williams, Serena", "Wimbledon", "both ways"),
    ("tennis", "Cerundolo", "Wang", None, "Cerundolo, Francisco", "Wang, Xiyu", "Umag", "more than in part"),
    ("tennis", "Krawietz/Puetz", "Sinner", None, "Krawietz, Kevin", "Sinner, Jannik", "Halle", "is not"),
    ("tennis", "Alexander Zverev", "Jannik Sinner", None, "Zverev, Aleksander", "Sinner, Jannik", "Rome", "similar"),
    ("basketball", "Memphis", "Utah", "College Basketball (M)", "Memphis Grizzlies", "Utah Jazz", "NBA", "part"),
    ("basketball", "Memphis", "Utah", None, "Memphis Grizzlies", "Utah Jazz", "NBA", "more than in part"),
    ("basketball", "Fever", "Sky", "NBA", "Indiana Fever", "Chicago Sky", "WNBA", "leagues differ"),
    ("basketball", "Los Angeles", "Los Angeles", "NBA", "Los Angeles Lakers", "Los Angeles Clippers", "NBA", "both"),
    ("basketball", "Gonzaga Bulldogs", "Duke", "CBB", "Gonzaga Bulldogs", "Duke", "Maui Invitational", "marks differ"),
    ("soccer", "Chelsea", "Arsenal", "EPL", "Chelsea FC", "Arsenal FC", "Women's Super League", "marks differ"),
    ("soccer", "Benfica", "Porto", None, "SL Benfica U19", "FC Porto U19", "Youth League", "marks differ"),
    ("soccer", "Bayern Munich", "Ulm", None, "FC Bayern München II", "Ulm", "Regionalliga", "marks differ"),
    ("soccer", "Real Madrid", "Valencia", None, "Real Sociedad", "Valencia CF", "LaLiga", "is not"),
    ("soccer", "Manchester", "Bristol", None, "Manchester United", "Bristol Rovers", "FA Cup", "more than in part"),
    ("cricket", "England", "India", None, "England", "India", "Test Series England vs India", "may be drawn"),
    ("cricket", "England", "India", None, "England Women", "India Women", "T20 Series", "marks differ"),
    ("esport-counter-strike", "NAVI", "G2", None, "Natus Vincere Junior", "G2 Esports", "ESEA", "is not"),
]


@pytest.mark.parametrize(
    ("sport", "one", "other", "competition", "known_one", "known_other", "tournament", "doubt"), STRANGERS
)
def test_doubtful_names_are_quarantined(
    listed: Listed,
    known: Known,
    map_one: MapOne,
    sport: str,
    one: str,
    other: str,
    competition: str | None,
    known_one: str,
    known_other: str,
    tournament: str,
    doubt: str,
) -> None:
    fixture = known(known_one, known_other, sport=sport, tournament=tournament)
    listing = listed(one, other, sport=sport, competition=competition)
    mapping = map_one(listing, fixture)
    assert mapping.verdict is Verdict.QUARANTINED
    assert any(doubt in said for said in mapping.evidence.doubts), mapping.evidence.doubts


def test_doubles_are_not_singles(listed: Listed, known: Known, map_one: MapOne) -> None:
    fixture = known("Sinner, Jannik", "Alcaraz, Carlos", tournament="Rome Doubles")
    assert map_one(listed(), fixture).reason == "marks differ: the venue has none, the feed doubles"


# --- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "verdict"), [(360, Verdict.PROVED), (-360, Verdict.PROVED)])
def test_a_start_within_the_tolerance_is_proved(
    listed: Listed, known: Known, map_one: MapOne, minutes: int, verdict: Verdict
) -> None:
    assert map_one(listed(), known(starts_at_ms=START_MS + minutes * MINUTE_MS)).verdict is verdict


@pytest.mark.parametrize("minutes", [361, -361, 36 * 60])
def test_another_start_is_quarantined(listed: Listed, known: Known, map_one: MapOne, minutes: int) -> None:
    mapping = map_one(listed(), known(starts_at_ms=START_MS + minutes * MINUTE_MS))
    assert (mapping.verdict, mapping.reason) == (
        Verdict.QUARANTINED,
        f"the starts are {abs(minutes)} minutes apart",
    )


@pytest.mark.parametrize("side", ["venue", "feed"])
def test_an_unknown_start_is_quarantined(listed: Listed, known: Known, map_one: MapOne, side: str) -> None:
    listing = listed(starts_at_ms=None if side == "venue" else START_MS)
    mapping = map_one(listing, known(starts_at_ms=None if side == "feed" else START_MS))
    assert (mapping.verdict, mapping.reason) == (Verdict.QUARANTINED, "a start is not known")


def test_the_second_game_of_the_day_is_not_the_first(listed: Listed, known: Known, map_one: MapOne) -> None:
    names = {"sport": "baseball", "tournament": "MLB"}
    first = known("Chicago White Sox", "Athletics", fixture_id=FixtureId("id1"), **names)
    second = replace(first, fixture_id=FixtureId("id2"), starts_at_ms=START_MS + 4 * HOUR_MS)
    listing = listed("White Sox", "Athletics", sport="baseball", starts_at_ms=START_MS + 4 * HOUR_MS)
    mapping = map_one(listing, first, second)
    assert (mapping.verdict, mapping.fixture_id) == (Verdict.PROVED, "id2")
    assert mapping.evidence.runner_up is not None
    assert mapping.evidence.runner_up.fixture_id == "id1"


@pytest.mark.parametrize("other_start", [START_MS, START_MS + HOUR_MS, None])
def test_two_matches_that_fit_are_quarantined(
    listed: Listed, known: Known, map_one: MapOne, other_start: int | None
) -> None:
    twin = known(fixture_id=FixtureId("id2"), starts_at_ms=other_start)
    mapping = map_one(listed(), known(), twin)
    assert (mapping.verdict, mapping.reason) == (Verdict.QUARANTINED, "match id2 fits as well")


def test_a_match_without_a_start_is_a_rival_beside_one_that_is_far(
    listed: Listed, known: Known, map_one: MapOne
) -> None:
    far = known(fixture_id=FixtureId("id2"), starts_at_ms=START_MS + 20 * HOUR_MS)
    unknown = known(fixture_id=FixtureId("id3"), starts_at_ms=None)
    assert map_one(listed(), known(), far, unknown).reason == "match id3 fits as well"


def test_another_match_of_one_player_is_no_match(listed: Listed, known: Known, map_one: MapOne) -> None:
    tomorrow = known(other="Zverev, Alexander", starts_at_ms=START_MS + 24 * HOUR_MS)
    mapping = map_one(listed(), tomorrow)
    assert (mapping.verdict, mapping.fixture_id) == (Verdict.NO_MATCH, None)


def test_one_name_at_that_very_time_is_quarantined(listed: Listed, known: Known, map_one: MapOne) -> None:
    mapping = map_one(listed(), known(other="Zverev, Alexander"))
    assert mapping.verdict is Verdict.QUARANTINED
    assert mapping.reason == "'Carlos Alcaraz' is not 'Zverev, Alexander', though the other name fits"


# --- what is asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sport", "names", "changes"),
    [
        ("ice-hockey", ("New York Rangers", "Boston Bruins"), {"period": "fulltime"}),
        ("soccer", ("Fulham FC", "Leeds United"), {"period": "result"}),
        ("tennis", ("Sinner, Jannik", "Alcaraz, Carlos"), {"period": "p2"}),
        ("american-football", ("Buffalo Bills", "Miami Dolphins"), {}),
    ],
)
def test_another_period_or_family_is_quarantined(
    listed: Listed, known: Known, map_one: MapOne, sport: str, names: tuple[str, str], changes: dict[str, str]
) -> None:
    mapping = map_one(listed(*names, sport=sport, **changes), known(*names, sport=sport, tournament="A Cup"))
    assert mapping.verdict is Verdict.QUARANTINED
    assert "the feed has no moneyline" in mapping.reason
    assert mapping.buys is None


def test_the_first_set_is_not_the_match(listed: Listed, known: Known, map_one: MapOne) -> None:
    mapping = map_one(listed(period="p1"), known())
    assert (mapping.verdict, mapping.market_id, mapping.buys) == (Verdict.PROVED, 123, 123)


@pytest.mark.parametrize("market_type", ["1x2", "spreads", "totals"])
def test_rotated_participants_are_only_right_for_a_two_way_winner(
    listed: Listed, known: Known, map_one: MapOne, market_type: str
) -> None:
    outcome, opposite = ("Over", "Under") if market_type == "totals" else ("Leeds", "Fulham")
    listing = listed(
        outcome,
        opposite,
        participants=("Leeds", "Fulham"),
        sport="soccer",
        market_type=market_type,
        period="fulltime",
        line=Decimal("2.5") if market_type == "totals" else Decimal("0.5"),
    )
    mapping = map_one(listing, known("Fulham FC", "Leeds United", sport="soccer", tournament="Premier League"))
    assert mapping.reason == "the venue has the participants the other way round"


def test_an_open_contract_on_a_match_that_is_over_is_quarantined(listed: Listed, known: Known, map_one: MapOne) -> None:
    over = known(status=FixtureStatus.FINISHED)
    assert map_one(listed(), over).reason == "the match is over and the contract is open"
    assert map_one(listed(is_open=False), over).verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sport": None}, "the venue does not name the sport"),
        ({"opposite": None, "participants": ("Jannik Sinner",)}, "the venue names only 'Jannik Sinner'"),
    ],
)
def test_what_the_venue_does_not_say_is_a_doubt(
    listed: Listed, known: Known, map_one: MapOne, changes: dict[str, Any], reason: str
) -> None:
    mapping = map_one(listed(**changes), known())
    assert (mapping.verdict, mapping.reason) == (Verdict.QUARANTINED, reason)


@pytest.mark.parametrize("participants", [("...", "Alcaraz"), ("a", "b", "c"), ("Sinner", "")])
def test_contracts_without_two_names_have_no_match(
    listed: Listed, known: Known, map_one: MapOne, participants: tuple[str, ...]
) -> None:
    listing = listed(participants=participants, market_type="1x2", opposite=None)
    mapping = map_one(listing, known())
    assert (mapping.verdict, mapping.reason) == (Verdict.NO_MATCH, "the venue names no participants")


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [
        (LARGEST_PRICE_GAP, Verdict.PROVED),
        (-LARGEST_PRICE_GAP, Verdict.PROVED),
        (LARGEST_PRICE_GAP + Decimal("0.01"), Verdict.QUARANTINED),
        (-LARGEST_PRICE_GAP - Decimal("0.01"), Verdict.QUARANTINED),
        (None, Verdict.PROVED),
    ],
)
def test_a_price_far_from_the_feeds_is_quarantined(
    listed: Listed, known: Known, map_one: MapOne, gap: Decimal | None, verdict: Verdict
) -> None:
    mapping = map_one(listed(), known(), price_gap=lambda *_: gap)
    assert (mapping.verdict, mapping.evidence.price_gap) == (verdict, gap)


# --- the operator --------------------------------------------------------------------------------------------------


def doubted(known: Known) -> FixtureFacts:
    """A match that fits but for its start."""
    return known(starts_at_ms=START_MS + 7 * HOUR_MS)


@pytest.mark.parametrize("fixture_id", [None, FixtureId("id1")])
def test_a_confirmed_pair_is_proved_with_its_doubts(
    listed: Listed, known: Known, map_one: MapOne, fixture_id: FixtureId | None
) -> None:
    listing = listed()
    decisions = {listing.instrument.ref: Decision(is_confirmed=True, fixture_id=fixture_id)}
    mapping = map_one(listing, doubted(known), decisions=decisions)
    assert (mapping.verdict, mapping.reason, mapping.buys) == (Verdict.PROVED, BY_OPERATOR, 121)
    assert mapping.evidence.doubts == ("the starts are 420 minutes apart",)
    assert mapping.evidence.decision == "CONFIRMED"


def test_a_confirmed_match_is_taken_before_a_better_one(listed: Listed, known: Known, map_one: MapOne) -> None:
    listing = listed()
    better = known(fixture_id=FixtureId("id2"))
    decisions = {listing.instrument.ref: Decision(is_confirmed=True, fixture_id=FixtureId("id1"))}
    mapping = map_one(listing, doubted(known), better, decisions=decisions)
    assert (mapping.verdict, mapping.fixture_id) == (Verdict.PROVED, "id1")


def test_a_confirmed_match_that_is_not_there_is_quarantined(listed: Listed, known: Known, map_one: MapOne) -> None:
    listing = listed()
    decisions = {listing.instrument.ref: Decision(is_confirmed=True, fixture_id=FixtureId("id9"))}
    mapping = map_one(listing, known(), decisions=decisions)
    assert mapping.verdict is Verdict.QUARANTINED
    assert (mapping.fixture_id, mapping.buys) == (None, None)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"period": "p2"}, ("Sinner, Jannik", "Alcaraz, Carlos")),
        ({"outcome": "Williams", "opposite": "V. Williams"}, ("Williams, Venus", "Williams, Vera")),
    ],
)
def test_nobody_can_confirm_what_names_no_outcome(
    listed: Listed, known: Known, map_one: MapOne, changes: dict[str, str], names: tuple[str, str]
) -> None:
    listing = listed(**changes)
    mapping = map_one(listing, known(*names), decisions={listing.instrument.ref: CONFIRM})
    assert mapping.verdict is Verdict.QUARANTINED


@pytest.mark.parametrize("fixture_id", [None, FixtureId("id1")])
def test_a_rejected_pair_is_not_proposed_again(
    listed: Listed, known: Known, map_one: MapOne, fixture_id: FixtureId | None
) -> None:
    listing = listed()
    decisions = {listing.instrument.ref: Decision(is_confirmed=False, fixture_id=fixture_id)}
    mapping = map_one(listing, known(), decisions=decisions)
    assert (mapping.verdict, mapping.reason) == (Verdict.NO_MATCH, "rejected by an operator")
    assert mapping.evidence.decision == "REJECTED"


def test_a_rejected_match_leaves_the_others_open(listed: Listed, known: Known, map_one: MapOne) -> None:
    listing = listed()
    decisions = {listing.instrument.ref: Decision(is_confirmed=False, fixture_id=FixtureId("id1"))}
    mapping = map_one(listing, known(), known(fixture_id=FixtureId("id2")), decisions=decisions)
    assert (mapping.verdict, mapping.fixture_id) == (Verdict.PROVED, "id2")


# --- contracts among each other ------------------------------------------------------------------------------------


@pytest.fixture
def pair(listed: Listed) -> list[Listing]:
    """Both contracts of one market."""
    names = ("Jannik Sinner", "Carlos Alcaraz")
    return [listed(*names), listed(*names[::-1], participants=names)]


def verdicts(mappings: list[Mapping]) -> list[Verdict]:
    return [mapping.verdict for mapping in mappings]


def test_a_rejected_contract_takes_the_other_of_its_market_with_it(pair: list[Listing], known: Known) -> None:
    mappings = map_listings(pair, Facts((known(),), MARKETS, {pair[0].instrument.ref: REJECT}))
    assert verdicts(mappings) == [Verdict.NO_MATCH, Verdict.QUARANTINED]
    assert mappings[1].reason == "contract ref-Jannik Sinner of the same market is not proved"


def test_a_confirmed_contract_stands_without_the_other(pair: list[Listing], known: Known) -> None:
    mappings = map_listings(pair, Facts((doubted(known),), MARKETS, {pair[0].instrument.ref: CONFIRM}))
    assert verdicts(mappings) == [Verdict.PROVED, Verdict.QUARANTINED]


def test_a_doubt_about_one_price_is_one_about_the_market(pair: list[Listing], known: Known) -> None:
    gap = lambda listing, *_: Decimal("0.2") if listing is pair[0] else Decimal(0)  # noqa: E731 - two lines shorter
    mappings = map_listings(pair, Facts((known(),), MARKETS, price_gap=gap))
    assert verdicts(mappings) == [Verdict.QUARANTINED] * 2


def test_two_contracts_of_a_market_on_one_outcome_are_quarantined(listed: Listed, known: Known) -> None:
    twins = [listed(ref="one"), listed(ref="two")]
    mappings = map_listings(twins, Facts((known(),), MARKETS))
    assert [mapping.reason for mapping in mappings] == ["contracts of one market were tied to one outcome"] * 2


def test_two_open_markets_on_one_outcome_are_quarantined(listed: Listed, known: Known) -> None:
    twins = [listed(ref="one", market_ref="a"), listed(ref="two", market_ref="b")]
    mappings = map_listings(twins, Facts((known(),), MARKETS))
    assert [mapping.reason for mapping in mappings] == ["several markets of the venue claim the same outcome"] * 2


def test_a_closed_market_claims_nothing(listed: Listed, known: Known) -> None:
    twins = [listed(ref="one", market_ref="a"), listed(ref="two", market_ref="b", is_open=False)]
    assert verdicts(map_listings(twins, Facts((known(),), MARKETS))) == [Verdict.PROVED] * 2


def test_an_operator_tells_which_of_two_markets_is_the_one(listed: Listed, known: Known) -> None:
    twins = [listed(ref="one", market_ref="a"), listed(ref="two", market_ref="b")]
    mappings = map_listings(twins, Facts((known(),), MARKETS, {"one": CONFIRM}))
    assert verdicts(mappings) == [Verdict.PROVED, Verdict.QUARANTINED]


def test_a_market_tied_to_two_matches_is_quarantined_even_if_confirmed(pair: list[Listing], known: Known) -> None:
    fixtures = known(), known(fixture_id=FixtureId("id2"), starts_at_ms=START_MS + 12 * HOUR_MS)
    pair[1] = replace(pair[1], starts_at_ms=START_MS + 12 * HOUR_MS)
    mappings = map_listings(pair, Facts(fixtures, MARKETS, {pair[0].instrument.ref: CONFIRM}))
    assert [mapping.reason for mapping in mappings] == ["contracts of one market were tied to different markets"] * 2


def test_a_contract_told_twice_is_no_conflict(listed: Listed, known: Known) -> None:
    assert verdicts(map_listings([listed(), listed()], Facts((known(),), MARKETS))) == [Verdict.PROVED] * 2


# --- properties ----------------------------------------------------------------------------------------------------

PEOPLE = ["Sinner, Jannik", "Alcaraz, Carlos", "Williams, Venus", "Williams, Serena", "Cerundolo, Francisco", "Wang, X"]
SAID = ["Jannik Sinner", "Alcaraz", "C. Alcaraz", "Williams", "Serena Williams", "F. Cerundolo", "Cerundolo", "Wang Xi"]
fixed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
two_of = lambda names: st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True)  # noqa: E731


@fixed
@given(said=two_of(SAID), people=two_of(PEOPLE))
def test_the_order_of_participants_changes_no_verdict(
    listed: Listed, known: Known, said: list[str], people: list[str]
) -> None:
    one, other = said
    straight, turned = (
        map_listings([listed(one, other, participants=participants)], Facts((known(*known_names),), MARKETS))[0]
        for participants, known_names in (((one, other), people), ((other, one), people[::-1]))
    )
    assert straight.verdict is turned.verdict
    mirrored = {OutcomeId(121): 122, OutcomeId(122): 121, None: None}
    assert turned.buys == mirrored[straight.buys]


@fixed
@given(said=st.lists(two_of(SAID), min_size=1, max_size=4), people=st.lists(two_of(PEOPLE), max_size=4))
def test_no_two_proved_contracts_back_one_outcome_or_two(
    listed: Listed, known: Known, said: list[list[str]], people: list[list[str]]
) -> None:
    contracts = [
        listed(*names, ref=f"{number}-{names[0]}", market_ref=str(number), participants=tuple(pair))
        for number, pair in enumerate(said)
        for names in (pair, pair[::-1])
    ]
    fixtures = tuple(known(*pair, fixture_id=FixtureId(f"id{n}")) for n, pair in enumerate(people))
    mappings = map_listings(contracts, Facts(fixtures, MARKETS))
    assert [mapping.instrument_ref for mapping in mappings] == [listing.instrument.ref for listing in contracts]
    proved = [mapping for mapping in mappings if mapping.verdict is Verdict.PROVED]
    assert len({(mapping.fixture_id, mapping.buys) for mapping in proved}) == len(proved)
    for mapping in proved:
        assert {mapping.buys, mapping.sells} == {121, 122}


@fixed
@given(said=two_of(SAID), people=two_of(PEOPLE), sport=st.sampled_from(sorted(set(MARKETS) - {"tennis"})))
def test_a_contract_of_another_sport_is_never_proved(
    listed: Listed, known: Known, said: list[str], people: list[str], sport: str
) -> None:
    for listing, fixture in (
        (listed(*said, sport=sport), known(*people)),
        (listed(*said), known(*people, sport=sport)),
    ):
        (mapping,) = map_listings([listing], Facts((fixture,), MARKETS))
        assert mapping.verdict is Verdict.NO_MATCH


# --- recorded listings ---------------------------------------------------------------------------------------------


def recorded(shared: Callable[[str], Path], listed: Listed, market_type: str) -> list[Listing]:
    """Polymarket's recorded markets of a type, as contracts on both outcomes."""
    found = []
    for row in map(json.loads, shared(GAMMA).read_text().splitlines()):
        if row["sportsMarketType"] == market_type:
            one, other = json.loads(row["outcomes"])
            starts_at_ms = int(datetime.fromisoformat(row["gameStartTime"]).timestamp() * 1000)
            common = {"title": row["question"], "participants": (one, other), "sport": "basketball"}
            common |= {"market_ref": row["conditionId"], "starts_at_ms": starts_at_ms}
            tokens = json.loads(row["clobTokenIds"])
            found += [listed(one, other, ref=tokens[0], **common), listed(other, one, ref=tokens[1], **common)]
    return found


def team(nickname: str, league: str) -> str:
    return next(found.name for found in teams_of(nickname, "basketball") if found.league == league)


def test_recorded_winners_are_proved_against_whole_names(
    shared: Callable[[str], Path], listed: Listed, known: Known
) -> None:
    contracts = recorded(shared, listed, "moneyline")
    fixtures: dict[tuple[str, ...], FixtureFacts] = {}
    expected = []
    for listing in contracts:
        one, other = listing.participants
        league = next(
            league for league in ("NBA", "WNBA") if {found.league for found in teams_of(one, "basketball")} == {league}
        )
        # The feed has the visitors second.
        names = team(other, league), team(one, league)
        fixture = fixtures.setdefault(
            (*sorted(names), str(listing.starts_at_ms)),
            known(
                *names,
                fixture_id=FixtureId(f"id{len(fixtures):04d}"),
                sport="basketball",
                tournament=league,
                starts_at_ms=listing.starts_at_ms,
            ),
        )
        is_first = fixture.participants[0].name == team(listing.outcome, league)
        expected.append((fixture.fixture_id, 111 if is_first else 112, 112 if is_first else 111))
    mappings = map_listings(contracts, Facts(tuple(fixtures.values()), MARKETS))
    assert [(m.verdict, m.fixture_id, m.buys, m.sells) for m in mappings] == [(Verdict.PROVED, *e) for e in expected]
    assert len(expected) == 530


@pytest.mark.parametrize("market_type", ["spreads", "totals"])
def test_recorded_markets_without_names_find_no_match(
    shared: Callable[[str], Path], listed: Listed, known: Known, market_type: str
) -> None:
    contracts = recorded(shared, listed, market_type)
    fixture = known("Utah Jazz", "Toronto Raptors", sport="basketball", tournament="NBA")
    mappings = map_listings(contracts, Facts((fixture,), MARKETS))
    assert len(contracts) > 60
    assert set(verdicts(mappings)) == {Verdict.NO_MATCH}


def test_a_listings_short_name_and_abbreviation_are_told(listed: Listed, known: Known, map_one: MapOne) -> None:
    fixture = known(
        Participant("Hapoel Beer Sheva", abbreviation="HBS"),
        Participant("Maccabi Tel Aviv", short_name="MTA"),
        sport="basketball",
    )
    mapping = map_one(listed("HBS", "MTA", sport="basketball"), fixture)
    assert mapping.evidence.candidate is not None
    assert [name.rule for name in mapping.evidence.candidate.names] == [NameRule.ABBREVIATION, NameRule.SHORT_NAME]
    assert mapping.verdict is Verdict.PROVED
