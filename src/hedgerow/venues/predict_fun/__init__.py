"""predict.fun: an order book on BNB Chain. Orders are signed by a wallet, matched off chain and settled on it. As a
bookmaker it takes the prices that rest there, to back and, with a market's other outcome, to lay."""

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
from hedgerow.venues.predict_fun.account import CURRENCY
from hedgerow.venues.predict_fun.connector import PredictFun
from hedgerow.venues.predict_fun.listing import SLUG
from hedgerow.venues.predict_fun.taking import PredictFunTaking
from hedgerow.venues.predict_fun.vectors import VECTORS
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=SLUG,
    name="Predict.fun",
    # rpc: a node of the chain, which alone tells how much money an address holds.
    urls={
        "rest": "https://api.predict.fun",
        "ws": "wss://ws.predict.fun/ws",
        "rpc": "https://bsc-dataseed.bnbchain.org",
    },
    credentials=(
        CredentialField("private_key", "Key of the wallet that signs: 64 hex digits, with or without 0x"),
        CredentialField("api_key", "API key from the venue's developer console"),
        CredentialField(
            "predict_account",
            "Address of the Predict account (deposit address) that the key owns; empty: the key's own",
            secret=False,
            required=False,
        ),
    ),
    currency=CURRENCY,
    # The venue counts in fixed windows: 500 a minute on orders and books, 40 a second of those that post, 250 a minute
    # of all others. A bucket that is full keeps to them in every window.
    rates={
        "trading": Rate(per_second=6, burst=120),
        "posts": Rate(per_second=20, burst=20),
        "general": Rate(per_second=2, burst=120),
    },
    idempotency=Idempotency.COMPUTED_ID,
    knowledge="dev.predict.fun, docs.predict.fun and the official SDK (predict-sdk 0.0.22), read 2026-11-21",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.PROBABILITY,
    sells_without_holding=False,
    amends=False,
    in_play=InPlayPolicy.KEEPS,
    void_pays=Decimal("0.5"),
)


def _build(context: VenueContext) -> Exchange:
    return PredictFun(context, MANIFEST)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(PredictFunTaking(context, MANIFEST))


FAMILY = Family(manifests=(MANIFEST,), exchange=_build, bookmaker=_bookmaker, vectors=VECTORS)
