"""Limitless: an order book on Base. Orders are signed by a wallet, matched off chain and settled on it. As a bookmaker
it takes the prices that rest there, to back and, with a market's other outcome, to lay."""

from __future__ import annotations

from hedgerow.venues.base import Bookmaker, CredentialField, Idempotency, Manifest, Rate, VenueContext
from hedgerow.venues.limitless_ex.auth import VENUE
from hedgerow.venues.limitless_ex.taking import CURRENCY, LimitlessTaking
from hedgerow.venues.limitless_ex.vectors import VECTORS
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="Limitless Exchange",
    # rpc: a node of the chain, which alone tells how much money a wallet holds.
    urls={"rest": "https://api.limitless.exchange", "rpc": "https://mainnet.base.org"},
    credentials=(
        CredentialField("api_token", "Id of the scoped API token from the venue's profile page", secret=False),
        CredentialField("api_secret", "Secret of that token, base64; shown once"),
        CredentialField(
            "private_key",
            "Key of the wallet that signs the profile's orders (of a smart wallet its embedded one): 64 hex digits",
        ),
    ),
    currency=CURRENCY,
    # token: a call each 300 ms on average. public: the venue publishes no number; its academy advises these.
    rates={"token": Rate(per_second=10 / 3, burst=12), "public": Rate(per_second=10, burst=20)},
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="docs and academy.limitless.exchange, the official SDK (limitless-sdk 1.3.0) and ccxt 4.5.90,"
    " read 2026-11-21; not tried on the live venue",
    is_bookmaker=True,
    lays=True,
)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(LimitlessTaking(context, MANIFEST))


FAMILY = Family(manifests=(MANIFEST,), bookmaker=_bookmaker, vectors=VECTORS)
