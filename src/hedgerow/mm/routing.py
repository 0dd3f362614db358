"""Commands of the API, whichever process it runs in, to the processes that work on the fixtures.

A shard of this process is called, any other is asked over the bus. A shard that nobody answers for is told: its orders
count as not cancelled, and what was committed counts for it as soon as somebody takes it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec
import structlog

from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.subjects import MM_ANSWERS, mm_commands
from hedgerow.core.errors import ApiError
from hedgerow.core.tasks import spawn
from hedgerow.mm.commanding import CANCEL_PATIENCE_S
from hedgerow.mm.commands import CancelOutcome, ConfigurationChange, MarketMaking
from hedgerow.mm.controls import Result, Switch
from hedgerow.mm.repository import Repository
from hedgerow.mm.shards import Shard
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

T = TypeVar("T")
Arguments = Mapping[str, str | int | None]

ANSWER_WITHIN_S = CANCEL_PATIENCE_S + 2.0
HEARD_WITHIN_S = 1.5
"""Within which whoever works on a shard says that it has heard."""
NOBODY = "nobody works on its fixture now"


class Ask(msgspec.Struct, frozen=True):
    """A command for one shard. reply: where the answer goes, below `MM_ANSWERS`."""

    reply: str
    number: int
    name: str
    client: str
    arguments: Arguments


class Answer(msgspec.Struct, frozen=True):
    """is_heard: only that the command has arrived. status: 200 with a result, else of an ApiError with its detail."""

    number: int
    is_heard: bool = False
    status: int = 200
    detail: Any = ""
    result: msgspec.Raw = msgspec.Raw(b"null")


_TURNED: msgspec.json.Decoder[tuple[Result, CancelOutcome]] = msgspec.json.Decoder(tuple[Result, CancelOutcome])
_OUTCOME = msgspec.json.Decoder(CancelOutcome)
_CHANGE = msgspec.json.Decoder(ConfigurationChange)
_TRUTH = msgspec.json.Decoder(bool)


class NobodyError(Exception):
    """No process answers for the shard."""


class _Call:
    """A command that waits for its answer."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.heard: asyncio.Future[None] = loop.create_future()
        self.answered: asyncio.Future[Answer] = loop.create_future()

    def take(self, answer: Answer) -> None:
        if not self.heard.done():
            self.heard.set_result(None)
        if not answer.is_heard and not self.answered.done():
            self.answered.set_result(answer)

    async def answer(self) -> Answer:
        """Raises NobodyError."""
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                await self.heard
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self.answered
        except TimeoutError:
            raise NobodyError from None


