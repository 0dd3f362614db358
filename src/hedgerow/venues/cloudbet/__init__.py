"""Cloudbet: a bookmaker with crypto currencies. REST only; its API is being rebuilt for partners, and many keys of
private customers may read odds but not bet (`cloudbet/docs`, discussion #170, issues #176-#188). A partner bets for its
own customers at an address that it is told."""

from __future__ import annotations

from hedgerow.core.ids import VenueSlug
from hedgerow.venues.base import Bookmaker, CredentialField, Idempotency, Manifest, Rate, VenueContext
from hedgerow.venues.cloudbet.access import client_access, partner_access
from hedgerow.venues.cloudbet.connector import CloudbetBookmaker
from hedgerow.venues.registry import Family

# Not published ("dynamic"): the safe side.
_RATES = {"line": Rate(5, 10)}

MANIFEST = Manifest(
    slug=VenueSlug("cloudbet"),
    name="Cloudbet",
    urls={"rest": "https://sports-api.cloudbet.com"},
    credentials=(CredentialField("password", "the trading API key (a JWT) of the account area"),),
    currency="USD",
    rates=_RATES,
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="Cloudbet's protobuf files, wiki and issues, read in November 2026; not tried on the live venue",
    is_bookmaker=True,
)
PARTNER_MANIFEST = Manifest(
    slug=VenueSlug("cloudbetb2b"),
    name="Cloudbet B2B",
    # Partners are told the address: until an account or the deployment names it, nothing is sent.
    urls={"rest": "https://cloudbet-partners.invalid/b2b"},
    credentials=(
        CredentialField("password", "the partner's API key"),
        CredentialField("partner_id", "the partner's name at the venue", secret=False),
    ),
    currency="USD",
    rates=_RATES,
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="no document of the B2B is public: taken to be as the clients' API until a partner's desk says otherwise",
    is_bookmaker=True,
)


def _client(context: VenueContext) -> Bookmaker:
    return CloudbetBookmaker(MANIFEST, context, client_access(context))


def _partner(context: VenueContext) -> Bookmaker:
    return CloudbetBookmaker(PARTNER_MANIFEST, context, partner_access(PARTNER_MANIFEST, context))


FAMILIES = (Family((MANIFEST,), bookmaker=_client), Family((PARTNER_MANIFEST,), bookmaker=_partner))
