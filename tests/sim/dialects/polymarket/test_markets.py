"""What is listed for a fixture, and under which ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.markets import (
    LEAGUES,
    Listings,
    Market,
    league_of,
    slugged,
    without_position_ids,
)
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg
from hedgerow.sim.world import Fixture

from .harness import FIXTURE, tennis

POSITION_ID_BITS = ((1 << 64) - 1) << 40


def _listings() -> Listings:
    return Listings(Exchange("polymarket", WorldClock()), Catalogue(), 10_000)


def _listed(fixture: Fixture, listings: Listings | None = None) -> Market:
    market = (listings or _listings()).put(fixture, 0)
    assert market is not None
    return market


def test_the_same_fixture_has_the_same_ids_in_every_world() -> None:
    first, second = _listed(tennis()), _listed(tennis())
    for name in ("condition_id", "question_id", "tokens", "market_id", "event_id", "game_id", "slug"):
        assert getattr(first, name) == getattr(second, name)
    assert len(first.condition_id) == 66
    assert first.condition_id == first.condition_id.lower()


@given(st.integers(0, 10**12))
def test_tokens_are_large_numbers_of_their_own_and_no_position_ids(number: int) -> None:
    market = _listed(tennis(fixture_id=FixtureId(f"id{number}")))
    first, second = (int(token) for token in market.tokens)
    assert first != second
    for token in (first, second):
        assert token & POSITION_ID_BITS
        assert token < 1 << 256
    small = number % (1 << 40)
    assert without_position_ids(small) & POSITION_ID_BITS
    assert without_position_ids(number << 40) == (number << 40 or 1 << 40)


def test_a_market_is_found_by_all_its_names() -> None:
    listings = _listings()
    market = _listed(tennis(), listings)
    assert listings.of_fixture(FIXTURE) is market
    assert listings.of_condition(market.condition_id.upper().replace("0X", "0x")) is market
    assert [listings.of_token(token) for token in market.tokens] == [market, market]
    assert listings.of_contract(market.contract) is market
    assert listings.of_token("1") is None
    listings.clear()
    assert listings.of_fixture(FIXTURE) is None
    assert list(listings) == []


def test_a_changed_fixture_keeps_its_market() -> None:
    listings = _listings()
    market = _listed(tennis(), listings)
    assert _listed(tennis(participant1_name="C. Alcaraz"), listings) is market
    assert market.outcomes == ("C. Alcaraz", "Jannik Sinner")
    assert market.slug == "atp-alcaraz-sinner-2026-09-21"


def test_two_matches_of_the_same_names_and_day_have_slugs_of_their_own() -> None:
    listings = _listings()
    first = _listed(tennis(), listings)
    second = _listed(tennis(fixture_id=FixtureId("id1200000161061499")), listings)
    assert second.slug == f"{first.slug}-id1200000161061499"


@pytest.mark.parametrize(
    ("fixture", "code"),
    [
        (tennis(), "atp"),
        (tennis(tournament_name="WTA Rome"), "wta"),
        (tennis(category_name="WTA"), "wta"),
        (tennis(sport_id=11, tournament_name="NBA"), "nba"),
        (tennis(sport_id=11, tournament_name="WNBA"), "wnba"),
        (tennis(sport_id=16), "dota2"),
        (tennis(sport_id=27, tournament_name="Indian Premier League"), "cricipl"),
        (tennis(sport_id=27, tournament_name="IPL"), "cricipl"),
        (tennis(sport_id=27, tournament_name="Lanka Premier League"), "crint"),
    ],
)
def test_a_fixture_is_listed_in_the_league_of_its_sport(fixture: Fixture, code: str) -> None:
    league = league_of(fixture)
    assert league is not None
    assert league.code == code


def test_every_sport_with_a_two_way_winner_is_listed_and_no_other() -> None:
    catalogue = Catalogue()
    for sport in {market.sport_id for market in catalogue.markets.values()}:
        is_listed = _listings().put(tennis(sport_id=sport), 0) is not None
        assert is_listed == (catalogue.winner(sport) is not None), sport


def test_league_numbers_and_codes_are_unique() -> None:
    assert len({league.number for league in LEAGUES}) == len({league.code for league in LEAGUES}) == len(LEAGUES)


@pytest.mark.parametrize(
    ("text", "slug"), [("Świątek I.", "swiatek-i"), ("A/B  C", "a-b-c"), ("João", "joao"), ("李", "")]
)
def test_names_become_plain_words(text: str, slug: str) -> None:
    assert slugged(text) == slug


def test_a_name_without_latin_letters_is_not_in_the_slug() -> None:
    assert _listed(tennis(participant1_name="李")).slug == "atp-tbd-sinner-2026-09-21"


@pytest.mark.parametrize(
    ("result", "payouts"),
    [
        (None, (None, None)),
        (SettlementStatus.WON, (MICRO, 0)),
        (SettlementStatus.LOST, (0, MICRO)),
        (SettlementStatus.VOID, (MICRO // 2, MICRO // 2)),
    ],
)
def test_both_tokens_together_are_worth_a_dollar(
    result: SettlementStatus | None, payouts: tuple[int | None, int | None]
) -> None:
    market = _listed(tennis())
    market.contract.result = result
    assert (market.payout(Leg.YES), market.payout(Leg.NO)) == payouts