class Router:
    """`mm.commands.MarketMaking` over all shards of the deployment."""

    def __init__(self, bus: Bus, repository: Repository, count: int) -> None:
        """repository: of all fixtures. count: of shards."""
        self._bus, self._repository = bus, repository
        self._shards = [Shard(index, count) for index in range(count)]
        self._local: dict[int, MarketMaking] = {}
        self._calls: dict[int, _Call] = {}
        self._reply = uuid.uuid4().hex
        self._number = 0

    async def start(self) -> None:
        """Listens for answers."""
        await self._bus.subscribe(f"{MM_ANSWERS}.{self._reply}", self._answered)

    async def enter(self, index: int, making: MarketMaking) -> Callable[[], Awaitable[None]]:
        """A shard is worked on in this process from now on, until what this answers is called."""

        async def asked(_: str, message: bytes) -> None:
            # A command may wait for an exchange; the next one does not wait for it.
            spawn(self._serve(making, msgspec.json.decode(message, type=Ask)), "command of another process")

        self._local[index] = making
        subscription = await self._bus.subscribe(mm_commands(index), asked)

        async def leave() -> None:
            del self._local[index]
            await subscription.stop()

        return leave

    # --- mm.commands.MarketMaking ------------------------------------------------------------------------------

    async def switch(self, client: str, switch: Switch, reason: str | None, actor: str) -> tuple[Result, CancelOutcome]:
        """The first shard that is worked on turns and commits it; the others find it turned and carry it out."""
        arguments = {"switch": switch.value, "reason": reason, "actor": actor}
        unanswered: list[Shard] = []
        for first in self._shards:
            try:
                result, outcome = await self._ask(first, "switch", client, arguments, _TURNED)
            except NobodyError:
                unanswered.append(first)
                continue
            others = self._shards[first.index + 1 :]
            answers, missing = await self._ask_all(others, "switch", client, arguments, _TURNED)
            waiting = await self._waiting(unanswered + missing, client) if switch is Switch.STOP else CancelOutcome()
            return result, merged([outcome, *(outcome for _, outcome in answers), waiting])
        raise ApiError(503, "No process of market making answers now")

    async def cancel(
        self, client: str, *, order_id: int | None = None, exchange: str | None = None, fixture_id: str | None = None
    ) -> CancelOutcome:
        """Every shard is asked; which of them has an order only it knows for sure."""
        which: Arguments = {
            "order_id": order_id,
            "exchange": exchange,
            "fixture_id": fixture_id,
        }
        answers, missing = await self._ask_all(self._shards, "cancel", client, which, _OUTCOME)
        return merged([*answers, await self._waiting(missing, client, **which)])

    async def reconfigure(self, client: str) -> ConfigurationChange:
        """A shard without a process reads the configuration when one takes it; what rests there meanwhile is told."""
        answers, missing = await self._ask_all(self._shards, "reconfigure", client, {}, _CHANGE)
        cancelled: dict[str, int] = {}
        for answer in answers:
            for exchange, orders in answer.cancelled.items():
                cancelled[exchange] = cancelled.get(exchange, 0) + orders
        left = [number for shard in missing for number in await self._repository.denied_orders(client, shard)]
        waiting = CancelOutcome(failed=dict.fromkeys(left, NOBODY))
        return ConfigurationChange(cancelled, merged([*(answer.outcome for answer in answers), waiting]))

    async def covers(self, client: str, tournament_id: int) -> bool:
        """Every shard hears the whole feed, so one answer is enough."""
        for shard in sorted(self._shards, key=lambda shard: shard.index not in self._local):
            try:
                return await self._ask(shard, "covers", client, {"tournament_id": tournament_id}, _TRUTH)
            except NobodyError:
                continue
        raise ApiError(503, "No process of market making answers now")

    # --- asking ------------------------------------------------------------------------------------------------

    async def _ask_all(
        self, shards: list[Shard], name: str, client: str, arguments: Arguments, kind: msgspec.json.Decoder[T]
    ) -> tuple[list[T], list[Shard]]:
        """The answers, and the shards that nobody answers for. Raises the first error that a shard answers."""
        asked = (self._ask(shard, name, client, arguments, kind) for shard in shards)
        found = await asyncio.gather(*asked, return_exceptions=True)
        for answer in found:
            if isinstance(answer, BaseException) and not isinstance(answer, NobodyError):
                raise answer
        missing = [shard for shard, answer in zip(shards, found, strict=True) if isinstance(answer, NobodyError)]
        return [answer for answer in found if not isinstance(answer, BaseException)], missing

    async def _ask(
        self, shard: Shard, name: str, client: str, arguments: Arguments, kind: msgspec.json.Decoder[T]
    ) -> T:
        """Raises NobodyError, ApiError."""
        if (making := self._local.get(shard.index)) is not None:
            answered: T = await _call(making, name, client, arguments)
            return answered
        self._number += 1
        number, call = self._number, _Call()
        self._calls[number] = call
        ask = Ask(self._reply, number, name, client, arguments)
        try:
            await self._bus.publish(mm_commands(shard.index), msgspec.json.encode(ask))
            answer = await call.answer()
        except BusError as error:
            _log.warning("a shard is not asked", shard=shard.index, error=str(error))
            raise NobodyError from None
        finally:
            del self._calls[number]
        if answer.status != 200:
            raise ApiError(answer.status, answer.detail)
        return kind.decode(answer.result)

    async def _waiting(self, shards: list[Shard], client: str, **which: Any) -> CancelOutcome:
        """Orders in shards that nobody answers for."""
        narrowed = {"order_id": None, "exchange": None, "fixture_id": None, **which}
        failed = [
            order for shard in shards for order in await self._repository.waiting_orders(client, shard, **narrowed)
        ]
        return CancelOutcome(failed=dict.fromkeys(failed, NOBODY))

    async def _answered(self, _: str, message: bytes) -> None:
        answer = msgspec.json.decode(message, type=Answer)
        if (call := self._calls.get(answer.number)) is not None:
            call.take(answer)

    # --- answering ---------------------------------------------------------------------------------------------

    async def _serve(self, making: MarketMaking, ask: Ask) -> None:
        await self._reply_to(ask, Answer(ask.number, is_heard=True))
        try:
            result = msgspec.json.encode(await _call(making, ask.name, ask.client, ask.arguments))
            answer = Answer(ask.number, result=msgspec.Raw(result))
        except ApiError as error:
            answer = Answer(ask.number, status=error.status, detail=error.detail)
        except StorageError as error:
            answer = Answer(ask.number, status=503, detail=str(error))
        await self._reply_to(ask, answer)

    async def _reply_to(self, ask: Ask, answer: Answer) -> None:
        try:
            await self._bus.publish(f"{MM_ANSWERS}.{ask.reply}", msgspec.json.encode(answer))
        except BusError as error:
            _log.warning("a command is not answered", command=ask.name, error=str(error))


def _call(making: MarketMaking, name: str, client: str, arguments: Mapping[str, Any]) -> Coroutine[Any, Any, Any]:
    """The command by its name. Raises ValueError for another one."""
    match name:
        case "switch":
            return making.switch(client, Switch(arguments["switch"]), arguments["reason"], arguments["actor"])
        case "cancel":
            return making.cancel(client, **arguments)
        case "reconfigure":
            return making.reconfigure(client)
        case "covers":
            return making.covers(client, arguments["tournament_id"])
        case _:
            raise ValueError(f"market making has no command {name!r}")


def merged(outcomes: list[CancelOutcome]) -> CancelOutcome:
    """What all of them reached. An order is one shard's only."""
    cancelled = tuple(sorted(order for outcome in outcomes for order in outcome.cancelled))
    return CancelOutcome(cancelled, {order: why for outcome in outcomes for order, why in outcome.failed.items()})
