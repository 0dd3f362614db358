"""One subscription's messages: numbered from 1 without holes, kept until acknowledged where that is wanted.

A message comes as a JSON object in UTF-8; its number goes in before the closing brace. Nothing here waits: time is
asked for, messages go to an `Output`. A reliable subscription may lose its connection and take another, and knows of
each message which change it came with, so that another process can go on where the client has read to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hedgerow.realtime.output import MOST_BYTES, MOST_MESSAGES, Output
from hedgerow.realtime.session import FELL_BEHIND
from hedgerow.storage.bookmarks import KEPT_S

MOST_UNACKNOWLEDGED = 100
"""What is sent and not acknowledged; beyond it sending waits."""
RESENT_AFTER_S = 5.0


@dataclass(slots=True)
class _Kept:
    """A message that is not acknowledged. change: the last that was told when it came, its own if it tells of one."""

    number: int
    text: bytes
    change: int
    sent_s: float = 0.0


def _nothing_told() -> int:
    return 0


class Delivery:
    """A `hub.Sink` that numbers."""

    def __init__(
        self,
        output: Output | None,
        now_s: Callable[[], float],
        *,
        is_reliable: bool,
        told: Callable[[], int] = _nothing_told,
        last: int = 0,
        has: int = 0,
    ) -> None:
        """output: None for a connection that is still to come. now_s: a monotonic reading. told: the last change that
        was told of. last: numbers go on after it. has: the client has all messages up to this one, also those that are
        still to come."""
        self.is_reliable = is_reliable
        self.is_over = False
        self._output, self._now_s = output, now_s
        self._kept_until_s = now_s() + KEPT_S
        self._told, self._seq, self._has = told, last, has
        self._sent: dict[int, _Kept] = {}  # by number, rising
        self._waiting: deque[_Kept] = deque()
        self._waiting_bytes = 0
        self._held: list[tuple[int, bytes]] | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it can still be taken up by a connection."""
        return not self.is_over and (self._output is not None or self._now_s() < self._kept_until_s)

    def put(self, message: bytes) -> None:
        """Sends a message when its turn comes. Where too much waits, the subscription ends with 4002."""
        if not self.is_kept:
            self.cut(FELL_BEHIND, "fell behind")
        elif self._held is not None:
            self._held.append((self._told(), message))
            if len(self._held) > MOST_MESSAGES:
                self.cut(FELL_BEHIND, "fell behind")
        else:
            self._take(message, self._told())

    def hold(self) -> None:
        """What comes now is numbered only after what `release` is given."""
        self._held = []

    def release(self, before: Iterable[tuple[int, bytes]]) -> None:
        """Takes what was told before what was held, as (change, message), and then what was held."""
        held, self._held = self._held or [], None
        for change, message in (*before, *held):
            if not self.is_over:
                self._take(message, change)

    @property
    def bookmark(self) -> tuple[int, int] | None:
        """(number, change): the client has acknowledged every message up to that number, and they tell of every change
        up to that one. None while messages are held."""
        if self._held is not None:
            return None
        first = next(iter(self._sent.values()), self._waiting[0] if self._waiting else None)
        return (self._seq, self._told()) if first is None else (first.number - 1, first.change - 1)

    def _take(self, message: bytes, change: int) -> None:
        self._seq += 1
        if self._seq <= self._has:
            return
        if not self.is_reliable:
            if self._output is not None:
                self._output.put(b'%b,"seq":%d}' % (message[:-1], self._seq))
            return
        text = b'%b,"seq":%d,"requireAck":true}' % (message[:-1], self._seq)
        self._waiting.append(_Kept(self._seq, text, change))
        self._waiting_bytes += len(text)
        self._send_waiting()
        if len(self._waiting) > MOST_MESSAGES or self._waiting_bytes > MOST_BYTES:
            self.cut(FELL_BEHIND, "fell behind")

    def cut(self, code: int, reason: str) -> None:
        """Ends the subscription for good; what waits is dropped."""
        self.is_over = True
        self._sent.clear()
        self._waiting.clear()
        self._held = None
        self._waiting_bytes = 0
        if self._output is not None:
            self._output.cut(code, reason)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """The client has these; numbers that are not outstanding change nothing."""
        for number in numbers:
            self._sent.pop(number, None)
        self._send_waiting()

    def acknowledge_up_to(self, last: int) -> None:
        """The client has all up to this one."""
        self.acknowledge([number for number in self._sent if number <= last])

    def resend(self) -> None:
        """Sends again what is not acknowledged after its time."""
        now = self._now_s()
        for sent in self._sent.values():
            if self._output is not None and now - sent.sent_s >= RESENT_AFTER_S:
                sent.sent_s = now
                self._output.put(sent.text)

    def detach(self) -> None:
        """The connection is gone: what comes now waits for another."""
        self._output = None
        self._kept_until_s = self._now_s() + KEPT_S

    def attach(self, output: Output, last: int) -> None:
        """Goes on over another connection, whose client has all up to `last`."""
        self._output = output
        for number in [number for number in self._sent if number <= last]:
            del self._sent[number]
        now = self._now_s()
        for sent in self._sent.values():
            sent.sent_s = now
            output.put(sent.text)
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._output is not None and self._waiting and len(self._sent) < MOST_UNACKNOWLEDGED:
            kept = self._waiting.popleft()
            self._waiting_bytes -= len(kept.text)
            kept.sent_s = self._now_s()
            self._sent[kept.number] = kept
            self._output.put(kept.text)
