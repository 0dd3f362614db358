"""What every service tells without a key: whether it is ready, and its counters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from hedgerow.core.errors import HedgerowError
from hedgerow.net.http import HttpClient

_TIMEOUT_S = 3.0
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """is_up: it answers at all. checks: what it says of each thing that it needs, "ok" or what is wrong."""

    service: str
    is_up: bool
    is_ready: bool = False
    checks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def wrong(self) -> tuple[str, ...]:
        """What is not as it should be, in words."""
        if not self.is_up:
            return ("does not answer",)
        return tuple(f"{name}: {said}" for name, said in self.checks.items() if said != "ok")


class _Ready(msgspec.Struct):
    status: str
    checks: dict[str, str]


class HealthApi:
    """Of one service."""

    def __init__(self, service: str, url: str) -> None:
        self.service = service
        self._http = HttpClient(service, url, connections=2, timeout_s=_TIMEOUT_S, largest_body=_MOST_BYTES)

    async def close(self) -> None:
        await self._http.close()

    async def health(self) -> Health:
        """Never raises: a service that does not answer is a finding."""
        try:
            answer = await self._http.request("readyz", "GET", "/readyz")
            told = msgspec.json.decode(answer.body, type=_Ready)
        except (HedgerowError, msgspec.DecodeError):
            return Health(self.service, is_up=False)
        return Health(self.service, is_up=True, is_ready=answer.status == 200, checks=told.checks)

    async def metrics(self) -> dict[str, float]:
        """Sums of all labels of each of our gauges and counters; empty when it does not answer."""
        try:
            answer = await self._http.request("metrics", "GET", "/metrics")
        except HedgerowError:
            return {}
        return sums(answer.body.decode(errors="replace")) if answer.status == 200 else {}


async def health_of_all(services: Iterable[HealthApi]) -> list[Health]:
    """At one time, in their order."""
    return list(await asyncio.gather(*(one.health() for one in services)))


def sums(text: str) -> dict[str, float]:
    """Of a Prometheus text: each sample's name and the sum of its values. Counts and gauges, never money."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("hedgerow_") and family.type in ("gauge", "counter"):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found
