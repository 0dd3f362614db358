"""The stream: a Centrifugo server's JSON protocol, as far as the venue uses it.

Commands and replies come several in a frame, one to a line. A channel keeps its latest publications for five minutes,
so that who comes back with an epoch and an offset gets what it missed. Sources: the SX sheet, section 5; Centrifugo's
public description of its client protocol (error codes, recovery); the venue's page on its stream (times, numbers).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import msgspec

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.sx_bet.accounts import Accounts, User

PING_S: Final = 25
MOST_CHANNELS: Final = 512
EPOCH: Final = "sxsm"

_HISTORY, _HISTORY_MS = 1_000, 300_000
_UNKNOWN_CHANNEL = (102, "unknown channel")
_DENIED = (103, "permission denied")
_ALREADY = (105, "already subscribed")
_LIMIT = (106, "limit exceeded")
_BAD_REQUEST = (107, "bad request")
_EXPIRED = (109, "token expired")
_BAD_TOKEN, _NOT_ASKED = 3500, 3501

Json = dict[str, Any]


class _Connect(msgspec.Struct):
    token: str = ""


class _Subscribe(msgspec.Struct):
    channel: str
    recover: bool = False
    epoch: str = ""
    offset: int = 0


class _Unsubscribe(msgspec.Struct):
    channel: str


class _Command(msgspec.Struct):
    id: int = 0
    connect: _Connect | None = None
    subscribe: _Subscribe | None = None
    unsubscribe: _Unsubscribe | None = None


@dataclass(slots=True)
class Channel:
    """A channel's publications of the last minutes: (offset, data, ms)."""

    offset: int = 0
    kept: deque[tuple[int, Any, int]] = field(default_factory=lambda: deque(maxlen=_HISTORY))

    def add(self, data: Any, now_ms: int) -> int:
        self.offset += 1
        self.kept.append((self.offset, data, now_ms))
        return self.offset

    def since(self, offset: int, now_ms: int) -> list[tuple[int, Any]] | None:
        """What came after an offset; None when some of it is forgotten."""
        while self.kept and self.kept[0][2] < now_ms - _HISTORY_MS:
            self.kept.popleft()
        if not 0 <= self.offset - offset <= len(self.kept):
            return None
        return [(number, data) for number, data, _ in self.kept if number > offset]


class Client:
    """One connection."""

    def __init__(self, hub: Hub, send: Callable[[str], None], close: Callable[[int, bytes], None]) -> None:
        self._hub, self._send, self._close = hub, send, close
        self.user: User | None = None
        self.channels: set[str] = set()
        self.owes_pong = False

    def handle(self, frame: str | bytes) -> None:
        """Everything that a frame asks for."""
        for line in (frame if isinstance(frame, str) else frame.decode()).split("\n"):
            if line.strip() in ("", "{}"):
                self.owes_pong = False
                continue
            try:
                command = msgspec.json.decode(line, type=_Command)
            except msgspec.DecodeError:
                self._close(_NOT_ASKED, b"bad request")
                return
            self._obey(command)

    def ping(self) -> bool:
        """Asks for a sign of life; False when the last one never came."""
        if self.owes_pong:
            return False
        self.owes_pong = True
        self._send("{}")
        return True

    def publish(self, channel: str, offset: int, data: Any) -> None:
        self._say({"push": {"channel": channel, "pub": {"data": data, "offset": offset}}})

    def _obey(self, command: _Command) -> None:
        if command.connect is not None:
            self._connect(command.id, command.connect)
        elif self.user is None:
            self._close(_NOT_ASKED, b"bad request")
        elif command.subscribe is not None:
            self._subscribe(command.id, command.subscribe, self.user)
        elif command.unsubscribe is not None:
            self.channels.discard(command.unsubscribe.channel)
            self._say({"id": command.id, "unsubscribe": {}})
        else:
            self._refuse(command.id, _BAD_REQUEST)

    def _connect(self, number: int, asked: _Connect) -> None:
        known = self._hub.accounts.of_token(asked.token)
        if known is None:
            self._close(_BAD_TOKEN, b"invalid token")
            return
        user, expires_s = known
        if expires_s * 1000 <= self._hub.clock.now_ms():
            self._refuse(number, _EXPIRED)
            return
        self.user = user
        told = {"client": f"{id(self):032x}", "version": "6.0.0 OSS", "ping": PING_S, "pong": True}
        self._say({"id": number, "connect": told})

    def _subscribe(self, number: int, asked: _Subscribe, user: User) -> None:
        name = asked.channel
        if name in self.channels:
            self._refuse(number, _ALREADY)
        elif len(self.channels) >= MOST_CHANNELS:
            self._refuse(number, _LIMIT)
        elif not self._hub.has(name):
            self._refuse(number, _UNKNOWN_CHANNEL)
        elif name.startswith("account:") and not name.endswith(f"#{user.address}"):
            self._refuse(number, _DENIED)
        else:
            self.channels.add(name)
            self._say({"id": number, "subscribe": self._hub.joined(name, asked)})

    def _refuse(self, number: int, error: tuple[int, str]) -> None:
        code, message = error
        self._say({"id": number, "error": {"code": code, "message": message}})

    def _say(self, message: Json) -> None:
        self._send(msgspec.json.encode(message).decode())


class Hub:
    """All connections and channels."""

    def __init__(self, accounts: Accounts, clock: WorldClock, has_book: Callable[[str], bool]) -> None:
        """has_book: whether there is a market of this hash."""
        self.accounts, self.clock, self._has_book = accounts, clock, has_book
        self.clients: list[Client] = []
        self._channels: dict[str, Channel] = {}
        self._epochs = count(1)
        self._epoch = ""
        self.clear()

    def clear(self) -> None:
        """History is gone, and the epoch with it."""
        self._channels.clear()
        self._epoch = f"{EPOCH}{next(self._epochs)}"

    def has(self, name: str) -> bool:
        kind, _, rest = name.partition(":")
        match kind:
            case "orderbook_v3":
                return self._has_book(rest)
            case "account":
                return rest.startswith(("orders_v3_#", "fills_v3_#"))
            case _:
                return name == "markets:global"

    def is_followed(self, name: str) -> bool:
        """Whether anybody ever subscribed: others' publications need not be made."""
        return name in self._channels

    def joined(self, name: str, asked: _Subscribe) -> Json:
        """The answer to a subscription."""
        channel = self._channels.setdefault(name, Channel())
        told: Json = {"recoverable": True, "positioned": True, "epoch": self._epoch, "offset": channel.offset}
        if not asked.recover:
            return told
        missed = channel.since(asked.offset, self.clock.now_ms()) if asked.epoch == self._epoch else None
        found = [{"data": data, "offset": offset} for offset, data in missed or ()]
        return told | {"was_recovering": True, "recovered": missed is not None, "publications": found}

    def publish(self, name: str, data: Any, *, times: int = 1) -> None:
        """Tells everybody who follows the channel, so many times."""
        channel = self._channels.get(name)
        if channel is None:
            return
        for _ in range(times):
            offset = channel.add(data, self.clock.now_ms())
            for client in self.clients:
                if name in client.channels:
                    client.publish(name, offset, data)
