"""Drives a login conversation, and lets a reliable subscription outlive its connection.

Between two connections the subscription stays with the hub: what is committed meanwhile waits in its delivery, bounded
in number, size and time. It is taken up by its number and the key that it was made with, in the process that has it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from starlette.websockets import WebSocket

from hedgerow.core.secrets import key_hash
from hedgerow.realtime.delivery import Delivery
from hedgerow.realtime.hub import Follower, Hub
from hedgerow.realtime.login import LoginSession
from hedgerow.realtime.session import Acknowledge, Authenticate, Step
from hedgerow.realtime.socket import Driver, Keys

MOST_PARKED = 1000
MOST_PARKED_PER_KEY = 5
_TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a client follows, whatever connection it has."""

    follower: Follower
    delivery: Delivery
    channels: tuple[str, ...]


class Parking:
    """Reliable subscriptions without a connection; the oldest goes where there are too many."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._parked: OrderedDict[int, Subscription] = OrderedDict()

    def park(self, subscription: Subscription) -> None:
        """The connection is gone."""
        subscription.delivery.detach()
        self._hub.park(subscription.follower)
        self._parked[subscription.follower.number] = subscription
        key = subscription.follower.key
        of_key = [number for number, one in self._parked.items() if one.follower.key == key]
        for number in of_key[:-MOST_PARKED_PER_KEY]:
            self._drop(number)
        for number in [number for number, one in self._parked.items() if not one.delivery.is_kept]:
            self._drop(number)
        if len(self._parked) > MOST_PARKED:
            self._drop(next(iter(self._parked)))

    def take(self, number: int, key: bytes) -> Subscription | None:
        """The subscription, if it is still there and was made with the key. Raises ConnectionLimitError: it stays
        parked then."""
        found = self._parked.get(number)
        if found is None or found.follower.key != key:
            return None
        if not found.delivery.is_kept:
            self._drop(number)
            return None
        self._hub.take_back(found.follower)
        del self._parked[number]
        return found

    def _drop(self, number: int) -> None:
        self._hub.leave(self._parked.pop(number).follower)


class LoginSocket(Driver):
    """One connection of a client that logs in."""

    def __init__(
        self,
        websocket: WebSocket,
        session: LoginSession,
        keys: Keys,
        hub: Hub,
        parking: Parking,
        *,
        everybodys: frozenset[str],
    ) -> None:
        super().__init__(websocket, session, keys, hub, everybodys=everybodys)
        self._login, self._parking = session, parking
        self._subscription: Subscription | None = None

    def _due_s(self) -> float:
        due = super()._due_s()
        has_resending = self._subscription is not None and self._subscription.delivery.is_reliable
        return min(due, asyncio.get_running_loop().time() + _TICK_S) if has_resending else due

    async def _tick(self) -> None:
        if self._subscription is not None:
            self._subscription.delivery.resend()
        await super()._tick()

    def _join(self, client: str, asked: Authenticate) -> list[Step]:
        key = key_hash(str(asked.key))
        if asked.resume is not None:
            found = self._parking.take(asked.resume.subscription_id, key)
            if found is not None:
                self._follow(found)
                self._say(self._login.logged_in(client, found.follower.number, found.channels, is_resumed=True))
                found.delivery.attach(self._output, asked.resume.last_seq)
                return []
        delivery = Delivery(self._output, asyncio.get_running_loop().time, is_reliable=asked.is_reliable)
        follower = self._hub.join(key, self._addresses(asked.channels, client), delivery)
        self._follow(Subscription(follower, delivery, asked.channels))
        return self._login.logged_in(client, follower.number, asked.channels, is_resumed=False)

    def _follow(self, subscription: Subscription) -> None:
        self._subscription, self._follower = subscription, subscription.follower

    def _acknowledge(self, step: Acknowledge) -> None:
        if self._subscription is None:
            return
        if step.up_to is not None:
            self._subscription.delivery.acknowledge_up_to(step.up_to)
        self._subscription.delivery.acknowledge(step.numbers)

    def _leave(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is None or self._is_refused or not subscription.delivery.is_reliable:
            super()._leave()
            return
        self._follower = self._key = None
        if subscription.delivery.is_over:
            self._hub.leave(subscription.follower)
        else:
            self._parking.park(subscription)
