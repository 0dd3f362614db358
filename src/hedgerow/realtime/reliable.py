"""Drives a login conversation, and lets a reliable subscription outlive its connection (`realtime.subscriptions`)."""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket

from hedgerow.core.secrets import key_hash
from hedgerow.realtime.delivery import Delivery
from hedgerow.realtime.hub import Hub
from hedgerow.realtime.login import LoginSession
from hedgerow.realtime.session import RESUMED_ELSEWHERE, Acknowledge, Authenticate, Step
from hedgerow.realtime.socket import Driver, Keys
from hedgerow.realtime.subscriptions import Subscription, Subscriptions

_TICK_S = 1.0


class LoginSocket(Driver):
    """One connection of a client that logs in."""

    def __init__(
        self,
        websocket: WebSocket,
        session: LoginSession,
        keys: Keys,
        hub: Hub,
        subscriptions: Subscriptions,
        *,
        everybodys: frozenset[str],
    ) -> None:
        super().__init__(websocket, session, keys, hub, everybodys=everybodys)
        self._login, self._subscriptions = session, subscriptions
        self._subscription: Subscription | None = None

    def give_up(self) -> None:
        """Its subscription goes on elsewhere, or not at all."""
        self._subscription = self._follower = self._key = None
        self._output.cut(RESUMED_ELSEWHERE, "resumed over another connection")

    def _due_s(self) -> float:
        due = super()._due_s()
        return due if self._subscription is None else min(due, asyncio.get_running_loop().time() + _TICK_S)

    async def _tick(self) -> None:
        if self._subscription is not None:
            self._subscription.delivery.resend()
        await super()._tick()

    async def _join(self, client: str, asked: Authenticate) -> list[Step]:
        key = key_hash(str(asked.key))
        if not asked.is_reliable:
            # Nothing waits between joining and the answer: it stands in the queue before the first change.
            delivery = Delivery(self._output, asyncio.get_running_loop().time, is_reliable=False)
            self._follower = self._hub.join(key, self._addresses(asked.channels, client), delivery)
            return self._login.logged_in(client, self._follower.number, asked.channels, is_resumed=False)
        found = None
        if asked.resume is not None:
            found = await self._subscriptions.resume(
                asked.resume, key, lambda channels: self._addresses(channels, client)
            )
        is_resumed = found is not None
        if found is None:
            addresses = self._addresses(asked.channels, client)
            found = await self._subscriptions.begin(key, asked.channels, addresses)
        self._follow(found)
        self._say(self._login.logged_in(client, found.number, found.channels, is_resumed=is_resumed))
        found.delivery.attach(self._output, asked.resume.last_seq if asked.resume is not None and is_resumed else 0)
        return []

    def _follow(self, subscription: Subscription) -> None:
        self._subscription, self._follower = subscription, subscription.follower
        subscription.connection = self

    def _acknowledge(self, step: Acknowledge) -> None:
        if self._subscription is None:
            return
        if step.up_to is not None:
            self._subscription.delivery.acknowledge_up_to(step.up_to)
        self._subscription.delivery.acknowledge(step.numbers)

    def _leave(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            super()._leave()
            return
        self._follower = self._key = None
        subscription.connection = None
        if self._is_refused or subscription.delivery.is_over:
            self._subscriptions.end(subscription)
        else:
            self._subscriptions.park(subscription)
