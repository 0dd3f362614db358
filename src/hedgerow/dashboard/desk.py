"""What all pages share: the sessions, their API clients, the connections that push, and who is looking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nicegui import Client

from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn
from hedgerow.dashboard.apis.abp import AbpApi
from hedgerow.dashboard.apis.admission import Urls
from hedgerow.dashboard.apis.bridge_desk import DesksApi
from hedgerow.dashboard.apis.health import HealthApi
from hedgerow.dashboard.apis.mm import MmApi
from hedgerow.dashboard.apis.operator import OperatorApi
from hedgerow.dashboard.apis.scraping import ScrapingApi
from hedgerow.dashboard.curve import Track
from hedgerow.dashboard.following import Followings
from hedgerow.dashboard.gate import SIGN_IN
from hedgerow.dashboard.sessions import TITLES, FormTokens, Kind, Session, Sessions

MOST_PAGES = 20
"""Open at one time in one session."""


class NoKeyError(HedgerowError):
    """The session has no key of the API, or is over."""


class Apis:
    """The API clients of one session, made when a page first needs them."""

    def __init__(self, urls: Urls, session: Session) -> None:
        self._urls, self._session = urls, session
        self._mm: MmApi | None = None
        self._abp: AbpApi | None = None
        self._scraping: ScrapingApi | None = None
        self._operator: OperatorApi | None = None
        self._desks: DesksApi | None = None

    def mm(self) -> MmApi:
        """Raises NoKeyError."""
        self._mm = self._mm or MmApi(self._urls[Kind.MM], self._key(Kind.MM))
        return self._mm

    def abp(self) -> AbpApi:
        """Raises NoKeyError."""
        self._abp = self._abp or AbpApi(self._urls[Kind.ABP], self._key(Kind.ABP))
        return self._abp

    def scraping(self) -> ScrapingApi:
        """Raises NoKeyError."""
        self._scraping = self._scraping or ScrapingApi(self._urls[Kind.SCRAPING], self._key(Kind.SCRAPING))
        return self._scraping

    def operator(self) -> OperatorApi:
        """Raises KeyError without a key."""
        self._operator = self._operator or OperatorApi(self._urls[Kind.OPERATOR], self._session.keys[Kind.OPERATOR].key)
        return self._operator

    def desks(self) -> DesksApi:
        """Raises KeyError without a key."""
        self._desks = self._desks or DesksApi(self._urls[Kind.DESK], self._session.keys[Kind.DESK].key)
        return self._desks

    async def close(self) -> None:
        for api in (self._mm, self._abp, self._scraping, self._operator, self._desks):
            if api is not None:
                await api.close()

    def _key(self, kind: Kind) -> Secret:
        """Of a session that ends while a page loads, nothing is asked any more."""
        if kind not in self._session.keys:
            raise NoKeyError("you are not signed in with a key for this (any more): sign in again")
        return self._session.keys[kind].key


@dataclass(slots=True)
class Desk:
    """One process's."""

    urls: Urls
    clock: Clock = field(default_factory=SystemClock)
    forms: FormTokens = field(default_factory=FormTokens)
    sessions: Sessions = field(init=False)
    followings: Followings = field(init=False)
    health: dict[Kind, HealthApi] = field(init=False)
    _apis: dict[Session, Apis] = field(default_factory=dict)
    _tracks: dict[Session, Track] = field(default_factory=dict)
    _pages: dict[Session, list[Client]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sessions = Sessions(on_end=self._ended)
        self.followings = Followings(self.urls)
        self.health = {kind: HealthApi(TITLES[kind], url) for kind, url in self.urls.items() if kind is not Kind.DESK}

    def apis(self, session: Session) -> Apis:
        """The session's. One that is over has no key for them, and nothing is kept for it."""
        return Apis(self.urls, session) if session.is_over else self._apis.setdefault(session, Apis(self.urls, session))

    def track(self, session: Session) -> Track:
        """What was seen of the session's profit and loss."""
        return Track() if session.is_over else self._tracks.setdefault(session, Track())

    def may_open(self, session: Session, page: Client) -> bool:
        """Counts a page of the session as open; False where as many as may be are."""
        pages = self._pages.setdefault(session, [])
        if len(pages) >= MOST_PAGES:
            return False
        pages.append(page)
        return True

    def closed(self, session: Session, page: Client) -> None:
        """It is not any more."""
        pages = self._pages.get(session, [])
        if page in pages:
            pages.remove(page)

    def keys_changed(self, session: Session) -> None:
        """The session has another key of an API: its clients are made anew."""
        if (apis := self._apis.pop(session, None)) is not None:
            spawn(apis.close(), "dashboard closes clients")

    async def stop(self) -> None:
        """Closes all connections."""
        await self.followings.stop()
        for closing in self._all_clients():
            await closing.close()

    def _all_clients(self) -> Iterator[Apis | HealthApi]:
        yield from self._apis.values()
        yield from self.health.values()

    def _ended(self, session: Session) -> None:
        """Of a session that is over nothing stays: its pages go to the sign-in page."""
        self.keys_changed(session)
        self._tracks.pop(session, None)
        for page in self._pages.pop(session, []):
            page.open(SIGN_IN)
