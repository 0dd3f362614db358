"""The feed's client: keeps the price book right, and says what changed.

A thin shell. What to say and what to make of it is `session`'s, what to ask next `rounds`' and `settlement`'s, how
it all merges `book`'s. Frames are applied in the turn of the loop in which they arrive. Answers carry the moment of
their request, so the two may come in any order, and nothing has to be held back between a login and its snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn
from urllib.parse import urlsplit

import structlog

from hedgerow.core.clock import NS_PER_MS, Clock
from hedgerow.core.errors import Refused, Unavailable
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import Rates
from hedgerow.core.observe import FEED_FRAMES, FEED_SILENCE_SECONDS
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.feed import wire
from hedgerow.feed.book import BookChange, PriceBook
from hedgerow.feed.codec import Frame, SalvagedOdds, Unreadable
from hedgerow.feed.connection import Connection
from hedgerow.feed.gate import Limits
from hedgerow.feed.grading import Grader, GradeSink
from hedgerow.feed.listing import Lister
from hedgerow.feed.offers import Block
from hedgerow.feed.reconcile import Reconciler
from hedgerow.feed.rest import FEED, FeedRest
from hedgerow.feed.rounds import Rounds
from hedgerow.feed.scope import Scope
from hedgerow.feed.session import ReceiveType, Session, Wanted
from hedgerow.feed.settlement import Grade
from hedgerow.feed.wire import DataFrame
from hedgerow.net.http import HttpClient

_log = structlog.get_logger(__name__)

Sink = Callable[[BookChange, int], None]
"""(change, received_ns): what changed, and when the message that told of it arrived."""

_WATCH_EVERY_S = 0.25
_LOOK_EVERY_S = 0.25  # for a round that is due
_STRANGERS_EVERY_S = 10.0
_BOOKMAKERS_EVERY_S = 60.0
_FIXTURES_EVERY_S = 600.0
_GRADES_EVERY_S = 5.0
_RETRY_S, _LONGEST_RETRY_S, _MOST_DOUBLINGS = 5.0, 60.0, 10
_REFUSED_RETRY_S = 60.0
_SILENT_RENEW_MS = 30_000
_LARGE_FRAMES_KEPT_MS = 1_000
_LARGE_FRAMES_A_TURN = 250
_FORGET_AFTER_MS = 24 * 3_600_000
_CLOCK_JITTER_MS = 60_000  # a clock that is set right goes back by less
_MOST_NAMES = 100


def _ignore(*_: object) -> None:
    """For those who do not want to be told."""


class FeedClient:
    """Follows a scope of the feed."""

    def __init__(
        self,
        *,
        rest_url: str,
        ws_url: str,
        key: Secret,
        scope: Scope,
        book: PriceBook,
        clock: Clock,
        limits: Limits,
        sink: Sink,
        on_connection: Callable[[bool], None] = _ignore,
        on_rates: Callable[[Rates], None] = _ignore,
        on_grades: GradeSink = _ignore,
        record: Callable[[bytes], None] | None = None,
        receive_type: ReceiveType = ReceiveType.JSON,
        odds_per_second: float = 2.0,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        """sink and the other callbacks are called on the loop and must not block.

        on_connection: True when frames come (again), False when they do not: the socket is gone, or has been silent
        for longer than the limit. record: takes the text of every data frame, decompressed, in the order of arrival.
        odds_per_second: requests for odds, at most 10.
        """
        self.book, self.scope = book, scope
        self.alarms: dict[str, str] = {}  # what a person has to look at, by subject
        self._clock, self._limits, self._sink, self._record = clock, limits, sink, record
        self._on_connection, self._on_rates = on_connection, on_rates
        self._http = HttpClient(FEED, rest_url, connections=4, timeout_s=30.0)
        rest = FeedRest(self._http, key, clock, odds_per_second=odds_per_second)
        self._lister = Lister(rest, book, clock, self._tell)
        self._reconciler = Reconciler(rest, book, Rounds(limits), clock, self._tell)
        self._grader = Grader(rest, book, clock, self._tell, on_grades)
        lang = urlsplit(rest_url).path.rpartition("/")[2] or "en"
        wanted = _wanted(scope, receive_type, lang)
        self._connection = Connection(ws_url, key, wanted, clock, self, backoff=backoff)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_listed = asyncio.Event()
        self._list_now, self._ask_now = asyncio.Event(), asyncio.Event()
        self._is_usable = False
        self._latest_ms = 0
        self._renewed_ms = 0
        self._odds_frames = 0  # not yet counted in the metric
        self._strange_names: set[str] = set()

    # --- what others call ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to follow the feed, and keeps trying until it is reached."""
        self._tasks = [spawn(self._run(), "feed", is_vital=True)]

    async def stop(self) -> None:
        """Closes the stream and ends all work."""
        await stop(*self._tasks)
        await self._connection.stop()
        await self._http.close()

    async def wait_ready(self, timeout_s: float) -> bool:
        """Whether the stream is up and the fixtures are listed, waiting for it at most so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._is_listed.wait()
        except TimeoutError:
            return False
        return True

    def set_scope(self, scope: Scope) -> None:
        """Follows another selection from now on: with a new login where the stream has to bring something else."""
        before, self.scope = self._connection.wanted, scope
        wanted = _wanted(scope, before.receive_type, before.lang)
        if wanted != before:
            self._connection.renew(wanted)
        self._ask_now.set()

    def watch_settlement(self, fixture_id: FixtureId) -> None:
        """Tells `on_grades` of every change of the feed's grades of this fixture, until they stand."""
        self._grader.watch(fixture_id)

    async def settlements(self, fixture_id: FixtureId) -> tuple[Grade, ...]:
        """The feed's grades of the fixture now. Raises Refused or Unavailable."""
        return await self._grader.ask(fixture_id)

    # --- what the connection tells ---------------------------------------------------------------------------

    def up(self, now_ms: int, missing: tuple[str, ...], *, has_gap: bool) -> None:
        if self._clock_went_back(now_ms) or has_gap:
            self.book.up_since_ms = now_ms
        self.book.heard_ms = now_ms
        self._alarm("login", "")
        self._alarm("stream", f"the server will not send {', '.join(missing)}" if missing else "")
        self._set_usable(is_usable=True)
        self._list_now.set()

    def down(self, why: str, *, is_final: bool) -> None:
        self.book.up_since_ms = None
        self._set_usable(is_usable=False)
        if is_final:
            self._alarm("login", f"the feed refuses the login: {why}")

    def frame(self, frame: Frame, session: Session, received_ns: int) -> None:
        book, now_ms = self.book, received_ns // NS_PER_MS
        book.heard_ms = now_ms
        if not self._is_usable and book.up_since_ms is not None:
            self._set_usable(is_usable=True)
        if type(frame) is wire.OddsFrame:  # the way from a tick to an order
            text, told = session.text, frame.payload
            changes = book.merge(told.fixture_id, told.odds, Block(now_ms, text, session.codec), len(text))
            self._odds_frames += 1
        else:
            changes = self._apply_other(frame, session, now_ms)
        for change in changes:
            self._sink(change, received_ns)
        if self._record is not None and not isinstance(frame, _CONTROL):
            self._record(session.text)

    def _apply_other(self, frame: Frame, session: Session, now_ms: int) -> list[BookChange]:
        match frame:
            case wire.ReconnectAsked():
                self._connection.renew()
            case wire.SnapshotRequired():
                self._snapshot_required(frame, now_ms)
            case wire.FeedError():
                _log.error("the feed reports an error", error=frame.error, message=frame.message)
            case Unreadable():
                self._unreadable(frame)
            case wire.LoginOk() | wire.ResumeComplete() | wire.Dictionary():
                pass
            case _:
                FEED_FRAMES.labels(_channel(frame)).inc()
                changes = self.book.apply(frame, session.text, session.codec, now_ms)
                if isinstance(frame, wire.CurrenciesFrame):
                    self._on_rates(self.book.rates)
                return changes
        return []

    def _snapshot_required(self, frame: wire.SnapshotRequired, now_ms: int) -> None:
        """The stream goes on, but frames of these channels were missed."""
        _log.info("the feed asks for a snapshot", why=frame.reason, channels=frame.channels)
        if not _QUOTED.isdisjoint(frame.channels):
            self.book.up_since_ms = now_ms
            self._ask_now.set()
        self._list_now.set()

    def _unreadable(self, frame: Unreadable) -> None:
        if frame.name not in self._strange_names and len(self._strange_names) < _MOST_NAMES:
            self._strange_names.add(frame.name)
            log = _log.error if frame.name in wire.CHANNELS else _log.warning
            log("a frame of the feed is passed over", name=frame.name, why=frame.why)

    def _set_usable(self, *, is_usable: bool) -> None:
        if is_usable is not self._is_usable:
            self._is_usable = is_usable
            self._on_connection(is_usable)

    def _alarm(self, subject: str, what: str) -> None:
        """Raises an alarm for a person, or takes it back when there is nothing to say."""
        if what and self.alarms.get(subject) != what:
            _log.error("the feed needs attention", subject=subject, what=what)
        self.alarms.pop(subject, None)
        if what:
            self.alarms[subject] = what

    def _clock_went_back(self, now_ms: int) -> bool:
        """Whether the clock was put back since it was last looked at: a recording begins. Then all begins anew, for
        what is known belongs to another time."""
        before_ms, self._latest_ms = self._latest_ms, now_ms
        if now_ms >= before_ms - _CLOCK_JITTER_MS:
            return False
        _log.warning("the clock was put back", by_s=(before_ms - now_ms) / 1000)
        self._reconciler.begin_anew()
        self._renewed_ms = 0
        self._tell(self.book.clear())
        return True

    def _tell(self, changes: Iterable[BookChange]) -> None:
        received_ns = self._clock.now_ns()
        for change in changes:
            self._sink(change, received_ns)

    # --- what is done all the time ---------------------------------------------------------------------------

    async def _run(self) -> None:
        await self._until_loaded()
        self._connection.renew()
        self._tasks += [
            spawn(self._every("watch", _WATCH_EVERY_S, self._watch), "feed watch", is_vital=True),
            spawn(self._every("list", _FIXTURES_EVERY_S, self._list, self._list_now), "feed lists", is_vital=True),
            spawn(self._every("odds", _LOOK_EVERY_S, self._ask_odds, self._ask_now), "feed odds", is_vital=True),
            spawn(
                self._every("strangers", _STRANGERS_EVERY_S, self._lister.strangers), "feed strangers", is_vital=True
            ),
            spawn(self._every("bookmakers", _BOOKMAKERS_EVERY_S, self._keep), "feed bookmakers", is_vital=True),
            spawn(self._every("grades", _GRADES_EVERY_S, self._grader.turn), "feed grades", is_vital=True),
        ]

    async def _until_loaded(self) -> None:
        while True:
            try:
                await self._load()
            except Unavailable as error:
                _log.warning("the feed is not reached", why=str(error))
                await self._clock.sleep(_RETRY_S, soft=True)
            except Refused as error:
                self._alarm("lists", str(error))
                await self._clock.sleep(_REFUSED_RETRY_S, soft=True)
            else:
                return

    async def _load(self) -> None:
        hidden = await self._lister.load(self.scope)
        self._alarm("lists", f"the key may not see {', '.join(hidden)}" if hidden else "")

    async def _every(
        self, what: str, every_s: float, turn: Callable[[], Awaitable[None]], bell: asyncio.Event | None = None
    ) -> NoReturn:
        """Takes turns for ever, at this distance in the clock's time or when the bell rings. What fails is tried
        again soon, then less and less often, and logged when it begins to fail."""
        failures = 0
        while True:
            try:
                await turn()
            except (Refused, Unavailable) as error:
                if not failures:
                    _log.warning("the feed does not answer", what=what, why=str(error))
                failures += 1
            except Exception:
                _log.exception("a turn of the feed failed", what=what)
                failures += 1
            else:
                failures = 0
            await self._pause(retry_pause_s(failures) if failures else every_s, None if failures else bell)

    async def _pause(self, seconds: float, bell: asyncio.Event | None) -> None:
        if bell is None:
            await self._clock.sleep(seconds, soft=True)
            return
        sleeper = spawn(self._clock.sleep(seconds, soft=True), "feed pause")
        ringer = spawn(bell.wait(), "feed bell")
        try:
            await asyncio.wait((sleeper, ringer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            ringer.cancel()
            bell.clear()

    async def _watch(self) -> None:
        """Notices silence, and lets go of what is no longer needed."""
        now_ms, book = self._clock.now_ms(), self.book
        if self._clock_went_back(now_ms):
            book.heard_ms = now_ms
            self._connection.renew(distrust=True)
        silent_ms = now_ms - book.heard_ms if book.up_since_ms is not None else 0
        FEED_SILENCE_SECONDS.set(silent_ms / 1000)
        FEED_FRAMES.labels("odds").inc(self._odds_frames)
        self._odds_frames = 0
        if silent_ms > self._limits.silence_ms:
            self._set_usable(is_usable=False)
        if silent_ms > _SILENT_RENEW_MS and now_ms - self._renewed_ms > _SILENT_RENEW_MS:
            _log.warning("the feed is silent", for_s=silent_ms / 1000)
            self._renewed_ms = now_ms
            self._connection.renew(distrust=True)
        for _ in range(_LARGE_FRAMES_A_TURN):
            if not book.settle(now_ms - _LARGE_FRAMES_KEPT_MS):
                break
            await asyncio.sleep(0)

    async def _list(self) -> None:
        if not self._connection.is_up:
            return
        await self._load()
        await self._lister.fixtures(self.scope)
        self._is_listed.set()
        self._ask_now.set()

    async def _ask_odds(self) -> None:
        while await self._reconciler.turn(self.scope):
            pass

    async def _keep(self) -> None:
        await self._lister.bookmakers()
        self.book.forget(self._clock.now_ms() - _FORGET_AFTER_MS)


def retry_pause_s(failures: int) -> float:
    """How long to wait after so many failures in a row, at least one."""
    return min(_RETRY_S * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), _LONGEST_RETRY_S)


_QUOTED = frozenset({"odds", "bookmakers"})
_CONTROL = (
    wire.LoginOk,
    wire.FeedError,
    wire.SnapshotRequired,
    wire.ResumeComplete,
    wire.ReconnectAsked,
    wire.Dictionary,
)


def _channel(frame: DataFrame | SalvagedOdds) -> str:
    return "odds" if isinstance(frame, SalvagedOdds) else str(frame.__struct_config__.tag)


def _wanted(scope: Scope, receive_type: ReceiveType, lang: str) -> Wanted:
    return Wanted(scope.sports, scope.bookmakers, scope.tournaments, receive_type, lang=lang)
