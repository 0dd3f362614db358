"""Where a case is sat: a world of its own with one tennis match, the venue on real sockets, time that stands.

The world's clock is also the connector's and moves only when a case moves it, so that a minute of waiting costs no
time and no result hangs on the machine's speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable
from urllib.parse import urlsplit, urlunsplit

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import InputError
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.secrets import Secret
from hedgerow.core.states import SettlementStatus
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.exam.cases import DisprovedError
from hedgerow.sim.dialects.oddspapi.dialect import OddsPapi
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.site import Dialect, traffic
from hedgerow.sim.venues import find_dialect, module_name
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, Manifest, VenueContext

T = TypeVar("T")

FIXTURE = FixtureId("id1200231461061419")
FIRST, SECOND = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
"""The match winner's two outcomes."""

PARTICIPANTS = ("Jannik Sinner", "Carlos Alcaraz")
SPORT, OTHER_SPORT = "tennis", "soccer"
NOW_S = 1_795_190_000  # 2026-11-20 15:53 UTC
STARTS_S = NOW_S + 90_000

FEED = "oddspapi"

_STEP_S = 1.0
"""Shorter than every dead-man's switch, so that the beats of a healthy connector come in time."""
_QUIET_TURNS = 10
PATIENCE_S = 6.0
_SOON_S = 0.5
"""Of the machine's time, for what comes over a socket. A cut stream comes back after a second at most."""
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://hedgerow.invalid/exam")


@runtime_checkable
class HasDemoAccounts(Dialect, Protocol):
    """A simulated venue that gives away the keys of its default accounts."""

    def demo_credentials(self, account: str) -> Mapping[str, str]: ...


def simulated_urls(manifest: Manifest, sites: Mapping[str, str]) -> dict[str, str]:
    """The venue's addresses in the simulated world: the manifest's paths on the simulated hosts. sites: base URLs by
    the manifest's names. Raises InputError for a name without a site."""
    if missing := sorted(set(manifest.urls) - set(sites)):
        raise InputError(f"the simulated {manifest.slug} has no site {', '.join(missing)}")
    return {name: _moved(url, sites[name]) for name, url in manifest.urls.items()}


def _moved(url: str, base: str) -> str:
    host = urlsplit(base)
    return urlunsplit((host.scheme, host.netloc, urlsplit(url).path, "", ""))


