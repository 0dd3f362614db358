"""Singbet: an Asian book without a betting API of its own, reached through the broker AsianOdds, whose Web API calls
it `SIN`. The account is the broker's, and made for the API apart from that of its website."""

from __future__ import annotations

from hedgerow.venues.base import Bookmaker, CredentialField, Idempotency, Manifest, Rate, VenueContext
from hedgerow.venues.registry import Family
from hedgerow.venues.singbet.connector import SingbetBookmaker
from hedgerow.venues.singbet.errors import VENUE

MANIFEST = Manifest(
    slug=VENUE,
    name="Singbet",
    urls={"rest": "https://webapi.asianodds88.com/AsianOddsService"},
    credentials=(
        CredentialField("username", "of the API account; the account's name if left out", secret=False, required=False),
        CredentialField("password", "of the API account, as it is (not its MD5)"),
    ),
    currency="USD",
    # Each question goes to the real book, and no rate is published.
    rates={"line": Rate(0.5, 5)},
    idempotency=Idempotency.ECHO,
    knowledge="AsianOdds' Web API 1.8 and its wiki, and public clients of it, read in November 2026; not tried live",
    is_bookmaker=True,
)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return SingbetBookmaker(MANIFEST, context)


FAMILY = Family((MANIFEST,), bookmaker=_bookmaker)
