"""The conversations over the venue's two feeds, without I/O: the account's own updates, and the watched games.

Neither has a sequence that would show a hole: an interruption is announced, whichever of the two it is, and what was
missed is asked for; the feed's replay is not used. Source: the venue's pages on streaming.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec
import structlog

from hedgerow.core.states import OrderStatus
from hedgerow.venues._4casters import wire
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.orders import KnownOrders
from hedgerow.venues._4casters.parse import (
    MONEYLINE,
    THREE_WAY,
    Selection,
    Teams,
    parts_of,
    selection,
    streamed_fill,
    streamed_state,
    time_ms,
)
from hedgerow.venues.base import EventSink, Instrument, MarketChange, StreamGap
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.taking import keep

_MOST_GAMES = 20_000
_MARKET_CLOSED = "marketClosed"

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]


class Gap:
    """Announces once that a feed is down, and once that all are back."""

    def __init__(self, sink: EventSink, feeds: Sequence[str]) -> None:
        self._sink = sink
        self._down = set(feeds)
        self._is_announced = False

    @property
    def is_up(self) -> bool:
        return not self._down

    def down(self, feed: str, reason: str) -> None:
        self._down.add(feed)
        self.announce(reason)

    def announce(self, reason: str) -> None:
        if not self._is_announced:
            self._is_announced = True
            self._sink(StreamGap(reason, is_down=True))

    def up(self, feed: str) -> None:
        self._down.discard(feed)
        if self.is_up and self._is_announced:
            self._is_announced = False
            self._sink(StreamGap("the feeds are followed again", is_down=False))

    def hole(self, reason: str) -> None:
        """Something was missed while the feeds go on."""
        if not self._is_announced:
            self._sink(StreamGap(reason, is_down=True))
            self._sink(StreamGap(reason, is_down=False))


class UserFeed:
    """The account's orders and fills. Implements net.stream.Conversation."""

    NAME = "user"

    def __init__(self, sink: EventSink, gap: Gap, known: KnownOrders) -> None:
        self._sink, self._gap, self._known = sink, gap, known
        self._teams: OrderedDict[str, Teams] = OrderedDict()

    def learn(self, game_id: str, teams: Teams) -> None:
        """Who plays, and who of them at home, whose contract the game's is: updates do not say it."""
        keep(self._teams, game_id, teams, _MOST_GAMES)

    def opened(self, send: Send) -> None:
        self._gap.up(self.NAME)

    def closed(self, code: int, reason: str) -> bool:
        self._gap.down(self.NAME, f"the user feed closed with {code} {reason}".strip())
        return True

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            self._heard(read(wire.Update, payload))
        except UnreadableError as error:
            _log.error("update unreadable", venue=VENUE, error=str(error))
            self._gap.hole("an update of the user feed could not be read")

    def _heard(self, update: wire.Update) -> None:
        at_ms = time_ms(update.created_at, "createdAt")
        if update.matched is not None and update.matched.type in (MONEYLINE, THREE_WAY):
            found = self._selection(update, update.matched)
            fill = streamed_fill(update.matched, found, at_ms, is_maker=update.unmatched is not None)
            if not fill.is_maker:
                self._known.note_taken(fill.venue_ref, fill.trade_ref, fill.size)
            self._sink(fill)
        if update.unmatched is not None and update.unmatched.type in (MONEYLINE, THREE_WAY):
            block = update.unmatched
            known, request_id = self._known, block.wager_request_id
            taken, size = known.taken_of(request_id), known.size_of(request_id)
            state = streamed_state(block, self._selection(update, block), taken, size, at_ms)
            known.note_offer(state.venue_ref, block.order_id, state.size if state.status is OrderStatus.PLACED else 0)
            self._sink(state)

    def _selection(self, update: wire.Update, block: wire.Block) -> Selection:
        return selection(update.game_id, self._teams.get(update.game_id), block.type, block.side, block.market)


class PriceFeed:
    """The games that are watched. Implements net.stream.Conversation."""

    NAME = "price"

    def __init__(self, sink: EventSink, gap: Gap, ended: Callable[[list[Instrument]], None]) -> None:
        """ended: called with the watched contracts of a game that is over."""
        self._sink, self._gap, self._ended = sink, gap, ended
        self._watched: dict[str, list[Instrument]] = {}
        self._open: dict[str, bool] = {}
        self._send: Send | None = None

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """These, in place of those before."""
        self._watched = {}
        for instrument in instruments:
            named = parts_of(instrument.ref)
            if named is not None:
                self._watched.setdefault(named[0], []).append(instrument)
        self._open = {game_id: is_open for game_id, is_open in self._open.items() if game_id in self._watched}
        self._subscribe()

    def _subscribe(self) -> None:
        if self._send is not None:
            wanted = {"type": "subscribe", "gameIDs": list(self._watched), "leagueIDs": [], "sportIDs": []}
            self._send(msgspec.json.encode({**wanted, "replace": True}).decode())

    def opened(self, send: Send) -> None:
        self._send = send
        self._subscribe()
        self._gap.up(self.NAME)

    def closed(self, code: int, reason: str) -> bool:
        self._send = None
        self._gap.down(self.NAME, f"the price feed closed with {code} {reason}".strip())
        return True

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            kind, raw = read(tuple[str, msgspec.Raw], payload)
            if kind == "gameUpdate":
                self._changed(raw)
        except UnreadableError as error:
            _log.error("price message unreadable", venue=VENUE, error=str(error))
            self._gap.hole("a message of the price feed could not be read")

    def _changed(self, raw: msgspec.Raw) -> None:
        """Most games are others': only those that are watched have to be readable."""
        watched = self._watched.get(read(_Named, raw).id)
        if watched is None:
            return
        game = read(_GameState, raw)
        is_open = not game.ended and game.message_type != _MARKET_CLOSED
        if self._open.get(game.id, True) is not is_open:
            for instrument in watched:
                self._sink(MarketChange(instrument.ref, is_open))
        self._open[game.id] = is_open
        if game.ended:
            self._ended(watched)


class _Named(wire.Message, frozen=True):
    id: str


class _GameState(_Named, frozen=True):
    """Books in a feed's game are laid out in other ways, and not read."""

    ended: bool
    message_type: str | None = None
