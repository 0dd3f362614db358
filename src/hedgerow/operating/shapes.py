"""How clients, keys, accounts and switches are shown to operators, over HTTP and in the terminal."""

from __future__ import annotations

from typing import Any

from hedgerow.core.ids import ClientName
from hedgerow.mm.controls import SystemState
from hedgerow.storage.accounts import ApiKey, Client, VenueAccount


def client(client: Client, makers: Any) -> dict[str, Any]:
    maker = makers.get(ClientName(client.client))
    return {
        "client": client.client,
        "name": client.name,
        "active": client.is_active,
        "bookmaker": maker.bookmaker if maker else None,
    }


def key(key: ApiKey) -> dict[str, Any]:
    """By its first characters: nobody has the rest."""
    return {
        "prefix": key.prefix,
        "client": key.client,
        "service": key.service,
        "active": key.is_active,
        "requestsPerMinute": key.per_minute,
        "requestsPerSecond": key.per_second,
        "concurrency": key.max_concurrent,
        "bookmakers": key.bookmakers,
        "expiresAt": key.expires_at,
    }


def account(account: VenueAccount) -> dict[str, Any]:
    """Without its credentials."""
    return {
        "venue": account.venue,
        "username": account.username,
        "client": account.client,
        "currency": account.currency,
        "active": account.is_active,
        "priority": account.priority,
        "maxOutcomeStake": account.max_outcome_stake,
        "balance": account.balance,
        "balanceAt": account.balance_at,
    }


def system(state: SystemState) -> dict[str, Any]:
    return {
        "emergency": state.emergency,
        "stopped": state.stopped,
        "softPaused": state.soft_paused,
        "reason": state.reason,
        "since": state.since,
    }
