"""The script API over real sockets: every call, what it changes, and how a wrong one is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, WSMsgType
from tests.patience import PATIENCE_S

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.venues import BOOKMAKERS, EXCHANGES

from .scriptkit import Script, scripted
from .worldkit import FIXTURE, SLUG

UNKNOWN = "id1200255561419999"
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with scripted() as made:
        yield made


@pytest.fixture
async def match(script: Script) -> Script:
    await script.put_match()
    return script


def odds(**changes: Any) -> dict[str, Any]:
    return {"fixtureId": FIXTURE, "bookmaker": "pinnacle", "outcomeId": 121, "price": Decimal("1.95")} | changes


def places(answer: Any) -> list[tuple[list[Any], str]]:
    """(loc, type) of each complaint of a 422."""
    return [(complaint["loc"], complaint["type"]) for complaint in answer["detail"]]


# --- state and reset ---------------------------------------------------------------------------------------------


async def test_an_untouched_world_is_the_default_one(script: Script) -> None:
    state = await script.call("GET", "/state")
    assert (state["fixtures"], state["pace"], state["speed"]) == ([], "real", 1)
    assert state["venues"].keys() == {SLUG, *EXCHANGES, *BOOKMAKERS}
    pinnacle = state["venues"]["pinnacle"]
    assert (pinnacle["kind"], pinnacle["urls"]) == ("bookmaker", {})
    assert pinnacle["behaviour"] == {
        "down": False,
        "latencyMs": 0,
        "rejectRate": 0,
        "rejectReason": "",
        "loseResponseRate": 0,
        "acceptDelayMs": 0,
        "fillRatio": 1,
        "priceMove": 0,
        "disconnectStream": False,
        "duplicateFills": False,
        "failTradeRate": 0,
        "seed": 1,
    }


@pytest.mark.parametrize(
    ("slug", "balances"),
    [
        ("pinnacle", {"demo_pinnacle": 10_000, "rival_pinnacle": 10_000}),
        ("sharpbet", {"demo_sharpbet": 10_000, "rival_sharpbet": 10_000}),
        ("kalshi", {"demo_kalshi": 10_000, "rival_kalshi": 10_000}),
        ("smarkets", {"demo_smarkets": 10_000}),
        ("198bet", {"demo_198bet": 10_000}),
    ],
)
async def test_every_venue_opens_with_its_accounts(script: Script, slug: str, balances: dict[str, int]) -> None:
    ledger = await script.call("GET", f"/venues/{slug}/ledger")
    kind = "exchange" if slug in EXCHANGES else "bookmaker"
    assert ledger == {"venue": slug, "kind": kind, "balances": balances, "entries": []}


async def test_urls_are_where_the_venue_answers(match: Script) -> None:
    urls = (await match.call("GET", "/state"))["venues"][SLUG]["urls"]
    assert urls["ws"].startswith("ws://")
    async with match.session.ws_connect(urls["ws"]) as socket:
        await socket.send_str("echo")
        assert (await socket.receive(PATIENCE_S)).data == "echo"
    async with match.session.get(f"{urls['rest']}/nothing") as answer:
        assert answer.status == 404


async def test_a_reset_empties_the_world_and_its_switches(match: Script) -> None:
    await match.call("PUT", "/odds", [odds()])
    await match.place("buy", 40, 10)
    await match.call("PATCH", f"/venues/{SLUG}", {"rejectRate": 1, "mood": "wild"})
    await match.call("PATCH", "/venues/smarkets", {"latencyMs": 9})
    state = await match.call("POST", "/reset")
    assert state["fixtures"] == []
    assert state["venues"]["smarkets"]["behaviour"]["latencyMs"] == 0
    assert state["venues"][SLUG]["behaviour"]["rejectRate"] == 0
    assert match.kestrel.mood == "calm"
    ledger = await match.call("GET", f"/venues/{SLUG}/ledger")
    assert (ledger["entries"], ledger["balances"]) == ([], {f"demo_{SLUG}": 10_000})


# --- fixtures ----------------------------------------------------------------------------------------------------


async def test_a_new_fixture_is_as_its_id_says_until_it_is_told(script: Script) -> None:
    fixture = await script.put_match()
    assert (fixture["sportId"], fixture["tournamentId"]) == (12, 2555)
    assert (fixture["participant1Name"], fixture["participant2Name"]) == ("Participant 1", "Participant 2")
    assert (fixture["statusId"], fixture["live"], fixture["scores"]) == (0, False, {})
    assert fixture["startTime"] - script.server.world.clock.now_ms() // 1000 in (3_599, 3_600)


async def test_what_is_left_out_of_a_fixture_stays(script: Script) -> None:
    await script.put_match(participant1Name="Ann", startTime=2_000_000_000)
    scores = {"result": {"period": "result", "participant1Score": 1, "participant2Score": 0}}
    fixture = await script.put_match(participant2Name="Bob", statusId=1, scores=scores)
    assert (fixture["participant1Name"], fixture["participant2Name"]) == ("Ann", "Bob")
    assert (fixture["startTime"], fixture["live"], fixture["scores"]) == (2_000_000_000, True, scores)
    assert (await script.call("GET", "/state"))["fixtures"] == [fixture]


async def test_live_can_be_said_against_the_status(script: Script) -> None:
    assert (await script.put_match(statusId=1, live=False))["live"] is False
    assert (await script.put_match(live=True))["statusId"] == 1
    assert (await script.put_match(statusId=2))["live"] is False


async def test_a_sport_that_nobody_knows_may_be_played(script: Script) -> None:
    assert (await script.put_match(sportId=987, tournamentId=1))["sportId"] == 987
    assert (await script.call("PUT", "/fixtures/other", {}))["sportId"] == 10


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"statusID": 1}, (["body", "statusID"], "extra_forbidden")),
        ({"statusId": 4}, (["body", "statusId"], "value_error")),
        ({"startTime": "soon"}, (["body", "startTime"], "value_error")),
        ({"startTime": 1_766_414_833_000}, (["body", "startTime"], "value_error")),
        ({"live": 1}, (["body", "live"], "value_error")),
        ([], (["body"], "value_error")),
        (b"{", (["body"], "json_invalid")),
        (b"", (["body"], "json_invalid")),
    ],
)
async def test_a_wrong_fixture_is_refused_and_changes_nothing(script: Script, body: Any, complaint: Any) -> None:
    status, answer = await script.ask("PUT", f"/fixtures/{FIXTURE}", body)
    assert (status, places(answer)) == (422, [complaint])
    assert (await script.call("GET", "/state"))["fixtures"] == []


# --- odds --------------------------------------------------------------------------------------------------------


async def test_odds_reach_the_streams_at_once_digit_for_digit(match: Script) -> None:
    async with match.session.ws_connect(match.server.venues.urls(SLUG)["ws"]) as socket:
        body = (
            b'[{"fixtureId":"%s","bookmaker":"pinnacle","outcomeId":121,"price":1.100000000000000001},'
            b'{"fixtureId":"%s","bookmaker":"pinnacle","outcomeId":122,"price":7}]' % ((FIXTURE.encode(),) * 2)
        )
        assert await match.call("PUT", "/odds", body) == {"accepted": 2}
        heard = (await socket.receive(PATIENCE_S)).json()
    assert heard["odds"] == {"121": "1.100000000000000001", "122": "7"}
    assert (await match.call("GET", "/state"))["fixtures"][0]["odds"] == 2


async def test_a_quote_has_sensible_defaults(match: Script) -> None:
    await match.call("PUT", "/odds", [odds()])
    (quote,) = match.server.world.quotes.values()
    assert (quote.outcome.player_id, quote.currency, quote.active) == (0, "USD", True)
    assert (quote.limit, quote.limit_min) == (None, None)


async def test_a_quote_is_put_as_a_whole(match: Script) -> None:
    full = odds(playerId=7, limit=Decimal("250.5"), limitMin=2, currency="EUR", active=False)
    await match.call("PUT", "/odds", [full])
    (quote,) = match.server.world.quotes.values()
    assert (quote.outcome.player_id, quote.currency, quote.active) == (7, "EUR", False)
    assert (quote.limit, quote.limit_min) == (Decimal("250.5"), 2)
    await match.call("PUT", "/odds", [odds(playerId=7)])
    (quote,) = match.server.world.quotes.values()
    assert (quote.limit, quote.active) == (None, True)


async def test_a_book_that_speaks_no_protocol_has_odds_too(match: Script) -> None:
    assert await match.call("PUT", "/odds", [odds(bookmaker=slug) for slug in BOOKMAKERS]) == {"accepted": 30}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": "red"}, (["body", 1, "colour"], "extra_forbidden")),
        ({"price": -1}, (["body", 1, "price"], "value_error")),
        ({"price": "cheap"}, (["body", 1, "price"], "value_error")),
        ({"limit": "NaN"}, (["body", 1, "limit"], "value_error")),
        ({"limitMin": -1}, (["body", 1, "limitMin"], "value_error")),
        ({"currency": "dollars"}, (["body", 1, "currency"], "value_error")),
        ({"outcomeId": None}, (["body", 1, "outcomeId"], "value_error")),
    ],
)
async def test_one_wrong_row_is_named_and_none_is_taken(match: Script, change: Any, complaint: Any) -> None:
    status, answer = await match.ask("PUT", "/odds", [odds(outcomeId=122), odds(**change)])
    assert (status, places(answer)) == (422, [complaint])
    assert match.server.world.quotes == {}


async def test_a_row_without_its_price_is_incomplete(match: Script) -> None:
    row = odds()
    del row["price"]
    status, answer = await match.ask("PUT", "/odds", [row])
    assert (status, places(answer)) == (422, [(["body", 0, "price"], "missing")])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fixtureId": UNKNOWN}, f"unknown fixture {UNKNOWN}"),
        ({"bookmaker": "corner shop"}, "unknown venue corner shop"),
    ],
)
async def test_odds_of_what_does_not_exist_are_404(match: Script, change: dict[str, str], said: str) -> None:
    status, answer = await match.ask("PUT", "/odds", [odds(), odds(**change)])
    assert (status, answer) == (404, {"detail": said})
    assert match.server.world.quotes == {}


# --- switches ----------------------------------------------------------------------------------------------------


async def test_switches_are_changed_one_by_one_and_reset_together(script: Script) -> None:
    await script.call("PATCH", f"/venues/{SLUG}", {"rejectRate": Decimal("0.3"), "seed": 9})
    changed = await script.call("PATCH", f"/venues/{SLUG}", {"latencyMs": 5, "mood": "wild"})
    assert changed["slug"] == SLUG
    assert [changed["behaviour"][name] for name in ("rejectRate", "seed", "latencyMs")] == [Decimal("0.3"), 9, 5]
    assert script.kestrel.mood == "wild"
    reset = await script.call("PATCH", f"/venues/{SLUG}", {})
    assert (reset["behaviour"]["rejectRate"], reset["behaviour"]["latencyMs"], script.kestrel.mood) == (0, 0, "calm")


async def test_a_venues_own_switch_alone_leaves_the_others(script: Script) -> None:
    await script.call("PATCH", f"/venues/{SLUG}", {"latencyMs": 5})
    await script.call("PATCH", f"/venues/{SLUG}", {"mood": "wild"})
    assert script.kestrel.faults.behaviour.latencyMs == 5
    await script.call("PATCH", f"/venues/{SLUG}", {"latencyMs": 6})
    assert script.kestrel.mood == "wild"


@pytest.mark.parametrize(
    ("slug", "body", "complaint"),
    [
        (SLUG, {"wobble": 1}, (["body", "wobble"], "extra_forbidden")),
        ("smarkets", {"mood": "wild"}, (["body", "mood"], "extra_forbidden")),
        (SLUG, {"mood": "odd"}, (["body", "mood"], "value_error")),
        (SLUG, {"rejectRate": Decimal("1.5")}, (["body", "rejectRate"], "value_error")),
        (SLUG, {"priceMove": -1}, (["body", "priceMove"], "value_error")),
        (SLUG, {"latencyMs": -1}, (["body", "latencyMs"], "value_error")),
        (SLUG, {"latencyMs": Decimal("1.5")}, (["body", "latencyMs"], "value_error")),
        (SLUG, {"down": "yes"}, (["body", "down"], "value_error")),
        (SLUG, [], (["body"], "value_error")),
    ],
)
async def test_a_wrong_switch_is_named_and_nothing_changes(
    script: Script, slug: str, body: Any, complaint: Any
) -> None:
    status, answer = await script.ask("PATCH", f"/venues/{slug}", body)
    assert (status, places(answer)) == (422, [complaint])
    status, _ = await script.ask("PATCH", f"/venues/{slug}", {**body, "seed": 7} if body else body)
    assert status == 422
    assert (await script.call("GET", "/state"))["venues"][slug]["behaviour"]["seed"] == 1


async def test_placements_are_refused_as_often_as_said(match: Script) -> None:
    await match.call("PATCH", f"/venues/{SLUG}", {"rejectRate": 1, "rejectReason": "closed for lunch"})
    status, answer = await match.place("buy", 40, 10)
    assert (status, answer) == (400, {"refused": "closed for lunch"})
    await match.call("PATCH", f"/venues/{SLUG}", {"rejectRate": 0})
    assert (await match.place("buy", 40, 10))[0] == 200


async def test_the_same_seed_refuses_the_same_placements(match: Script) -> None:
    async def outcomes() -> list[int]:
        await match.call("PATCH", f"/venues/{SLUG}", {"rejectRate": Decimal("0.5"), "seed": 5})
        return [(await match.place("buy", 40, 1))[0] for _ in range(12)]

    first = await outcomes()
    assert set(first) == {200, 400}
    assert await outcomes() == first


async def test_a_lost_answer_is_an_order_all_the_same(match: Script) -> None:
    await match.call("PATCH", f"/venues/{SLUG}", {"loseResponseRate": 1})
    with pytest.raises(ClientConnectionError):
        await match.place("buy", 40, 10)
    (entry,) = (await match.call("GET", f"/venues/{SLUG}/ledger"))["entries"]
    assert (entry["state"], entry["side"], entry["stake"]) == ("open", "buy", 4)


async def test_a_cut_stream_is_gone_without_a_close_and_may_come_again(match: Script) -> None:
    url = match.server.venues.urls(SLUG)["ws"]
    socket = await match.session.ws_connect(url)
    answer = await match.call("PATCH", f"/venues/{SLUG}", {"disconnectStream": True})
    assert answer["behaviour"]["disconnectStream"] is False
    assert (await socket.receive(PATIENCE_S)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)
    assert socket.close_code == 1006
    async with match.session.ws_connect(url) as again:
        await again.send_str("echo")
        assert (await again.receive(PATIENCE_S)).data == "echo"


async def test_a_venue_that_is_down_answers_nobody(match: Script) -> None:
    url = match.server.venues.urls(SLUG)["ws"]
    socket = await match.session.ws_connect(url)
    await match.call("PATCH", f"/venues/{SLUG}", {"down": True})
    assert (await socket.receive(PATIENCE_S)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)
    with pytest.raises(ClientConnectionError):
        await match.place("buy", 40, 10)
    with pytest.raises(ClientConnectionError):
        await match.session.ws_connect(url)
    await match.call("PATCH", f"/venues/{SLUG}", {})
    assert (await match.place("buy", 40, 10))[0] == 200


async def test_answers_wait_for_the_latency(match: Script, eventually: Eventually) -> None:
    match.server.world.clock.run_stepped(10**18)
    await match.call("PATCH", f"/venues/{SLUG}", {"latencyMs": 250})
    order = asyncio.ensure_future(match.place("buy", 40, 10))  # noqa: TID251  its failure is the test's
    await eventually(lambda: match.server.world.clock.next_wake_ns() == 10**18 + 250_000_000)
    assert not match.kestrel.exchange.orders
    match.server.world.clock.step_to(10**18 + 250_000_000)
    assert (await order)[0] == 200


# --- counterparties, ledgers, results ------------------------------------------------------------------------------


async def test_a_counterparty_takes_what_rests_at_his_price(match: Script) -> None:
    await match.place("buy", 40, 10)
    await match.place("buy", 38, 10)
    taken = await match.call(
        "POST",
        f"/venues/{SLUG}/take",
        {"fixtureId": FIXTURE, "outcomeId": 121, "side": "sell", "price": Decimal("0.39"), "size": Decimal("12.5")},
    )
    (fill,) = taken["fills"]
    assert (taken["matched"], fill["price"], fill["size"]) == (10, Decimal("0.4"), 10)
    assert fill["stake"] == 6  # the seller risks the other part of the dollar
    first, second = (await match.call("GET", f"/venues/{SLUG}/ledger"))["entries"]
    assert (first["state"], first["matched"]) == ("accepted", 4)
    assert [f["id"] for f in first["fills"]] == [fill["id"]]
    assert (second["state"], second["matched"], second["fills"]) == ("open", 0, [])


async def test_who_finds_nothing_at_his_price_takes_nothing(match: Script) -> None:
    await match.place("buy", 40, 10)
    order = {"fixtureId": FIXTURE, "outcomeId": 121, "side": "sell", "price": Decimal("0.41"), "size": 5}
    assert await match.call("POST", f"/venues/{SLUG}/take", order) == {"fills": [], "matched": 0}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"price": 1}, (["body", "price"], "value_error")),
        ({"price": Decimal("0.4000001")}, (["body", "price"], "value_error")),
        ({"size": 0}, (["body", "size"], "value_error")),
        ({"side": "back"}, (["body", "side"], "value_error")),
        ({"hurry": True}, (["body", "hurry"], "extra_forbidden")),
    ],
)
async def test_a_wrong_counterparty_is_refused(match: Script, change: Any, complaint: Any) -> None:
    order = {"fixtureId": FIXTURE, "outcomeId": 121, "side": "sell", "price": Decimal("0.4"), "size": 5} | change
    status, answer = await match.ask("POST", f"/venues/{SLUG}/take", order)
    assert (status, places(answer)) == (422, [complaint])


async def test_an_open_bet_is_sold_back_or_taken_back_once(match: Script) -> None:
    await match.call("PUT", "/odds", [odds(bookmaker="vertex")])
    book = match.server.world.bookmakers["vertex"]
    book.buys_back = True
    for reference in ("sold", "taken"):
        outcome = OutcomeKey(FixtureId(FIXTURE), OutcomeId(121))
        book.place("demo_vertex", outcome, Decimal(10), reference=reference, least_price=Decimal("1.95"))
    sold = await match.call("POST", "/venues/vertex/bets/sold/cashout", {"amount": Decimal("12.345")})
    assert (sold["state"], sold["settlement"], sold["payout"]) == ("settled", "CASHOUT", Decimal("12.34"))
    taken = await match.call("POST", "/venues/vertex/bets/taken/cancel")
    assert (taken["settlement"], taken["payout"]) == ("VOID", 10)
    again = await match.ask("POST", "/venues/vertex/bets/sold/cashout", {"amount": 1})
    assert again == (409, {"detail": "the bet is not open"})
    wrong = await match.ask("POST", "/venues/vertex/bets/sold/cashout", {"amount": -1})
    assert places(wrong[1]) == [(["body", "amount"], "value_error")]


async def test_what_a_venue_has_no_words_for_is_not_done(match: Script) -> None:
    await match.call("PUT", "/odds", [odds()])
    outcome = OutcomeKey(FixtureId(FIXTURE), OutcomeId(121))
    book = match.server.world.bookmakers["pinnacle"]
    (account, *_) = book.balances
    book.place(account, outcome, Decimal(10), reference="open", least_price=Decimal("1.95"))
    assert (await match.ask("POST", "/venues/pinnacle/bets/open/cashout", {"amount": 1}))[0] == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/venues/pinnacle/take", None, "pinnacle is not an exchange"),
        ("POST", "/venues/nobody/take", None, "unknown venue nobody"),
        ("POST", f"/venues/{SLUG}/take", {"fixtureId": UNKNOWN}, f"unknown fixture {UNKNOWN}"),
        ("POST", "/venues/pinnacle/bets/unheard-of/cancel", {}, "unknown bet unheard-of"),
        ("POST", f"/venues/{SLUG}/bets/unheard-of/cashout", {}, f"{SLUG} takes no bets"),
        ("GET", "/venues/nobody/ledger", None, "unknown venue nobody"),
        ("PATCH", "/venues/nobody", {"wobble": 1}, "unknown venue nobody"),
        ("POST", f"/fixtures/{UNKNOWN}/settle", {"results": {"121": "WON"}}, f"unknown fixture {UNKNOWN}"),
        ("POST", "/replay", {"file": "generated", "exchanges": ["nobody"]}, "unknown venue nobody"),
        ("GET", "/nothing", None, "Not Found"),
    ],
)
async def test_what_does_not_exist_is_404(match: Script, method: str, path: str, body: Any, said: str) -> None:
    if path.endswith("/take"):
        body = {"fixtureId": FIXTURE, "outcomeId": 121, "side": "sell", "price": Decimal("0.4"), "size": 5} | (
            body or {}
        )
    assert await match.ask(method, path, body) == (404, {"detail": said})


async def test_a_result_reaches_every_ledger_and_the_fixture(match: Script) -> None:
    await match.place("buy", 40, 10)
    order = {"fixtureId": FIXTURE, "outcomeId": 121, "side": "sell", "price": Decimal("0.4"), "size": 10}
    await match.call("POST", f"/venues/{SLUG}/take", order)
    fixture = await match.call("POST", f"/fixtures/{FIXTURE}/settle", {"results": {"121": "WON", "122": "LOST"}})
    assert (fixture["statusId"], fixture["results"]) == (2, {"121": "WON", "122": "LOST"})
    ledger = await match.call("GET", f"/venues/{SLUG}/ledger")
    (entry,) = ledger["entries"]
    assert (entry["state"], entry["settlement"], entry["payout"]) == ("settled", "WON", 10)
    assert ledger["balances"] == {f"demo_{SLUG}": 10_006}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"results": {}}, (["body", "results"], "value_error")),
        ({"results": {"121": "UNDECIDED"}}, (["body", "results", "121"], "value_error")),
        ({"results": {"121": 1}}, (["body", "results", "121"], "value_error")),
        ({"results": {"home": "WON"}}, (["body", "results", "home"], "value_error")),
        ({"result": {"121": "WON"}}, (["body", "result"], "extra_forbidden")),
        ({}, (["body", "results"], "missing")),
    ],
)
async def test_a_wrong_result_decides_nothing(match: Script, body: Any, complaint: Any) -> None:
    status, answer = await match.ask("POST", f"/fixtures/{FIXTURE}/settle", body)
    assert (status, places(answer)) == (422, [complaint])
    assert (await match.call("GET", "/state"))["fixtures"][0]["results"] == {}


async def test_a_method_that_a_call_does_not_have_is_405(script: Script) -> None:
    assert await script.ask("DELETE", "/state") == (405, {"detail": "Method Not Allowed"})


# --- the real venues ----------------------------------------------------------------------------------------------


async def test_the_product_world_has_its_venues_and_the_feed() -> None:
    server = WorldServer(WorldConfig())
    await server.start()
    async with ClientSession() as session:
        script = Script(server, session)
        venues = (await script.call("GET", "/state"))["venues"]
        assert venues["oddspapi"]["kind"] == "feed"
        assert venues["oddspapi"]["urls"].keys() == {"rest", "ws"}
        assert all(venues[slug]["urls"] for slug in ("kalshi", "polymarket", "pinnacle"))
        silent = await script.call("PATCH", "/venues/oddspapi", {"silent": True, "latencyMs": 3})
        assert silent["behaviour"]["latencyMs"] == 3
        assert await script.ask("GET", "/venues/oddspapi/ledger") == (404, {"detail": "oddspapi keeps no ledger"})
    await server.stop()
