"""Pinnacle: a bookmaker with high limits, whose prices many others follow. REST only; its API is granted case by case
to high-value bettors and commercial partners, from at most two IP addresses. A partner bets in its clients' accounts
under a key of its own, and says who the bettor is in its system."""

from __future__ import annotations

from hedgerow.core.ids import VenueSlug
from hedgerow.venues.base import Bookmaker, CredentialField, Idempotency, Manifest, Rate, VenueContext
from hedgerow.venues.pinnacle.connector import PinnacleBookmaker
from hedgerow.venues.pinnacle.placing import ClientPlacing, partner_placing
from hedgerow.venues.registry import Family

_URLS = {"rest": "https://api.pinnacle.com"}
_CLIENT = (
    CredentialField("username", "client id; the account's name if left out", secret=False, required=False),
    CredentialField("password", "of the client, at most 10 characters"),
)
# One question per sport every two minutes; an account's meta `line_interval_s` sets another pace.
_RATES = {"line": Rate(1 / 120, 1)}

MANIFEST = Manifest(
    slug=VenueSlug("pinnacle"),
    name="Pinnacle",
    urls=_URLS,
    credentials=_CLIENT,
    currency="USD",
    rates=_RATES,
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="Pinnacle's OpenAPI files, README and FAQ of August 2026; not tried on the live venue",
    is_bookmaker=True,
)
PARTNER_MANIFEST = Manifest(
    slug=VenueSlug("pinnacleb2b"),
    name="Pinnacle B2B",
    urls=_URLS,
    credentials=(*_CLIENT, CredentialField("partner_key", "of the partner, good with any of its clients")),
    currency="USD",
    rates=_RATES,
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="Pinnacle's B2B Bets OpenAPI file 2.2.7 and its public API's documents; not tried on the live venue",
    is_bookmaker=True,
)


def _client(context: VenueContext) -> Bookmaker:
    return PinnacleBookmaker(MANIFEST, context, ClientPlacing())


def _partner(context: VenueContext) -> Bookmaker:
    return PinnacleBookmaker(PARTNER_MANIFEST, context, partner_placing(context.account))


FAMILIES = (Family((MANIFEST,), bookmaker=_client), Family((PARTNER_MANIFEST,), bookmaker=_partner))
