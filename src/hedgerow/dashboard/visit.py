"""One open page of one session: its APIs, how it keeps itself fresh, and how it does what a button asks for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nicegui import Client, ui

from hedgerow.core.clock import Clock
from hedgerow.core.errors import HedgerowError
from hedgerow.core.tasks import spawn
from hedgerow.dashboard.apis.abp import AbpApi
from hedgerow.dashboard.apis.bridge_desk import DesksApi
from hedgerow.dashboard.apis.mm import MmApi
from hedgerow.dashboard.apis.operator import OperatorApi
from hedgerow.dashboard.apis.scraping import ScrapingApi
from hedgerow.dashboard.desk import Desk
from hedgerow.dashboard.following import Event, Link
from hedgerow.dashboard.freshness import Freshness
from hedgerow.dashboard.sessions import Kind, Session
from hedgerow.dashboard.troubles import told

T = TypeVar("T")

_TICK_S = 0.25


@dataclass(slots=True, eq=False)
class Visit:
    """What a page is built with. Everything here runs on the page's own client.

    parameters: of the page's path and query. show_troubles: set by the shell; told all that is wrong on the page now.
    """

    desk: Desk
    session: Session
    client: Client
    parameters: Mapping[str, Any]
    show_troubles: Callable[[Sequence[str]], None] = lambda _: None
    _wrong: dict[int, str] = field(default_factory=dict)
    _watchers: list[Callable[[], None]] = field(default_factory=list)
    _kept: list[Freshness] = field(default_factory=list)
    _leaving: list[Callable[[], None]] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return self.desk.clock

    # --- the APIs, each only where the session has its key ---------------------------------------------------

    @property
    def mm(self) -> MmApi:
        return self.desk.apis(self.session).mm()

    @property
    def abp(self) -> AbpApi:
        return self.desk.apis(self.session).abp()

    @property
    def scraping(self) -> ScrapingApi:
        return self.desk.apis(self.session).scraping()

    @property
    def operator(self) -> OperatorApi:
        return self.desk.apis(self.session).operator()

    @property
    def desks(self) -> DesksApi:
        return self.desk.apis(self.session).desks()

    # --- what is pushed --------------------------------------------------------------------------------------

    def on_event(self, kind: Kind, listener: Callable[[Event], None] = lambda _: None) -> None:
        """Tells the listener what the API pushes while the page is open."""
        key = self.session.keys[kind].key
        self._leaving.append(self.desk.followings.follow(kind, key, listener, lambda: self._link_changed(kind)))

    def on_link(self, watcher: Callable[[], None]) -> None:
        """Tells the watcher when the state of a connection has changed."""
        self._watchers.append(watcher)

    def link(self, kind: Kind) -> Link:
        """How the connection that pushes stands; refused where the session has no such key (any more)."""
        if kind not in self.session.keys:
            return Link.REFUSED
        return self.desk.followings.link(kind, self.session.keys[kind].key)

    def on_leave(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What is to be ended when the page is gone."""
        self._leaving.append(lambda: _end(work()))

    def leave(self) -> None:
        """The page is gone."""
        for leaving in self._leaving:
            leaving()
        self._leaving.clear()
        self.desk.closed(self.session, self.client)

    def _link_changed(self, kind: Kind) -> None:
        for watcher in self._watchers:
            watcher()
        if self.link(kind) is Link.LIVE:
            for fresh in self._kept:
                fresh.lives()

    # --- keeping fresh ---------------------------------------------------------------------------------------

    def keep(
        self,
        load: Callable[[], Awaitable[T]],
        show: Callable[[T], None],
        *,
        every_s: float,
        least_s: float = 1.0,
        on: Sequence[tuple[Kind, str]] = (),
    ) -> Callable[[], None]:
        """Loads and shows at once, then every so often, and soon after an event on one of the channels, but never more
        often than every least_s. Answers what asks for it. What goes wrong stands at the top of the page until it is
        well again, which is tried more and more seldom, and at once when a connection that pushes is back."""
        fresh = Freshness(every_s, least_s)
        self._kept.append(fresh)
        number = len(self._wrong)
        self._wrong[number] = ""

        async def tick() -> None:
            now_s = time.monotonic()
            if not fresh.is_due(now_s) or not self.desk.sessions.use(self.session):
                return
            fresh.begin(now_s)
            wrong = ""
            try:
                found = await load()
                if not self.client.is_deleted:
                    show(found)
            except HedgerowError as error:
                wrong = told(error)
            finally:
                fresh.end(is_good=not wrong)
            self._tell(number, wrong)

        def heard(event: Event) -> None:
            if (event.kind, event.channel) in on:
                fresh.ask()

        for kind in {kind for kind, _ in on}:
            self.on_event(kind, heard)
        ui.timer(_TICK_S, tick)
        return fresh.ask

    def _tell(self, number: int, wrong: str) -> None:
        if self._wrong[number] != wrong and not self.client.is_deleted:
            self._wrong[number] = wrong
            self.show_troubles(list(dict.fromkeys(filter(None, self._wrong.values()))))

    # --- doing something -------------------------------------------------------------------------------------

    async def act(self, work: Callable[[], Awaitable[T]], done: Callable[[T], str]) -> T | None:
        """Does what a button asks for, and tells how it went; None when it did not go. Nothing is done for a session
        that is over."""
        if not self.desk.sessions.use(self.session):
            return None
        try:
            found = await work()
        except HedgerowError as error:
            ui.notify(told(error, is_repeated=False), type="negative", timeout=0, close_button="Close", multi_line=True)
            return None
        ui.notify(done(found), type="positive", timeout=5000, close_button="Close")
        return found


def _end(work: Coroutine[Any, Any, None]) -> None:
    spawn(work, "dashboard leaves a page")
