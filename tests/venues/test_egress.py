"""Whatever a connector opens goes out by the way that it was given: a leak shows its venue the wrong address."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.connectproxy import connect_proxy

import hedgerow.venues
from hedgerow.core.upstream import Upstream
from hedgerow.exam.runner import Candidate, sit
from hedgerow.net.egress import Through
from hedgerow.venues.base import VenueContext
from hedgerow.venues.registry import BRIDGE, all_venues

T = TypeVar("T")

NATIVE = [slug for slug, found in all_venues().items() if found.manifest.level != BRIDGE]
ONE_BRIDGE = "sharpbet"
OPENERS = {"HttpClient", "Stream", "LineStream", "Node"}


@pytest.mark.parametrize("slug", [*NATIVE, ONE_BRIDGE])
async def test_a_connector_reaches_its_venue_by_the_proxy_alone(slug: str) -> None:
    """The proxy alone knows the ports at which the venue is."""
    ports: dict[int, int] = {}

    async with connect_proxy(ports=ports) as proxy:
        way = Through(Upstream.of(f"http://127.0.0.1:{proxy.port}"))

        def hidden(url: str) -> str:
            parts, port = urlsplit(url), len(ports) + 1  # nobody listens there
            assert parts.port is not None
            ports[port] = parts.port
            return urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}"))

        def behind_it(build: Callable[[VenueContext], T] | None) -> Callable[[VenueContext], T] | None:
            def built(context: VenueContext) -> T:
                assert build is not None
                urls = {name: hidden(url) for name, url in context.urls.items()}
                return build(replace(context, urls=urls, egress=way))

            return built if build is not None else None

        known = Candidate.of(slug)
        candidate = Candidate(known.venue, behind_it(known.exchange), behind_it(known.bookmaker))
        sheet = await sit(candidate, ["X04", "X60", "B01", "B30"])
    assert sheet.failed == {}
    assert sheet.passed


def test_no_connector_opens_a_connection_without_naming_the_way() -> None:
    calls = [
        (path.name, call)
        for path in Path(hedgerow.venues.__path__[0]).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in OPENERS
    ]
    assert len(calls) > len(NATIVE)
    assert [f"{name}:{call.lineno}" for name, call in calls if not _names_egress(call)] == []


def _names_egress(call: Any) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any("egress" in ast.unparse(value) for value in given)
