"""The derivation of a quote, as the audit trail keeps it."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.mm.hedging import Offer
from hedgerow.mm.quoter import Terms, derivation
from hedgerow.mm.sizing import CapName
from hedgerow.storage.database import encode_json
from hedgerow.venues.base import Fee, Instrument


def test_derivation_has_every_leg_with_its_age_when_the_quote_was_sent() -> None:
    offer = Offer(OddsMicros(1_750_000), Micros(500 * MICRO), "line/1", "away", changed_ms=1_000)
    quote = Terms(None, 428_571, 8_571, CapName.HEDGE_LIMIT, ((OutcomeId(122), offer),))
    instrument = Instrument(
        VenueSlug("kalshi"), "T", "M", PriceGrid.probability(10_000), maker_fee=Fee(Decimal("0.01"))
    )
    told = derivation(VenueSlug("pinnacle"), quote, instrument, now_ms=1_400)
    assert told == {
        "bookmaker": "pinnacle",
        "legs": [
            {
                "outcomeId": 122,
                "odds": Decimal("1.75"),
                "limitUsd": Decimal(500),
                "changedAt": 1_000,
                "ageMs": 400,
                "ref": "line/1",
            }
        ],
        "tick": Decimal("0.01"),
        "makerFeeRate": Decimal("0.01"),
        "boundBy": "hedge limit × limitRatio",
        "mode": "hedge_parity",
    }
    assert encode_json(told)
