"""The two feeds: the account's own updates, and the games that everybody sees.

The price feed tells everything until a client narrows it. Source: the venue's pages on streaming.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.core.tasks import work
from hedgerow.sim.dialects._4casters.listings import Game
from hedgerow.sim.site import Socket

Json = dict[str, Any]

_encoder = msgspec.json.Encoder(decimal_format="number")


class _Command(msgspec.Struct, rename="camel"):
    type: str
    game_ids: list[str] = msgspec.field(name="gameIDs", default_factory=list)
    league_ids: list[str] = msgspec.field(name="leagueIDs", default_factory=list)
    sport_ids: list[str] = msgspec.field(name="sportIDs", default_factory=list)
    replace: bool = False

    @property
    def keys(self) -> set[str]:
        return {key.lower() for key in (*self.game_ids, *self.league_ids, *self.sport_ids) if key}


@dataclass(eq=False)
class _Client:
    socket: Socket
    account: str
    wanted: set[str] | None = field(default=None)  # None: everything

    def obey(self, text: str | bytes) -> None:
        """A command that is none is ignored."""
        try:
            command = msgspec.json.decode(text, type=_Command)
        except msgspec.MsgspecError:
            return
        match command.type:
            case "subscribeAll":
                self.wanted = None
            case "subscribe" if command.replace:
                self.wanted = command.keys
            case "subscribe" if command.keys:
                self.wanted = (self.wanted or set()) | command.keys
            case "unsubscribe" if self.wanted is not None:
                self.wanted -= command.keys

    def wants(self, game: Game) -> bool:
        return self.wanted is None or not self.wanted.isdisjoint((game.id, game.league.lower(), game.sport))


class Feeds:
    """All connections."""

    def __init__(self) -> None:
        self._users: list[_Client] = []
        self._prices: list[_Client] = []
        self._epoch = 0

    def sockets(self) -> Iterator[Socket]:
        for client in (*self._users, *self._prices):
            yield client.socket

    def tell(self, account: str, message: Json) -> None:
        """An update of the account's."""
        text = _encoder.encode(message).decode()
        for client in self._users:
            if client.account == account:
                client.socket.push(text)

    def publish(self, kind: str, game: Game, payload: Json) -> None:
        """A pair for all who follow the game."""
        following = [client for client in self._prices if client.wants(game)]
        self._epoch += 1
        if following:
            text = _encoder.encode([kind, {"epoch": self._epoch, **payload}]).decode()
            for client in following:
                client.socket.push(text)

    async def follow_user(self, request: web.Request, account: str) -> web.StreamResponse:
        return await self._converse(request, account, self._users)

    async def follow_prices(self, request: web.Request, account: str) -> web.StreamResponse:
        return await self._converse(request, account, self._prices)

    async def _converse(self, request: web.Request, account: str, clients: list[_Client]) -> web.StreamResponse:
        socket = Socket(request)
        await socket.open()
        client = _Client(socket, account)
        clients.append(client)
        try:
            async for text in socket.texts():
                with work.unit():
                    client.obey(text)
        finally:
            clients.remove(client)
            await socket.ended()
        return socket.ws
