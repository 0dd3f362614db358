"""What all sides of the bench know: clients with their keys and accounts, fixtures with their odds, and orders.

Sixteen clients, each with one account, so that sixteen connections of the bare baseline never wait for one another.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hedgerow.bench.frames import odds_by_id, odds_row
from hedgerow.bench.tick_to_order.scene import MARKETS, OTHER, OUTCOME, TRADED, described, fixture_id
from hedgerow.core.ids import VenueSlug
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.storage.accounts import Accounts

SLUG = VenueSlug("pinnacle")
CLIENTS = 16
FIXTURES = 20
PRICE, STAKE = Decimal("2.05"), Decimal(10)
LIMIT = Decimal(1_000_000)
DEPOSIT = Decimal(10_000_000)
"""More than all orders of a run take."""
MOST_A_MINUTE = 10_000_000
"""Requests that a key may make: who measures is not to be slowed down by the limit."""

__all__ = ["MARKETS", "OUTCOME", "TRADED", "fixture_id"]

_EXPIRES = "2099-01-01T00:00:00Z"


def client_of(number: int) -> str:
    return f"bench{number % CLIENTS:02}"


def key_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number % CLIENTS:012x}"


def order(number: int) -> dict[str, Any]:
    """An order as a client sends it, each with a request id of its own."""
    return {
        "requestUuid": str(uuid.uuid4()),
        "fixtureId": fixture_id(number % FIXTURES),
        "outcomeId": OUTCOME,
        "playerId": 0,
        "orderPrice": 2.0,
        "orderStake": 10,
        "userRef": f"bettor{number % 100}",
        "testOrder": False,
        "expiresAt": _EXPIRES,
    }


def answers(at_ms: int) -> Iterator[dict[str, Any]]:
    """Every fixture with its odds, as the feed's answers have them, true for that moment."""
    for number in range(FIXTURES):
        rows = [odds_row(SLUG, TRADED, outcome, PRICE, at_ms, limit=LIMIT) for outcome in (OUTCOME, OTHER)]
        yield {
            **described(number, at_ms // 1000 + 12 * 3600),
            "bookmakers": {SLUG: {"hasOdds": True, "suspended": False, "staleOdds": False}},
            "odds": {SLUG: odds_by_id(fixture_id(number), rows)},
        }


def sent_data(reference: str, market_ref: str, stake: Decimal) -> dict[str, Any]:
    """What is kept of a bet's request, of the size that real ones have."""
    return {
        "uniqueRequestId": reference,
        "line": market_ref,
        "stake": stake,
        "winRiskStake": "RISK",
        "fillType": "NORMAL",
    }


def received_data(number: int) -> dict[str, Any]:
    """What is kept of a bet's answer."""
    return {
        "status": "ACCEPTED",
        "betId": f"{3_000_000_000 + number}",
        "betterLineWasAccepted": False,
        "errorCode": None,
    }


async def register(accounts: Accounts, vault: Vault | None = None) -> None:
    """The clients with their keys and accounts. vault: None where nobody will open the credentials."""
    vault = vault or Vault(Secret(new_master_key()))
    for number in range(CLIENTS):
        client = client_of(number)
        await accounts.add_client(client, client)
        await accounts.create_key(client, "abp", key=key_of(number), per_minute=MOST_A_MINUTE)
        credentials = {"username": client, "password": client}
        await accounts.add_account(SLUG, client, client, vault=vault, credentials=credentials)
