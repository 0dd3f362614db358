"""What several gateways of one deployment share: limits, health, use, and who they are."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus.nats import Bus
from hedgerow.core.clock import SystemClock
from hedgerow.core.errors import ApiError
from hedgerow.core.secrets import Secret
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.gateway import selection, showing
from hedgerow.scraping.gateway.buckets import Buckets
from hedgerow.scraping.gateway.health import Outcome, Report
from hedgerow.scraping.gateway.repository import ScrapingRepository, Used
from hedgerow.scraping.gateway.usage import Usage
from hedgerow.scraping.guard import Policy
from hedgerow.storage.accounts import Accounts, ApiKey
from hedgerow.storage.database import Database, OutcomeUnknownError

from .gatewaykit import Net, serving


@pytest.fixture
def repository(database: Database) -> ScrapingRepository:
    return ScrapingRepository(database, SystemClock())


async def key_of(database: Database, rps: Decimal) -> ApiKey:
    accounts = Accounts(database, SystemClock())
    await accounts.add_client("demo", "Demo")
    text = await accounts.create_key("demo", "scraping", per_second=rps)
    found = await accounts.find_key(text.reveal(), "scraping")
    assert found is not None
    return found


async def passed(buckets: Buckets, key: ApiKey) -> bool:
    try:
        await buckets.take(key)
    except ApiError:
        return False
    return True


@pytest.mark.parametrize("rps", [5, 200])
async def test_two_gateways_give_out_no_more_tokens_than_the_bucket_holds(
    database: Database, repository: ScrapingRepository, rps: int
) -> None:
    key = await key_of(database, Decimal(rps))
    clock = asyncio.get_running_loop().time
    gateways = [Buckets(repository, clock), Buckets(repository, clock)]
    began_s = clock()
    asked = (passed(gateways[number % 2], key) for number in range(rps * 3))
    given = sum(await asyncio.gather(*asked))
    most = rps + rps * (clock() - began_s)
    assert rps * 0.9 <= given <= most + 1


async def test_a_bucket_fills_again(database: Database, repository: ScrapingRepository, eventually) -> None:
    key = await key_of(database, Decimal(20))
    buckets = Buckets(repository, asyncio.get_running_loop().time)
    while await passed(buckets, key):
        pass
    await asyncio.sleep(0.1)
    assert await passed(buckets, key)


async def test_a_key_of_less_than_one_a_second_has_a_token(database: Database, repository: ScrapingRepository) -> None:
    key = await key_of(database, Decimal("0.2"))
    buckets = Buckets(repository, asyncio.get_running_loop().time)
    assert await passed(buckets, key)
    with pytest.raises(ApiError) as caught:
        await buckets.take(key)
    assert 1 < int(caught.value.headers["Retry-After"]) <= 5


class Losing(ScrapingRepository):
    """Its first answer is lost after the commit."""

    has_lost = False

    async def add_usage(self, *given) -> None:
        await super().add_usage(*given)
        if not self.has_lost:
            self.has_lost = True
            raise OutcomeUnknownError("the answer was lost")


async def test_a_flush_whose_answer_was_lost_is_counted_once(database: Database) -> None:
    key, repository = await key_of(database, Decimal(1)), Losing(database, SystemClock())
    usage = Usage(repository)
    usage.count(key.key_id, "fetch", "a.test", succeeded=True, size=5)
    with pytest.raises(OutcomeUnknownError):
        await usage.flush()
    usage.count(key.key_id, "fetch", "a.test", succeeded=False, size=7)
    await usage.flush()
    assert await repository.usage(key.key_id) == {"fetch": Used(2, 1, 12)}
    assert await repository.top_domains(key.key_id) == [("a.test", 2)]


async def test_gateways_that_count_at_one_time_lose_nothing(database: Database, repository: ScrapingRepository) -> None:
    key = await key_of(database, Decimal(1))
    counters = [Usage(repository) for _ in range(4)]
    for number in range(400):
        counters[number % 4].count(key.key_id, "fetch", f"{number % 7}.test", succeeded=True, size=1)
    await asyncio.gather(*(usage.flush() for usage in counters))
    assert await repository.usage(key.key_id) == {"fetch": Used(400, 400, 400)}
    assert sum(requests for _, requests in await repository.top_domains(key.key_id)) == 400


async def test_only_an_agents_own_key_lets_it_in(repository: ScrapingRepository) -> None:
    key = (await repository.set_agent_key("de1")).reveal()
    await repository.set_agent_key("de2")
    assert await repository.is_agent("de1", key)
    assert not await repository.is_agent("de2", key)
    assert not await repository.is_agent("de1", str(uuid.uuid4()))
    await repository.set_agent_active("de1", is_active=False)
    assert not await repository.is_agent("de1", key)


@pytest.fixture
async def both(database: Database, nats: Bus) -> AsyncIterator[tuple[Net, Net]]:
    """Two gateways of one deployment."""
    async with serving(database, nats) as first, serving(database, nats) as second:
        yield first, second


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pick stands, and answers are waited for, also on a machine that stands still for seconds."""
    monkeypatch.setattr(selection, "PIN_MS", 50_000)
    monkeypatch.setattr(showing, "ANSWER_S", PATIENCE_S)


