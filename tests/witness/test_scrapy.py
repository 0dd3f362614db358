"""Scrapy walks through agents: by our download handler, and by the proxy front as it takes any proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.scraping.certificates import make_certificate, serving_context
from tests.scraping.gateway.gatewaykit import Net, serving
from tests.scraping.targets import site

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database

from .conftest import HERE, Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

SOURCE = HERE.parent.parent / "src"


@pytest.fixture
async def net(database: Database, nats: Bus) -> AsyncIterator[Net]:
    """With an agent in Germany and one in the United States, and the front open."""
    async with serving(database, nats) as found:
        await found.gateway.front.start("127.0.0.1", 0)
        await found.join("de1", "DE")
        await found.join("us1", "US")
        yield found


@pytest.mark.parametrize("handler", [True, False], ids=["handler", "front"])
async def test_spider_walks_through_agents(net: Net, witness: Witness, tmp_path: Path, *, handler: bool) -> None:
    key = (await net.key())["X-API-Key"]
    front = f"http://127.0.0.1:{net.gateway.front.port}"
    async with site() as plain, site(serving_context(*make_certificate(tmp_path))) as secure:
        given = {"site": plain, "secure": secure, "front": front, "key": key, "source": str(SOURCE)}
        found = await witness("scrapy_spider", handler=handler, **given)
    items = {item["path"]: item for item in found["items"] if item["status"] == 200}
    assert items.keys() == {"/echo?plain", "/echo?followed", "/echo?form", "/echo?tls", "/sized"}
    assert "us1" in items["/echo?plain"]["via"]
    assert "us1" in items["/echo?followed"]["via"]
    assert "de1" in items["/echo?form"]["via"]
    assert (items["/echo?form"]["body"], items["/sized"]["body"]) == ("a=1", 300_000)
    assert not any(key in item["sent"] or "roxy-" in item["sent"] for item in found["items"])
    assert found["stats"]["finish_reason"] == "finished"
    errors = {url: (kind, told) for url, kind, told in found["errors"]}
    assert errors["https://10.0.0.1/"][0] == "TunnelError"
    assert "10.0.0.1 is refused: private address" in errors["https://10.0.0.1/"][1]
    if handler:
        assert errors["http://10.0.0.1/"][0] == "FrontRefusedError"
        assert "is refused: private address" in errors["http://10.0.0.1/"][1]
        assert errors["http://127.0.0.1:1/"][0] == "DownloadFailedError"
        assert not any(key in meta for meta in found["metas"])
    else:  # the front's answers are pages like any other to Scrapy
        assert sorted(item["status"] for item in found["items"] if item["status"] != 200) == [403, 502]
