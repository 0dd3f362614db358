"""Betfair Exchange: bets at decimal odds that rest or take, over API-NG (JSON-RPC), and the Exchange Stream over a TLS
socket. As a bookmaker it takes the prices that stand there, to back and to lay."""

from __future__ import annotations

from hedgerow.core.money import decimal_of
from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PriceKind,
    PushRule,
    Rate,
    VenueContext,
)
from hedgerow.venues.betfair_ex.connector import BetfairExchange
from hedgerow.venues.betfair_ex.errors import VENUE
from hedgerow.venues.betfair_ex.heartbeat import LAPSE_S
from hedgerow.venues.betfair_ex.orders import LEAST_STAKE
from hedgerow.venues.betfair_ex.parse import wire_ref
from hedgerow.venues.betfair_ex.taking import BetfairTaking
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="Betfair Exchange",
    # Other jurisdictions have another end of the identity hosts: .it, .es, .ro, .se, .com.au.
    urls={
        "rest": "https://api.betfair.com/exchange",
        "identity": "https://identitysso.betfair.com/api",
        "login": "https://identitysso-cert.betfair.com/api",
        "stream": "tls://stream-api.betfair.com:443",
    },
    credentials=(
        CredentialField("username", "the account's user name", secret=False),
        CredentialField("password", "the account's password; with two-factor login the code is appended"),
        CredentialField("app_key", "the live application key; the delayed one places no bets"),
        CredentialField("certificate", "the client certificate (.crt) that was uploaded at Betfair, PEM", secret=False),
        CredentialField("certificate_key", "its private key (.key), PEM"),
        CredentialField(
            "authority",
            "a certificate authority to trust in place of the system's, PEM: for a simulated venue",
            secret=False,
            required=False,
        ),
    ),
    currency="USD",
    # The venue takes 1,000 transactions a second and charges for more than 5,000 in an hour: bursts are what quoting
    # needs, and a sustained rate is far below either.
    rates={"orders": Rate(50, 200), "reads": Rate(50, 500)},
    idempotency=Idempotency.ECHO,  # a repeat is refused for a minute only
    knowledge="interface files and stream schema 1.0.1423 by way of betfair_parser, betfairlightweight 2.24.0, read in"
    " November 2026; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.DECIMAL_ODDS,
    sells_without_holding=True,
    in_play=InPlayPolicy.CANCELS,  # quotes are sent to lapse at the off
    heartbeat_s=LAPSE_S,
    minimum_stake=decimal_of(LEAST_STAKE),
    push=PushRule.STAKE_BACK,
)


def _exchange(context: VenueContext) -> Exchange:
    return BetfairExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(BetfairTaking(MANIFEST, context))


FAMILY = Family((MANIFEST,), exchange=_exchange, bookmaker=_bookmaker, told_as=wire_ref)