@pytest.fixture
def linked(both: tuple[Net, Net], eventually) -> Callable[..., Awaitable[None]]:
    """Agents of these slugs, at both gateways, each of which knows the other."""
    first, second = both

    async def link(*slugs: str) -> None:
        for slug in slugs:
            await first.join(slug)
        await eventually(lambda: len(second.gateway.desk.links.agents()) == len(slugs))

    return link


async def test_an_agent_that_knows_one_gateway_serves_all(both: tuple[Net, Net], eventually) -> None:
    first, second = both
    agent = await first.join("de1")
    await eventually(lambda: second.gateway.desk.links.agent("de1") is not None)
    await eventually(lambda: all(agent.links.values()))


async def test_a_block_that_one_gateway_saw_excludes_at_all(both: tuple[Net, Net], eventually) -> None:
    first, second = both
    first.gateway.desk.report(Report("de1", "a.test", Outcome.BLOCKED, 5))
    await eventually(lambda: "de1" in second.gateway.desk.book.of("a.test"))
    assert second.gateway.desk.book.of("a.test")["de1"].everyones.is_hard


async def test_a_pick_that_one_gateway_shows_is_what_the_others_use(
    both: tuple[Net, Net], site: str, linked, patient
) -> None:
    first, second = both
    await linked("de1", "de2", "de3", "de4", "de5")
    key = await first.key()
    shown = (await first.http.get("/debug/pick", params={"url": site}, headers=key)).json()
    assert shown["at_all_gateways"] is True
    told = [(await second.fetch(f"{site}/echo", key)).json()["meta"]["agent"]["id"] for _ in range(8)]
    assert set(told) == {shown["node_id"]}
    assert (await second.http.get("/debug/pick", params={"url": site}, headers=key)).json() == shown


async def test_picks_that_are_shown_at_one_time_are_one(both: tuple[Net, Net], site: str, linked, patient) -> None:
    await linked("de1", "de2", "de3", "de4", "de5")
    key = await both[0].key()
    asked = [net.http.get("/debug/pick", params={"url": site}, headers=key) for net in both * 4]
    shown = [answer.json() for answer in await asyncio.gather(*asked)]
    assert all(one == shown[0] for one in shown)


async def test_a_pick_says_when_a_gateway_does_not_answer(
    both: tuple[Net, Net], site: str, linked, patient, monkeypatch
) -> None:
    first, second = both
    await linked("de1", "de2", "de3", "de4", "de5")
    monkeypatch.setattr(showing, "ANSWER_S", 0.01)
    monkeypatch.setattr(second.gateway._showing._pins, "kept", lambda *_: None)  # as one that keeps nothing
    key = await first.key()
    shown = (await first.http.get("/debug/pick", params={"url": site}, headers=key)).json()
    assert shown["at_all_gateways"] is False
    told = [(await first.fetch(f"{site}/echo", key)).json()["meta"]["agent"]["id"] for _ in range(8)]
    assert set(told) == {shown["node_id"]}


async def test_without_nats_a_pick_binds_the_gateway_that_showed_it(database: Database, site: str, patient) -> None:
    async with serving(database, Bus(Secret("nats://127.0.0.1:1"), "never started")) as alone:
        for slug in ("de1", "de2", "de3", "de4", "de5"):
            await alone.join(slug)
        key = await alone.key()
        shown = (await alone.http.get("/debug/pick", params={"url": site}, headers=key)).json()
        assert shown["at_all_gateways"] is False
        told = [(await alone.fetch(f"{site}/echo", key)).json()["meta"]["agent"]["id"] for _ in range(8)]
        assert set(told) == {shown["node_id"]}


async def test_an_agent_with_another_agents_key_is_refused(both: tuple[Net, Net]) -> None:
    first, _ = both
    key = await first.repository.set_agent_key("de1")
    agent = Agent(Identity("us3", Secret(key.reveal()), "US"), AgentWorks(Policy()), (first.url,))
    await agent.start()
    await asyncio.sleep(0.3)
    assert first.gateway.desk.links.agents() == []
    await agent.stop()
