"""The shapes of the operator API: what it takes, and what it tells. No shape has room for a credential."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from hedgerow.api.models import Model, Number
from hedgerow.mm.controls import SystemSwitch
from hedgerow.scraping.guard import Patterns

MOST_LISTED = 100
"""Bookmakers or targets of one key."""
_HIGHEST_RATE = 1_000_000

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", examples=["acme"])]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$", examples=["pinnacle"])]
ServiceName = Literal["abp", "mm", "scraping"]


def _targets(value: object) -> object:
    """In the words that the guard keeps. Raises ValueError for one that it cannot read."""
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return Patterns.of(tuple(value)).texts
    return value


Targets = Annotated[tuple[str, ...], BeforeValidator(_targets), Field(max_length=MOST_LISTED)]


class Switched(Model):
    """Whether it is to work."""

    active: bool


class NewClient(Model):
    client: Name
    name: str | None = Field(None, min_length=1, max_length=200, description="For people; as `client` by default")
    bookmaker: Slug | None = Field(None, description="Makes it a client of market making, hedged there")


class ClientResponse(Model):
    """bookmaker: of market making, while the client is active; null for who is none of its clients."""

    client: str
    name: str
    active: bool
    bookmaker: str | None


class NewKey(Model):
    client: Name
    service: ServiceName
    requests_per_minute: int | None = Field(None, gt=0, le=_HIGHEST_RATE, description="abp (60), mm (2000)")
    requests_per_second: Number | None = Field(None, gt=0, le=_HIGHEST_RATE, description="scraping (10)")
    concurrency: int | None = Field(None, gt=0, le=_HIGHEST_RATE, description="scraping; null: any")
    bookmakers: tuple[Slug, ...] = Field((), max_length=MOST_LISTED, description="Those allowed; none: all")
    targets_allow: Targets = Field((), description="scraping: the only targets; none: all")
    targets_deny: Targets = ()
    expires_at: AwareDatetime | None = None


class NewKeyResponse(Model):
    """key: told here, once, and kept nowhere."""

    key: str
    client: str
    service: ServiceName


class KeyResponse(Model):
    """prefix: the key's first eight characters, which name it."""

    prefix: str
    client: str
    service: ServiceName
    active: bool
    requests_per_minute: int
    requests_per_second: Number
    concurrency: int | None
    bookmakers: tuple[str, ...]
    expires_at: datetime | None


class AccountResponse(Model):
    """Money in the account's currency, as the venue last told it."""

    venue: str
    username: str
    client: str
    currency: str
    active: bool
    priority: int
    max_outcome_stake: Number
    balance: Number | None
    balance_at: datetime | None


class TournamentResponse(Model):
    """limit_ratio: share of the hedge's limit that is quoted. price_ticks: cents away from the market."""

    client: str
    tournament_id: int
    name: str | None
    sport: str | None
    active: bool
    limit_ratio: Number
    price_ticks: int


class TournamentSwitch(Switched):
    """What is left out stays as it was."""

    limit_ratio: Number | None = Field(None, ge=0, le=1)
    price_ticks: int | None = Field(None, ge=-99, le=99)


class SystemSwitched(Model):
    """emergency: cancels every order everywhere. stop: market making's. soft-pause: it posts nothing. clear: all go."""

    switch: SystemSwitch
    reason: str | None = Field(None, max_length=500, description="Shown to every client")


class SystemResponse(Model):
    emergency: bool
    stopped: bool
    soft_paused: bool
    reason: str | None
    since: datetime | None
