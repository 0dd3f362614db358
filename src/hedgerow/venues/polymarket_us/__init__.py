"""Polymarket US: a US exchange of event contracts with one book per market, in terms of its long side. REST for orders,
a WebSocket for the account's executions. As a bookmaker it takes the prices that rest there, to back and to lay. It has
nothing in common with polymarket.com but the name."""

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
from hedgerow.venues.polymarket_us.connector import PolymarketUsExchange
from hedgerow.venues.polymarket_us.listing import SLUG
from hedgerow.venues.polymarket_us.parse import CURRENCY
from hedgerow.venues.polymarket_us.taking import PolymarketUsTaking
from hedgerow.venues.polymarket_us.vectors import check_assertion, check_headers
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=SLUG,
    name="Polymarket US",
    urls={
        "rest": "https://api.polymarket.us",
        "gateway": "https://gateway.polymarket.us",
        "ws": "wss://api.polymarket.us/v1/ws",
    },
    credentials=(
        CredentialField("key_id", "id of the API key, a UUID", secret=False),
        CredentialField("secret_key", "the secret key that was shown with it once, base64"),
    ),
    currency=CURRENCY,
    # Twenty requests in a second for a key, and for an address on the gateway, wherever the second begins: even a full
    # bucket keeps to that.
    rates={"requests": Rate(per_second=8, burst=12), "public": Rate(per_second=8, burst=12)},
    idempotency=Idempotency.NONE,
    knowledge="docs.polymarket.us as a public repository mirrors it (August to October 2026), polymarket-us 2.4.1; "
    "not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    sells_without_holding=True,
    amends=False,
    cancel_limit=20,
    in_play=InPlayPolicy.KEEPS,
    minimum_stake=Decimal(1),
)


def _exchange(context: VenueContext) -> Exchange:
    return PolymarketUsExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(PolymarketUsTaking(MANIFEST, context))


FAMILY = Family(
    (MANIFEST,),
    exchange=_exchange,
    bookmaker=_bookmaker,
    vectors={"retail_ed25519_headers": check_headers, "institutional_client_assertion": check_assertion},
)
