"""Kalshi: a US prediction market with one order book per market, in YES terms. REST for orders, a WebSocket for the
account's fills and orders. As a bookmaker it takes the prices that rest there, to back and to lay."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    Rate,
    VenueContext,
)
from hedgerow.venues.kalshi.connector import KalshiExchange
from hedgerow.venues.kalshi.errors import VENUE
from hedgerow.venues.kalshi.taking import KalshiTaking
from hedgerow.venues.kalshi.vectors import check_ed25519, check_rsa_pss
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="Kalshi",
    urls={
        "rest": "https://external-api.kalshi.com/trade-api/v2",
        "ws": "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
    },
    credentials=(
        CredentialField("key_id", "id of the API key, a UUID", secret=False),
        CredentialField("private_key", "the private key file that came with it, PEM, RSA or Ed25519"),
    ),
    currency="USD",
    # Tokens of the Basic tier; the account's own are read when the connector opens.
    rates={"read": Rate(200, 400), "write": Rate(100, 100)},
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="docs.kalshi.com and kalshi-python-async 3.34.0, read in November 2026; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    sells_without_holding=True,
    amends=True,
    cancel_limit=50,  # a batch must fit the tier's bucket at once: of the lowest, with a token pair for each
    in_play=InPlayPolicy.KEEPS,
    # The venue takes a hundredth of a contract; of less than a dollar the rounding of fees is more than its price.
    minimum_stake=Decimal(1),
    shows_books=True,
)


def _exchange(context: VenueContext) -> Exchange:
    return KalshiExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(KalshiTaking(MANIFEST, context))


FAMILY = Family(
    (MANIFEST,), exchange=_exchange, bookmaker=_bookmaker, vectors={"rsa_pss": check_rsa_pss, "ed25519": check_ed25519}
)
