"""The desks of bridges, where persons place bets: what waits there. Acting is done on a desk's own page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.answers import Row, read
from hedgerow.net.calls import Caller

PAGE = "/desk"
NAME = "desk"
"""What whoever holds a desk's key is called."""

_JOBS = f"{PAGE}/api/jobs"
_TIMEOUT_S = 5.0


class Job(Row, frozen=True, kw_only=True):
    """A bet for a person. stage: waiting, taken, or asked (was it placed?). left_seconds: None for a question. price:
    decimal odds, the worst that may be taken. what: the outcome in words."""

    reference: str
    account: str
    stage: str
    person: str | None
    left_seconds: int | None
    side: str
    stake: Decimal
    currency: str
    price: Decimal
    what: str


@dataclass(frozen=True, slots=True)
class Desk:
    """url: of its own page. jobs: None where it does not answer, or does not take the key; why says so."""

    name: str
    url: str
    jobs: list[Job] | None
    why: HedgerowError | None = None


class DesksApi:
    """All desks of the deployment, by one key."""

    def __init__(self, urls: str, key: Secret) -> None:
        """urls: base URLs with commas between them."""
        self._desks = {
            url: Caller(f"the desk at {url}", url, key, timeout_s=_TIMEOUT_S, is_bearer=True)
            for url in dict.fromkeys(part.strip().rstrip("/") for part in urls.split(",") if part.strip())
        }

    async def close(self) -> None:
        for caller in self._desks.values():
            await caller.close()

    async def whoami(self) -> str:
        """Raises what the last desk said where none takes the key."""
        found = await self.desks()
        if found and all(desk.why is not None for desk in found):
            raise found[-1].why or HedgerowError("no desk")
        return NAME

    async def desks(self) -> list[Desk]:
        """Each with what waits there, in the order of the setting."""
        return list(await asyncio.gather(*(self._desk(url, caller) for url, caller in self._desks.items())))

    async def _desk(self, url: str, caller: Caller) -> Desk:
        name = url.partition("://")[2]
        try:
            jobs = read(await caller.get(_JOBS), list[Job])
        except HedgerowError as error:
            return Desk(name, url + PAGE, None, error)
        return Desk(name, url + PAGE, jobs)
