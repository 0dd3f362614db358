"""Polymarket: the CLOB on Polygon. Orders are signed by a wallet, matched off chain and settled on it. As a bookmaker
it takes the prices that rest there, to back and, with a market's other token, to lay."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PriceKind,
    Rate,
    VenueContext,
)
from hedgerow.venues.polymarket.connector import Polymarket
from hedgerow.venues.polymarket.heartbeat import LAPSE_S
from hedgerow.venues.polymarket.listing import SLUG
from hedgerow.venues.polymarket.taking import PolymarketTaking
from hedgerow.venues.polymarket.vectors import VECTORS
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=SLUG,
    name="Polymarket",
    # ws: the host of both channels, whose paths are /ws/market and /ws/user.
    urls={
        "clob": "https://clob.polymarket.com",
        "gamma": "https://gamma-api.polymarket.com",
        "ws": "wss://ws-subscriptions-clob.polymarket.com",
    },
    credentials=(
        CredentialField("private_key", "Key of the wallet that signs: 64 hex digits, with or without 0x"),
        CredentialField(
            "funder",
            "Address of the wallet that holds the money; empty: the key's own",
            secret=False,
            required=False,
        ),
        CredentialField(
            "signature_type",
            "Kind of that wallet: 0 the key's own (default), 1 proxy, 2 safe, 3 deposit wallet",
            secret=False,
            required=False,
        ),
        CredentialField("api_key", "CLOB API key; empty: derived from the wallet", required=False),
        CredentialField("api_secret", "The API key's secret, in base64", required=False),
        CredentialField("api_passphrase", "The API key's passphrase", required=False),
    ),
    currency="USD",
    # Orders and cancels: the buckets of a signer in the lowest volume tier. Reads: the narrowest of the limits by IP
    # that apply to them (balance). Gamma: its /markets.
    rates={
        "orders": Rate(per_second=40, burst=60),
        "cancels": Rate(per_second=80, burst=120),
        "reads": Rate(per_second=20, burst=200),
        "gamma": Rate(per_second=30, burst=300),
    },
    idempotency=Idempotency.COMPUTED_ID,
    knowledge="Polymarket documentation and official SDKs (polymarket-client 0.14.0), read 2026-11-21",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.PROBABILITY,
    sells_without_holding=False,
    amends=False,
    batch_limit=15,
    cancel_limit=100,  # the venue takes 3,000; a request for more than a market's quotes would hold up the others
    in_play=InPlayPolicy.CANCELS,
    heartbeat_s=LAPSE_S,
    void_pays=Decimal("0.5"),
    shows_books=True,
)


def _build(context: VenueContext) -> Exchange:
    return Polymarket(context, MANIFEST)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(PolymarketTaking(context, MANIFEST))


FAMILY = Family(manifests=(MANIFEST,), exchange=_build, bookmaker=_bookmaker, vectors=VECTORS)