@dataclass
class Bench:
    """One venue's world during one case."""

    manifest: Manifest
    server: WorldServer
    context: VenueContext
    stack: AsyncExitStack

    # --- the world ----------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def slug(self) -> str:
        return str(self.manifest.slug)

    @property
    def account(self) -> str:
        """Its name at the venue."""
        return f"demo_{self.slug}"

    def behave(self, **switches: Any) -> None:
        """The venue misbehaves, in the script's words; without any it is itself again."""
        self.server.venues.patch(self.slug, switches, {})

    def settle(self, first: SettlementStatus) -> None:
        """The match is over. first: the result of the first participant's outcome."""
        outcomes = {FIRST.outcome_id: first, SECOND.outcome_id: first.mirrored}
        self.world.settle(FIXTURE, {int(outcome): result for outcome, result in outcomes.items()})

    def frames_sent(self) -> int:
        """By the venue, on all streams that are open."""
        return sum(socket.sent for socket in self.server.venues.dialects[self.slug].sockets())

    def reference(self, name: str) -> str:
        """A reference of ours; the same for the same name."""
        return str(uuid.uuid5(_NAMES, f"{self.slug} {name}"))

    # --- time ---------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    async def step(self, seconds: float) -> None:
        """The world's time goes on, in steps short enough for everybody to keep up."""
        end_ns = self.world.clock.now_ns() + int(seconds * NS_PER_S)
        await settled()
        while (now_ns := self.world.clock.now_ns()) < end_ns:
            self.world.clock.step_to(min(end_ns, now_ns + int(_STEP_S * NS_PER_S)))
            await settled()

    async def later(self, asked: Coroutine[Any, Any, T]) -> T:
        """What a call answers which the venue's latency holds back: the world goes on while it does."""
        task = spawn(_caught(asked), f"exam at {self.slug}")
        self.stack.push_async_callback(stop, task)
        async with asyncio.timeout(PATIENCE_S):
            while not task.done():
                await asyncio.sleep(0.001)
                if traffic.held_back:  # not while it is under way: a slow machine would make its signature old
                    self.world.clock.step_to(self.world.clock.now_ns() + NS_PER_S // 20)
        answer, error = task.result()
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]  # without an error it is the call's answer

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Waits for what comes over the sockets. Raises DisprovedError when it does not."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds():  # noqa: ASYNC110 - what a venue says has no event to wait for
                    await asyncio.sleep(0.001)
        except TimeoutError:
            raise DisprovedError(f"it never came true: {what}") from None

    async def soon(self, holds: Callable[[], object]) -> None:
        """Waits for what may come over the sockets, or may not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SOON_S):
                while not holds():  # noqa: ASYNC110 - what a venue says has no event to wait for
                    await asyncio.sleep(0.001)

    async def until_asked(self, ask: Callable[[], Awaitable[object]], what: str) -> None:
        """Asks the connector again, the world going on, until it says yes. Raises DisprovedError when it does not."""
        for _ in range(20):
            if await ask():
                return
            await self.step(1)
        raise DisprovedError(f"it never came true: {what}")


def spoiled(text: str) -> str:
    """The text with the letter or digit in its middle exchanged for another: no longer what it named."""
    middle = next(place for place in range(len(text) // 2, len(text)) if text[place].isalnum())
    other = {"0": "1", "a": "b", "A": "B"}.get(text[middle], "0" if text[middle].isdigit() else "a")
    return text[:middle] + other + text[middle + 1 :]


async def settled() -> None:
    """Returns when no request is under way and a few turns of the loop have started none."""
    quiet_turns = 0
    while quiet_turns < _QUIET_TURNS:
        await asyncio.sleep(0)
        quiet_turns = 0 if work.units else quiet_turns + 1


async def _caught(asked: Coroutine[Any, Any, T]) -> tuple[T | None, Exception | None]:
    try:
        return await asked, None
    except Exception as error:  # handed to who waits, not logged as a failure of a task
        return None, error


async def open_world(manifest: Manifest, stack: AsyncExitStack) -> WorldServer:
    """A world with the match, where only this venue and the feed speak; the stack stops it. Raises InputError for a
    venue that is not simulated."""
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    server = WorldServer(WorldConfig(), lambda world: [_dialect(manifest.slug, world), _dialect(FEED, world)], world)
    if not isinstance(server.venues.dialects[manifest.slug], HasDemoAccounts):
        raise InputError(f"the simulated {manifest.slug} has no demo accounts")
    stack.push_async_callback(server.stop)
    await server.start()
    world.put_fixture(Fixture(FIXTURE, 12, 2314, *PARTICIPANTS, STARTS_S, "ATP Finals", "ATP"))
    return server


def demo_context(manifest: Manifest, server: WorldServer) -> VenueContext:
    """What a connector needs to trade as the simulated venue's demo account."""
    dialect = server.venues.dialects[manifest.slug]
    assert isinstance(dialect, HasDemoAccounts)
    keys = {name: Secret(text) for name, text in dialect.demo_credentials(f"demo_{manifest.slug}").items()}
    urls = simulated_urls(manifest, server.venues.urls(manifest.slug))
    feed = server.venues.dialects[FEED]
    assert isinstance(feed, OddsPapi)

    def fixture_ref(fixture_id: FixtureId) -> str:
        return str(feed.view.book_state(server.world.fixtures[fixture_id], manifest.slug)["bookmakerFixtureId"])

    account = Account(1, "demo", manifest.currency, keys)
    return VenueContext(account, server.world.clock, urls, fixture_ref=fixture_ref)


def _dialect(slug: str, world: World) -> Dialect:
    try:
        return find_dialect(slug, world)
    except LookupError as error:
        raise InputError(f"{slug} is not simulated: the exam needs sim/dialects/{module_name(slug)}") from error
