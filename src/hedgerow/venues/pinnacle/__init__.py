"""Pinnacle: a bookmaker with high limits, whose prices many others follow. REST only; its API is granted case by case
to high-value bettors and commercial partners, from at most two IP addresses."""

from __future__ import annotations

from hedgerow.venues.base import Bookmaker, CredentialField, Idempotency, Manifest, Rate, VenueContext
from hedgerow.venues.pinnacle.connector import PinnacleBookmaker
from hedgerow.venues.pinnacle.errors import VENUE
from hedgerow.venues.registry import Family

MANIFEST = Manifest(
    slug=VENUE,
    name="Pinnacle",
    urls={"rest": "https://api.pinnacle.com"},
    credentials=(
        CredentialField("username", "client id; the account's name if left out", secret=False, required=False),
        CredentialField("password", "of the client, at most 10 characters"),
    ),
    currency="USD",
    # One question per sport every two minutes; an account's meta `line_interval_s` sets another pace.
    rates={"line": Rate(1 / 120, 1)},
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="Pinnacle's OpenAPI files, README and FAQ of August 2026; not tried on the live venue",
    is_bookmaker=True,
)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return PinnacleBookmaker(MANIFEST, context)


FAMILY = Family((MANIFEST,), bookmaker=_bookmaker)
