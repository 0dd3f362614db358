"""The conversation of `/ws/subscribe` of market making: subscribe, broadcasts, pings.

Nothing is numbered there, so that a lost connection is a gap. Source: the published contract, "WebSocket
`/ws/subscribe`".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hedgerow.client.errors import StreamEndedError
from hedgerow.client.sessions.session import Gap, Message, Position, Ready, Step, Tell, read, refused, say
from hedgerow.core.hidden import Secret

Channel = Literal["orders", "bets", "accounts", "scores", "emergency"]
_PING_EVERY_S = 30.0


class MakingSession:
    """One subscription."""

    def __init__(self, key: Secret, channels: Sequence[Channel] = ()) -> None:
        """channels: none for all."""
        self._key, self._channels = key, tuple(channels)
        self._number = 0
        self._is_open = False
        self._ping_s = 0.0

    @property
    def position(self) -> Position | None:
        """Nothing is kept there."""
        return None

    def opened(self, now_s: float) -> list[Step]:
        self._ping_s = now_s + _PING_EVERY_S
        return [say({"type": "subscribe", "apiKey": self._key, "channels": list(self._channels)})]

    def receive(self, text: str | bytes, now_s: float) -> list[Step]:
        message = read(text)
        match message:
            case {"type": "broadcast", "channel": str(channel), "event": str(event), "payload": dict(payload)}:
                return [Tell(Message(channel, event, payload, message.get("old"), subscription=self._number))]
            case {"type": "subscribed", "subscriptionId": int(number)}:
                gap = [Tell(Gap("the connection was lost and made again"))] if self._number else []
                self._number, self._is_open = number, True
                return [Ready(), *gap]
            case {"type": "error", "message": str(why)} if not self._is_open:
                return refused(why)
        return []

    def on_time(self, now_s: float) -> list[Step]:
        if now_s < self._ping_s:
            return []
        self._ping_s = now_s + _PING_EVERY_S
        return [say({"type": "ping"})]

    def closed(self, code: int, reason: str) -> StreamEndedError | None:
        self._is_open = False
        if code == 4001:
            return StreamEndedError(f"not admitted: {reason}", "send a key of this service that works", code)
        return None

    def handled(self, message: Message, now_s: float) -> list[Step]:
        """Nothing is kept there."""
        return []

    def acknowledge(self, messages: list[Message]) -> list[Step]:
        """Nothing is kept there."""
        return []
