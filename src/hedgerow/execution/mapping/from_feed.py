"""The feed's matches and markets as the plain facts that the mapping takes.

A match that contradicts itself, or of which the feed has not said sport, status and both names, is no fact: nothing
can be tied to it. Names are compared as the feed's English has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hedgerow.execution.mapping.facts import FixtureFacts, MarketFacts, Participant
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue
from hedgerow.feed.fixtures import FixtureState


def fixtures_of(states: Iterable[FixtureState], slugs: Mapping[int, str]) -> tuple[FixtureFacts, ...]:
    """The matches that can be mapped. slugs: of the sports, by their id (`GET /sports`)."""
    return tuple(facts for state in states if (facts := _fixture(state, slugs)) is not None)


def markets_of(catalogue: Catalogue, slugs: Mapping[int, str]) -> dict[str, tuple[MarketFacts, ...]]:
    """The markets of each sport, those on single players left out."""
    return {
        slug: tuple(
            MarketFacts(
                market.market_id,
                market.market_type,
                market.period,
                market.handicap,
                market.outcomes,
                market.outcome_names,
            )
            for market in catalogue.of_sport(sport_id)
            if not market.is_player_market
        )
        for sport_id, slug in slugs.items()
    }


def _fixture(state: FixtureState, slugs: Mapping[int, str]) -> FixtureFacts | None:
    named = state.info.participants or wire.Participants()
    one, other = named.participant1_name, named.participant2_name
    sport = None if state.sport_id is None else slugs.get(state.sport_id)
    if state.quarantine is not None or state.status is None or sport is None or not one or not other:
        return None
    tournament = state.info.tournament or wire.Tournament()
    return FixtureFacts(
        fixture_id=state.fixture_id,
        sport=sport,
        tournament=tournament.tournament_name or "",
        participants=(
            Participant(one, named.participant1_short_name, abbreviation=named.participant1_abbr),
            Participant(other, named.participant2_short_name, abbreviation=named.participant2_abbr),
        ),
        starts_at_ms=state.start_ms,
        status=state.status,
        category=tournament.category_name or "",
    )
