"""A bookmaker says only what is new."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.events import OddsEvent, Price, SuspendEvent
from hedgerow.sim.recordings.voice import BookmakerVoice

FIXTURE = FixtureId("id1200255561419001")
KEYS = [OutcomeKey(FIXTURE, OutcomeId(n)) for n in (121, 122)]

offers = st.none() | st.tuples(st.integers(1, 3), st.integers(1, 3))


def as_prices(offer: tuple[int, int] | None) -> list[Price] | None:
    return offer and [Price(key, Decimal(price)) for key, price in zip(KEYS, offer, strict=True)]


@given(st.lists(offers, max_size=20))
def test_who_listens_knows_the_offer_of_every_moment(given_offers: list[tuple[int, int] | None]) -> None:
    voice = BookmakerVoice(FIXTURE, "pinnacle")
    known: dict[OutcomeKey, Price] = {}
    suspended = False
    for at_ns, offer in enumerate(given_offers):
        prices = as_prices(offer)
        for event in voice.say(at_ns, prices):
            match event:
                case OddsEvent():
                    assert all(known.get(price.outcome) != price for price in event.prices)
                    known |= {price.outcome: price for price in event.prices}
                case SuspendEvent():
                    assert event.suspended is not suspended
                    suspended = event.suspended
        if prices is None:
            assert suspended or not known
        else:
            assert (list(known.values()), suspended) == (prices, False)


def test_odds_are_said_before_the_book_opens_again() -> None:
    voice = BookmakerVoice(FIXTURE, "pinnacle")
    list(voice.say(0, as_prices((1, 2))))
    list(voice.say(1, None))
    assert [type(event) for event in voice.say(2, as_prices((2, 2)))] == [OddsEvent, SuspendEvent]
