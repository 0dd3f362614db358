"""One subscription's messages: numbered from 1 without holes, kept until acknowledged where that is wanted.

A message comes as a JSON object in UTF-8; its number goes in before the closing brace. Nothing here waits: time is
asked for, messages go to an `Output`. A reliable subscription may lose its connection and take another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hedgerow.realtime.output import MOST_BYTES, MOST_MESSAGES, Output
from hedgerow.realtime.session import FELL_BEHIND

MOST_UNACKNOWLEDGED = 100
"""What is sent and not acknowledged; beyond it sending waits."""
RESENT_AFTER_S = 5.0
KEPT_S = 300.0
"""How long a reliable subscription outlives its connection."""


@dataclass(slots=True)
class _Sent:
    text: bytes
    at_s: float


class Delivery:
    """A `hub.Sink` that numbers."""

    def __init__(self, output: Output, now_s: Callable[[], float], *, is_reliable: bool) -> None:
        """now_s: a monotonic reading."""
        self.is_reliable = is_reliable
        self.is_over = False
        self._output: Output | None = output
        self._now_s, self._kept_until_s = now_s, 0.0
        self._seq = 0
        self._sent: dict[int, _Sent] = {}  # by number, rising
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._waiting_bytes = 0

    @property
    def is_kept(self) -> bool:
        """Whether it can still be taken up by a connection."""
        return not self.is_over and (self._output is not None or self._now_s() < self._kept_until_s)

    def put(self, message: bytes) -> None:
        """Sends a message when its turn comes. Where too much waits, the subscription ends with 4002."""
        if not self.is_kept:
            self.cut(FELL_BEHIND, "fell behind")
            return
        self._seq += 1
        if not self.is_reliable:
            if self._output is not None:
                self._output.put(b'%b,"seq":%d}' % (message[:-1], self._seq))
            return
        text = b'%b,"seq":%d,"requireAck":true}' % (message[:-1], self._seq)
        self._waiting.append((self._seq, text))
        self._waiting_bytes += len(text)
        self._send_waiting()
        if len(self._waiting) > MOST_MESSAGES or self._waiting_bytes > MOST_BYTES:
            self.cut(FELL_BEHIND, "fell behind")

    def cut(self, code: int, reason: str) -> None:
        """Ends the subscription for good; what waits is dropped."""
        self.is_over = True
        self._sent.clear()
        self._waiting.clear()
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
            if self._output is not None and now - sent.at_s >= RESENT_AFTER_S:
                sent.at_s = now
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
            sent.at_s = now
            output.put(sent.text)
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._output is not None and self._waiting and len(self._sent) < MOST_UNACKNOWLEDGED:
            number, text = self._waiting.popleft()
            self._waiting_bytes -= len(text)
            self._sent[number] = _Sent(text, self._now_s())
            self._output.put(text)
