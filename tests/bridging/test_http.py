"""The protocol on the wire: every answer against the OpenAPI document, who is let in, what is refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.venues.bridge.schemas import Document

from hedgerow.bridging import wire
from hedgerow.bridging.bridge import Placed, Terms
from hedgerow.bridging.clients import one_client
from hedgerow.bridging.door import Client, Door
from hedgerow.bridging.problems import ProblemError
from hedgerow.bridging.serve import kept, served
from hedgerow.bridging.service import Service
from hedgerow.bridging.wire import Basis, Capability
from hedgerow.core.clock import SteppedClock, SystemClock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.net.bridge_signature import signature

from .bank import Scripted
from .play import ACCOUNT, SELECTION, Play

TOKEN, OTHER = Secret("throwaway-token-of-play"), Secret("throwaway-token-of-another")
BETS = f"/accounts/{ACCOUNT}/bets"
BET = "/accounts/{account}/bets/{reference}"


class Router:
    """Asks, and holds each answer against the document."""

    def __init__(self, http: httpx.AsyncClient, document: Document) -> None:
        self._http, self._document = http, document

    async def ask(self, method: str, path: str, template: str = "", body: Any = None, **headers: str) -> httpx.Response:
        content = None if body is None else wire.encode(body)
        answer = await self._http.request(method, path, content=content, headers=headers)
        schema = self._document.answer(method.lower(), template or path.partition("?")[0], answer.status_code)
        assert list(self._document.faults(answer.json(), schema)) == []
        return answer


@pytest.fixture
async def serve(tmp_path: Path, shared: Callable[[str], Path]) -> AsyncIterator[Callable[[Any], Any]]:
    """Serves a bridge for two routers, the second of which may use no account."""
    document = Document(json.loads(shared("venues/bridge.openapi.json").read_text()))
    async with AsyncExitStack() as stack:

        async def start(bridge: Any) -> Router:
            clock = SystemClock()
            register = await stack.enter_async_context(kept(tmp_path / "bridge.sqlite", bridge.terms, clock))
            clients = [*one_client(bridge.terms, TOKEN, None), Client(OTHER, None, frozenset())]
            service = Service.of(bridge, register, clock)
            server = await stack.enter_async_context(served(service, clients, "127.0.0.1", 0, clock))
            http = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{server.port}{wire.BASE}",
                headers={"Authorization": f"Bearer {TOKEN.reveal()}"},
            )
            return Router(await stack.enter_async_context(http), document)

        yield start


def slip(**changes: Any) -> dict[str, Any]:
    return {
        "selection": SELECTION,
        "side": "back",
        "stake": "10.00",
        "currency": "USD",
        "limitPrice": "1.85",
        "acceptBetter": True,
        "fill": "all_or_nothing",
        "notAfter": "2100-01-01T00:00:00.000Z",
        **changes,
    }


async def test_every_answer_is_as_the_document_says(serve: Any, tmp_path: Path) -> None:
    router = await serve(Play(tmp_path))
    for path in ("/info", "/health", "/accounts"):
        await router.ask("GET", path)
    await router.ask("GET", f"/accounts/{ACCOUNT}/balance", "/accounts/{account}/balance")
    quotes = "/accounts/{account}/quotes"
    asked = {"selection": SELECTION, "side": "back"}
    assert (await router.ask("POST", f"/accounts/{ACCOUNT}/quotes", quotes, asked)).json()["price"] == "1.85"
    nowhere = {"selection": {**SELECTION, "fixtureId": "no"}, "side": "back"}
    assert (await router.ask("POST", f"/accounts/{ACCOUNT}/quotes", quotes, nowhere)).json()["status"] == "not_offered"
    one, two, three = (str(uuid.uuid4()) for _ in range(3))
    statuses = [
        (await router.ask("PUT", f"{BETS}/{one}", BET, slip())).status_code,
        (await router.ask("PUT", f"{BETS}/{one}", BET, slip())).status_code,
        (await router.ask("PUT", f"{BETS}/{one}", BET, slip(stake="11"))).status_code,
        (await router.ask("PUT", f"{BETS}/{two}", BET, slip(limitPrice="3"))).status_code,
        (await router.ask("PUT", f"{BETS}/{three}", BET, slip(surprise=1))).status_code,
        (await router.ask("GET", f"{BETS}/{one}", BET)).status_code,
        (await router.ask("GET", f"{BETS}/{three}", BET)).status_code,
        (await router.ask("POST", f"{BETS}/{one}/fence", f"{BET}/fence")).status_code,
        (await router.ask("POST", f"{BETS}/{three}/fence", f"{BET}/fence")).status_code,
        (await router.ask("PUT", f"{BETS}/{three}", BET, slip())).status_code,
        (await router.ask("DELETE", f"{BETS}/{one}", BET)).status_code,
        (await router.ask("GET", "/odds")).status_code,
    ]
    assert statuses == [201, 200, 409, 201, 422, 200, 404, 200, 200, 410, 404, 404]
    changes = (await router.ask("GET", BETS, "/accounts/{account}/bets")).json()
    assert [bet["state"] for bet in changes["bets"]] == ["ACCEPTED", "REJECTED"]
    page = (await router.ask("GET", f"{BETS}?limit=1", "/accounts/{account}/bets")).json()
    assert (len(page["bets"]), page["hasMore"]) == (1, True)


@pytest.mark.parametrize(
    ("method", "path", "template", "status"),
    [
        ("GET", "/accounts/another/balance", "/accounts/{account}/balance", 404),
        ("GET", f"{BETS}/not-a-uuid", BET, 422),
        ("GET", f"{BETS}?after=-1", "/accounts/{account}/bets", 422),
        ("GET", f"{BETS}?limit=1001", "/accounts/{account}/bets", 422),
        ("GET", f"{BETS}?wait=31", "/accounts/{account}/bets", 422),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    serve: Any, tmp_path: Path, method: str, path: str, template: str, status: int
) -> None:
    router = await serve(Play(tmp_path))
    assert (await router.ask(method, path, template)).status_code == status


async def test_a_body_without_end_is_not_read(serve: Any, tmp_path: Path) -> None:
    router = await serve(Play(tmp_path))
    answer = await router.ask("PUT", f"{BETS}/{uuid.uuid4()}", BET, slip(quoteId="x" * 70_000))
    assert (answer.status_code, answer.json()["outcome"]) == (413, "not_placed")


async def test_a_router_sees_its_own_accounts_alone(serve: Any, tmp_path: Path) -> None:
    router = await serve(Play(tmp_path))
    other = {"Authorization": f"Bearer {OTHER.reveal()}"}
    assert (await router.ask("GET", "/accounts", **other)).json() == {"accounts": []}
    balance = await router.ask("GET", f"/accounts/{ACCOUNT}/balance", "/accounts/{account}/balance", **other)
    assert balance.status_code == 404


async def test_an_error_of_the_operators_program_keeps_its_text_to_itself(serve: Any) -> None:
    router = await serve(Scripted())
    for method, what in (("GET", "balance"), ("POST", "quotes")):
        body = None if method == "GET" else {"selection": SELECTION, "side": "back"}
        answer = await router.ask(method, f"/accounts/{ACCOUNT}/{what}", f"/accounts/{{account}}/{what}", body)
        assert (answer.status_code, answer.json()["code"]) == (502, "bookmaker_error")
        assert "abc" not in answer.text


async def test_no_more_wait_for_changes_than_there_is_room_for(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = await serve(Play(tmp_path))
    monkeypatch.setattr("hedgerow.bridging.http._MOST_WAITING", 0)
    for path, template in (("/events", ""), (f"{BETS}?wait=1", "/accounts/{account}/bets")):
        answer = await router.ask("GET", path, template)
        assert (answer.status_code, answer.json()["retryAfterSeconds"]) == (429, 15.0)
    assert (await router.ask("GET", BETS, "/accounts/{account}/bets")).status_code == 200


async def test_an_event_stream_is_not_resumed_from_what_it_never_told(serve: Any, tmp_path: Path) -> None:
    router = await serve(Play(tmp_path))
    for last in ("7", "another/7", f"{ACCOUNT}/x"):
        assert (await router.ask("GET", "/events", **{"Last-Event-ID": last})).status_code == 422


# --- the door ----------------------------------------------------------------------------------------------------


SECRET, NOW_MS = Secret("throwaway-secret"), 1_795_262_400_000


def admitted(**changes: str) -> Client:
    door = Door([Client(TOKEN, SECRET, frozenset({ACCOUNT}))], SteppedClock(NOW_MS * 1_000_000))
    at = changes.pop("at", str(NOW_MS))
    signed = signature(SECRET, int(at), "GET", "/x?y=1", b"{}") if at.isdigit() else ""
    headers = {
        "authorization": f"Bearer {TOKEN.reveal()}",
        "x-bridge-timestamp": at,
        "x-bridge-signature": signed,
        **changes,
    }
    return door.admitted("GET", "/x?y=1", headers, b"{}")


@pytest.mark.parametrize("at", [NOW_MS - 30_000, NOW_MS, NOW_MS + 30_000])
def test_a_signed_request_is_let_in_within_half_a_minute(at: int) -> None:
    assert admitted(at=str(at)).accounts == {ACCOUNT}


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"authorization": ""}, "unauthorized", "no such token"),
        ({"authorization": f"Basic {TOKEN.reveal()}"}, "unauthorized", "no such token"),
        ({"authorization": "Bearer throwaway-token-of-plax"}, "unauthorized", "no such token"),
        ({"x-bridge-signature": "0" * 64}, "signature_invalid", "not this request's"),
        ({"x-bridge-signature": "\u00e9"}, "signature_invalid", "not this request's"),
        ({"at": "soon"}, "signature_invalid", "not this request's"),
        ({"at": str(NOW_MS - 30_001)}, "signature_invalid", "30 s behind"),
        ({"at": str(NOW_MS + 60_000)}, "signature_invalid", "60 s ahead of"),
    ],
)
def test_others_are_not_and_the_message_says_why(changes: dict[str, str], code: str, text: str) -> None:
    with pytest.raises(ProblemError, match=text) as refused:
        admitted(**changes)
    assert (refused.value.status, refused.value.body.code) == (401, code)


def test_a_short_token_is_refused() -> None:
    with pytest.raises(SetupError, match="16 characters"):
        Door([Client(Secret("short"), None, frozenset())], SystemClock())


# --- what an operator writes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"accounts": {}},
        {"accounts": {"a/b": "USD"}},
        {"capabilities": frozenset({Capability.ODDS})},
        {"bets_per_minute": 0},
    ],
)
def test_terms_that_cannot_be_kept_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SetupError):
        Terms(**{"bookmaker": "v", "basis": Basis.SIMULATION, "responsible": "x", "accounts": {"a": "USD"}, **changes})


@pytest.mark.parametrize(("stake", "price"), [("0", "2"), ("1", "1"), ("NaN", "2"), ("1", "Infinity")])
def test_what_no_bet_can_be_is_no_decision(stake: str, price: str) -> None:
    with pytest.raises(ValueError, match="no bet"):
        Placed(("1",), Decimal(stake), Decimal(price))
