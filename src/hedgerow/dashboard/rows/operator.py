"""The operator's lists as rows: clients, keys, accounts, tournaments, and the switches in words."""

from __future__ import annotations

from datetime import datetime

from hedgerow.dashboard.apis.operator import Account, Client, Key, System, Tournament
from hedgerow.dashboard.figures import NOTHING, moment, money, percent, plain
from hedgerow.dashboard.rows.tables import Column, TableRow

CLIENTS = (
    Column("client", "Client"),
    Column("name", "Name"),
    Column("bookmaker", "Makes markets, hedged at"),
    Column("state", "State"),
)
KEYS = (
    Column("key", "Key begins with"),
    Column("client", "Client"),
    Column("service", "Opens"),
    Column("limit", "Limit", is_number=True),
    Column("expires", "Expires (UTC)"),
    Column("state", "State"),
)
ACCOUNTS = (
    Column("venue", "Venue"),
    Column("account", "Account"),
    Column("client", "Client"),
    Column("balance", "Balance", is_number=True),
    Column("at", "Told (UTC)"),
    Column("most", "Most on an outcome USD", is_number=True),
    Column("priority", "Priority", is_number=True),
    Column("state", "State"),
)
TOURNAMENTS = (
    Column("client", "Client"),
    Column("tournament", "Tournament"),
    Column("sport", "Sport"),
    Column("share", "Share of the limit", is_number=True),
    Column("state", "State"),
)


def client_row(client: Client) -> TableRow:
    """A client."""
    cells = {"client": client.client, "name": client.name, "bookmaker": client.bookmaker or NOTHING}
    return TableRow(client.client, {**cells, **_state(client.active)}, tones=_tone(client.active))


def key_row(key: Key, now: datetime) -> TableRow:
    """A key, as far as anything is known of it."""
    per_second = key.service == "scraping"
    rate = f"{plain(key.requests_per_second)} / s" if per_second else f"{plain(key.requests_per_minute)} / min"
    cells = {
        "key": f"{key.prefix}…",
        "client": key.client,
        "service": key.service,
        "limit": rate,
        "expires": moment(key.expires_at, now) if key.expires_at else "never",
    }
    return TableRow(f"{key.prefix}/{key.service}", {**cells, **_state(key.active)}, tones=_tone(key.active))


def account_row(account: Account, now: datetime) -> TableRow:
    """An account; its credentials are known to nobody here."""
    cells = {
        "venue": account.venue,
        "account": account.username,
        "client": account.client,
        "balance": money(account.balance, account.currency if account.balance is not None else ""),
        "at": moment(account.balance_at, now),
        "most": money(account.max_outcome_stake),
        "priority": plain(account.priority),
    }
    name = f"{account.venue}/{account.username}"
    return TableRow(name, {**cells, **_state(account.active)}, tones=_tone(account.active))


def tournament_row(one: Tournament) -> TableRow:
    """A tournament of a client."""
    cells = {
        "client": one.client,
        "tournament": tournament_name(one),
        "sport": one.sport or NOTHING,
        "share": percent(one.limit_ratio * 100),
    }
    state = {"state": "quoted" if one.active else "not quoted"}
    return TableRow(f"{one.client}/{one.tournament_id}", {**cells, **state}, tones=_tone(one.active))


def tournament_name(one: Tournament) -> str:
    """Its number where the feed has told no name."""
    return one.name or f"tournament {one.tournament_id}"


def system_words(system: System) -> tuple[str, str]:
    """The strongest switch that is on, and its tone."""
    if system.emergency:
        return "Emergency: everything is cancelled, nothing is placed", "bad"
    if system.stopped:
        return "Market making is stopped for all clients", "bad"
    if system.soft_paused:
        return "Market making is paused for all clients", "warn"
    return "Trading: no switch is on", "good"


def _state(is_active: bool) -> dict[str, str]:
    return {"state": "active" if is_active else "off"}


def _tone(is_active: bool) -> dict[str, str]:
    return {"state": "good" if is_active else "warn"}
