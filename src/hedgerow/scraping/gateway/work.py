"""What every operation that sends work to agents shares: who is linked, who is chosen, what is allowed, what is
counted. A new operation is written on this and nothing else of the gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.buckets import Buckets
from hedgerow.scraping.gateway.health import HealthBook, Report
from hedgerow.scraping.gateway.links import Links
from hedgerow.scraping.gateway.selection import Picker
from hedgerow.scraping.gateway.showing import Showing
from hedgerow.scraping.gateway.usage import Usage
from hedgerow.scraping.guard import Policy, policy_of, refuse_by_name
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel
from hedgerow.storage.accounts import ApiKey


class Lasting:
    """Streams that go on until their client goes. A gateway that stops ends them, and their clients are told."""

    def __init__(self) -> None:
        self._channels: set[Channel] = set()
        self._has_stopped = False

    @contextmanager
    def kept(self, channel: Channel) -> Iterator[None]:
        """One of them, for the length of the block."""
        self._channels.add(channel)
        if self._has_stopped:
            _end(channel)
        try:
            yield
        finally:
            self._channels.discard(channel)

    def stop(self) -> None:
        """Ends them, and each that comes later at once."""
        self._has_stopped = True
        for channel in self._channels:
            _end(channel)


def _end(channel: Channel) -> None:
    channel.cut(CutCode.BROKEN, "the gateway stops")


@dataclass(frozen=True, slots=True)
class Desk:
    """share: tells the deployment's other gateways of an outcome."""

    links: Links
    picker: Picker
    showing: Showing
    book: HealthBook
    buckets: Buckets
    usage: Usage
    policy: Policy
    clock: Clock
    share: Callable[[Report], None] = field(default=lambda _: None)
    under_way: Counter[int] = field(default_factory=Counter)
    """Pieces of work by key, of this process."""
    lasting: Lasting = field(default_factory=Lasting)

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def report(self, report: Report) -> None:
        """An outcome counts here at once and everywhere soon."""
        self.book.note(report, self.now_ms())
        self.share(report)

    def check(self, key: ApiKey, host: str, port: int) -> None:
        """Refuses a target that can be told by its name alone; the agent judges what it resolves to. Raises ApiError
        403 naming the rule."""
        for policy in (self.policy, policy_of(key.targets_allow, key.targets_deny)):
            try:
                rule = refuse_by_name(policy, host, port)
            except ValueError:
                raise ApiError(400, "The target has no valid host") from None
            if rule is not None:
                raise ApiError(403, f"{host} is refused: {rule}")

    def counted(self, key: ApiKey) -> Counted:
        """One piece of work of the key, for the length of the block. Raises ApiError 429 when it has as many under way
        as it may have."""
        most = key.max_concurrent
        if most is not None and self.under_way[key.key_id] >= most:
            raise ApiError(429, f"The key may have {most} requests at one time", {"Retry-After": "1"})
        return Counted(self.under_way, key.key_id)


class Counted:
    """One more of a key's, for the length of a block or from `begin` to `end`."""

    __slots__ = ("_key_id", "_under_way")

    def __init__(self, under_way: Counter[int], key_id: int) -> None:
        self._under_way, self._key_id = under_way, key_id

    def __enter__(self) -> None:
        self.begin()

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        self._under_way[self._key_id] += 1

    def end(self) -> None:
        self._under_way[self._key_id] -= 1
        if not self._under_way[self._key_id]:
            del self._under_way[self._key_id]
