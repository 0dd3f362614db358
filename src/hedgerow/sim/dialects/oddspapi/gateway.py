"""The feed's gateway: numbers the data frames, keeps those that can be replayed, and hands them to the sessions.

Source: the feed sheet, section 5. Changes of odds are conflated per oddsId: in real and scaled pace all that comes
within 10 ms of world time goes out as one latest state. In stepped pace every change goes out at once, for a window
would be one more time at which the world wants to wake, and a step settles before the next one anyway.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable

from hedgerow.core.ids import FixtureId
from hedgerow.core.tasks import spawn
from hedgerow.sim.clock import Pace
from hedgerow.sim.dialects.oddspapi import codec
from hedgerow.sim.dialects.oddspapi.access import KeyRing
from hedgerow.sim.dialects.oddspapi.faults import Mangler
from hedgerow.sim.dialects.oddspapi.frames import Frame, Rendering, Ring, about
from hedgerow.sim.dialects.oddspapi.memory import Selection
from hedgerow.sim.dialects.oddspapi.session import (
    KEY_REVOKED,
    REGION,
    REPLAYED,
    RESUME_WINDOW_MS,
    TOO_MANY,
    TOO_MANY_CONNECTIONS,
    WINDOW_EXCEEDED,
    Refused,
    Session,
    accept,
    read_login,
    resume,
)
from hedgerow.sim.dialects.oddspapi.shapes import Json
from hedgerow.sim.dialects.oddspapi.subscriber import Outlet, Patience, Subscriber
from hedgerow.sim.dialects.oddspapi.view import View
from hedgerow.sim.markets import SPORTS
from hedgerow.sim.world import Fixture

CONNECTIONS_PER_GROUP = 5
CONFLATION_S = 0.010
GRACE_S = 5.0
"""How long, in world time, a client that was asked to reconnect is still served."""

_CLOCK_WENT_BACK_MS = 1_000
_CUT, _TORN_DOWN = 1006, 1011


class Gateway:
    """All sessions of the feed, and what is said to them."""

    def __init__(self, view: View, keys: KeyRing, books: Callable[[], Iterable[str]]) -> None:
        """books: the slugs that the feed knows now."""
        self.patience = Patience()
        self.subscribers: list[Subscriber] = []
        self.mangler: Mangler[Frame] = Mangler()
        self._view, self._keys, self._books = view, keys, books
        self._clock = view.world.clock
        self._numbers: dict[str, int] = {}
        self._rings = {channel: Ring() for channel in REPLAYED}
        self._last_ms = self._said = 0
        self._connections = 0
        self._epochs = 0
        self._pending: dict[FixtureId, dict[str, dict[Selection, None]]] = {}
        self._flush_is_planned = False
        self._pace = self._clock.pace
        self.epoch = self._next_epoch()
        keys.on_revoked(self._revoked)
        self._clock.on_change(self._clock_changed)

    # --- sessions --------------------------------------------------------------------------------------------

    def admit(self, first_frame: str | bytes, outlet: Outlet) -> Subscriber:
        """Answers a client's first frame. Raises Refused, with the error frame that is still to be sent."""
        login = read_login(first_frame)
        sports = self._known_sports()
        json_only = self._view.faults.jsonOnly
        session = accept(login, self._keys, sports=sports, books=list(self._books()), json_only=json_only)
        in_group = sum(other.session.key.group == session.key.group for other in self.subscribers)
        if in_group >= CONNECTIONS_PER_GROUP:
            message = f"at most {CONNECTIONS_PER_GROUP} connections"
            raise Refused(TOO_MANY_CONNECTIONS, message, TOO_MANY)
        subscriber = Subscriber(session, outlet, self.patience, self._snapshot_required)
        subscriber.say(self._login_ok(session))
        if session.receive_type == codec.ZSTD_DICT:
            for frame in codec.dictionary_frames(session.echo["channels"]):
                subscriber.say(frame)
        self._resume(subscriber)
        self.subscribers.append(subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """The client's connection has ended."""
        self.subscribers.remove(subscriber)

    def _known_sports(self) -> set[int]:
        listed = {sport.sport_id for sport in SPORTS}
        return listed | {fixture.sport_id for fixture in self._view.world.fixtures.values()}

    def _login_ok(self, session: Session) -> Json:
        self._connections += 1
        digest = hashlib.sha256(f"{self.epoch}:{self._connections}".encode()).digest()
        return {
            "type": "login_ok",
            "region": REGION,
            "connId": str(uuid.UUID(bytes=digest[:16], version=4)),
            **session.echo,
            "resume": {
                "enabled": True,
                "serverEpoch": self.epoch,
                "resumeWindowMs": RESUME_WINDOW_MS,
                "replayChannels": list(REPLAYED),
                "serverCursors": {},
                "serverEntryIds": self._entry_ids(REPLAYED),
            },
        }

    def _resume(self, subscriber: Subscriber) -> None:
        """Replays what a returning client missed, in the order in which it was said, or asks it for snapshots."""
        session = subscriber.session
        last = {channel: ring.last for channel, ring in self._rings.items()}
        missed = resume(session, self.epoch, last, self._clock.now_ms())
        if missed is None:
            return
        lost, frames = list(missed.snapshots), []
        for channel, (_, number) in missed.replays.items():
            entries = self._rings[channel].after(number)
            if entries is None:
                lost.append(channel)
            else:
                frames += entries
        if lost:
            subscriber.say(self._snapshot_required(missed.reason or WINDOW_EXCEEDED, lost))
        for frame in sorted(frames, key=lambda frame: frame.order):
            subscriber.receive(Rendering(frame))
        if missed.replays:
            subscriber.say({"type": "resume_complete", "serverEpoch": self.epoch})

    def _snapshot_required(self, reason: str, channels: list[str]) -> Json:
        return {
            "type": "snapshot_required",
            "reason": reason,
            "channels": channels,
            "serverEpoch": self.epoch,
            "resumeWindowMs": RESUME_WINDOW_MS,
            "serverEntryIds": self._entry_ids(channels),
        }

    def _entry_ids(self, channels: Iterable[str]) -> dict[str, str | None]:
        """The last entry of each channel that is replayed."""
        last = {channel: self._rings[channel].last for channel in channels if channel in self._rings}
        return {channel: None if entry is None else f"{entry[0]}-{entry[1]}" for channel, entry in last.items()}

    # --- data ------------------------------------------------------------------------------------------------

    def publish(self, channel: str, payload: Json, fixture: Fixture | None = None) -> None:
        """Says something to all whose filters let it through."""
        frame = self._frame(channel, payload, fixture)
        if channel in self._rings:
            self._rings[channel].add(frame)
        if self._view.faults.silent:
            return
        for passed in self.mangler.pass_on(frame, self._view.faults):
            rendering = Rendering(passed)
            for subscriber in self.subscribers:
                subscriber.receive(rendering)

    def tell(self, subscriber: Subscriber, channel: str, payload: Json) -> None:
        """Says something to one client that nobody else is waiting for."""
        if not self._view.faults.silent:
            subscriber.receive(Rendering(self._frame(channel, payload, None)))

    def publish_unknown(self) -> None:
        """Says something on a channel that nobody can have asked for, to everybody."""
        frame = self._frame("weather", {"temperature": 21}, None)
        for subscriber in self.subscribers:
            subscriber.say_data(frame)

    def _frame(self, channel: str, payload: Json, fixture: Fixture | None) -> Frame:
        self._last_ms = max(self._clock.now_ms(), self._last_ms)
        number = self._numbers[channel] = self._numbers.get(channel, 0) + 1
        self._said += 1
        if self._view.faults.padBytes and channel == "odds":
            payload = {**payload, "padding": "x" * self._view.faults.padBytes}
        return Frame(channel, payload, None if fixture is None else about(fixture), self._last_ms, number, self._said)

    def publish_odds_soon(self, fixture: Fixture, touched: dict[str, list[Selection]]) -> None:
        """Says how the touched rows stand when the conflation window ends."""
        pending = self._pending.setdefault(fixture.fixture_id, {})
        for slug, selections in touched.items():
            pending.setdefault(slug, {}).update(dict.fromkeys(selections))
        if self._clock.pace is Pace.STEPPED:
            self.flush()
        elif not self._flush_is_planned:
            self._flush_is_planned = True
            self._clock.later(CONFLATION_S, self.flush, "feed conflation window")

    def flush(self) -> None:
        """Ends the window: one frame per fixture."""
        self._flush_is_planned = False
        pending, self._pending = self._pending, {}
        for fixture_id, touched in pending.items():
            fixture = self._view.world.fixtures[fixture_id]
            odds = {slug: self._view.present(fixture, slug, selections) for slug, selections in touched.items()}
            self.publish("odds", {"fixtureId": fixture_id, "odds": odds}, fixture)
            if self._view.faults.lateOlderRows:
                self._publish_former(fixture, touched)

    def _publish_former(self, fixture: Fixture, touched: dict[str, dict[Selection, None]]) -> None:
        """Says the rows' former state again, as if it had been under way for longer."""
        memory = self._view.memory
        odds: dict[str, dict[str, Json]] = {}
        for slug, selections in touched.items():
            for selection in selections:
                ticks = memory.history(fixture.fixture_id, slug, selection).ticks
                if len(ticks) > 1:
                    key, row = self._view.keyed_row(fixture, ticks[-2])
                    odds.setdefault(slug, {})[key] = row
        if odds:
            self.publish("odds", {"fixtureId": fixture.fixture_id, "odds": odds}, fixture)

    # --- interruptions ---------------------------------------------------------------------------------------

    def ask_to_reconnect(self) -> None:
        """Another gateway takes over: clients are asked to come again, served for a while and then dropped."""
        for subscriber in self.subscribers:
            subscriber.say({"type": "reconnect", "reason": "server_upgrade"})
        if self.subscribers:
            spawn(self._retire(list(self.subscribers)), "feed retires sessions")
        self._renew()

    def forget(self) -> None:
        """The world was reset: what was still to be said is no more (its window may never end, for the clock forgets
        what it was asked to do later), and clients must begin anew."""
        self._pending.clear()
        self._flush_is_planned = False
        self.mangler.reset(self._view.faults.seed)
        self.ask_to_reconnect()

    def crash(self) -> None:
        """The gateway restarts without a word: connections are cut, and nothing can be resumed."""
        for subscriber in self.subscribers:
            subscriber.outlet.close(_CUT)
        self._renew()

    def _renew(self) -> None:
        self.epoch = self._next_epoch()
        self._last_ms = 0
        for ring in self._rings.values():
            ring.clear()

    async def _retire(self, subscribers: list[Subscriber]) -> None:
        await self._clock.sleep(GRACE_S, soft=True)
        for subscriber in subscribers:
            if subscriber in self.subscribers:
                subscriber.outlet.close(_TORN_DOWN, b"server upgrade")

    def _next_epoch(self) -> str:
        """32 hex digits; a later gateway never has an earlier one's."""
        self._epochs += 1
        return hashlib.sha256(f"{self._clock.now_ns()}:{self._epochs}".encode()).hexdigest()[:32]

    def _revoked(self, key: str) -> None:
        for subscriber in self.subscribers:
            if subscriber.session.key.key.lower() == key:
                subscriber.outlet.close(KEY_REVOKED, b"api_key_revoked")

    def _clock_changed(self) -> None:
        """A time that went back (a recording begins) makes every entry id wrong: as after a restart. A world that
        gets its own time before anybody came has an epoch of that time, so that runs of it are alike. A pace that
        became stepped ends an open window."""
        new_pace, self._pace = self._clock.pace is not self._pace, self._clock.pace
        if self._clock.now_ms() < self._last_ms - _CLOCK_WENT_BACK_MS:
            self.ask_to_reconnect()
        elif new_pace and not self.subscribers:
            self._renew()
        if self._clock.pace is Pace.STEPPED and self._pending:
            self.flush()
