"""The two ways to place a straight bet: as a client of the venue, and as a partner for a client. Pure.

Both speak of lines, odds and stakes in the same words; path, headers, envelope and answer differ. What else a partner
needs (lines, lists of bets, the balance) is the client's own API. Sources: betsapi.v4 and b2b betsapi (2.2.7) OpenAPI
files.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.net.http import Headers
from hedgerow.venues.base import Account
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.reading import UnreadableError, read

APPS = ("Web", "Api", "Mobile", "Other")
"""The partner's channels, as the venue tells them apart."""


class Placing(Protocol):
    """How a bet leaves, and what its answer is."""

    path: str

    def headers(self) -> Headers:
        """Beside the client's credentials."""
        ...

    def request(self, bet: wire.PlaceStraight) -> msgspec.Struct:
        """The body of a request for one bet."""
        ...

    def answer(self, body: bytes) -> wire.PlaceAnswer:
        """The venue's word on that bet. Raises UnreadableError."""
        ...


class ClientPlacing:
    """A client's own bets: Bets API v4."""

    path = "/v4/bets/straight"

    def headers(self) -> Headers:
        return ()

    def request(self, bet: wire.PlaceStraight) -> msgspec.Struct:
        return bet

    def answer(self, body: bytes) -> wire.PlaceAnswer:
        return read(wire.PlaceAnswer, body)


class PartnerPlacing:
    """Bets of a partner in one of its clients' accounts: B2B Bets API. Bets go one in a request: each has its own
    answer, and its own doubt."""

    path = "/b2b/v2/bets/straight"

    def __init__(self, key: Secret, source_id: str, app_id: str) -> None:
        """source_id: a stable pseudonym of the bettor, never a name; app_id: one of APPS."""
        self._key, self._source_id, self._ext = key, source_id, wire.Extension(app_id)

    def headers(self) -> Headers:
        return (("X-PARTNER-KEY", self._key.reveal()),)

    def request(self, bet: wire.PlaceStraight) -> msgspec.Struct:
        told = msgspec.structs.asdict(bet)
        partners = wire.PartnerStraight(
            **told, external_ref=bet.unique_request_id, source_id=self._source_id, ext=self._ext
        )
        return wire.PlacePartnerStraights((partners,))

    def answer(self, body: bytes) -> wire.PlaceAnswer:
        told = read(wire.PartnerAnswers, body).bets
        if len(told) != 1:
            raise UnreadableError(f"{len(told)} answers to one bet")
        return told[0]


def partner_placing(account: Account) -> PartnerPlacing:
    """The placing of a partner's account. Its meta `app_id` is one of APPS. Raises SetupError."""
    app_id = account.meta.get("app_id", "Api")
    if app_id not in APPS:
        raise SetupError(f"app_id of account {account.username} is {app_id!r}", f"give one of {', '.join(APPS)}")
    return PartnerPlacing(account.credentials["partner_key"], account.pseudonym, app_id)
