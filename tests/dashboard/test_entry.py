"""The way in: what is answered without a session, what a form must carry, and which headers everything has."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.websockets import WebSocket

from hedgerow.api.ratelimit import RateLimiter
from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.admission import NotAdmittedError, why_not
from hedgerow.dashboard.desk import MOST_PAGES, Desk, NoKeyError
from hedgerow.dashboard.gate import Gate, is_own, session_cookie
from hedgerow.dashboard.headers import STRICT_POLICY, SecurityHeaders
from hedgerow.dashboard.sessions import Held, Kind
from hedgerow.dashboard.signin import TRIES_A_MINUTE, SignIn
from hedgerow.net.calls import CallError

KEY = "8d5378b2-b952-42e5-8be7-4ae583112363"
OTHER = "4a51b355-da0e-455d-8703-40b39d3beede"
COOKIE = session_cookie(8000, is_tls=False)
ORIGIN = "http://dashboard"


async def admit(key: Secret) -> Mapping[Kind, Held]:
    match key.reveal():
        case text if text == KEY:
            return {Kind.MM: Held(key, "demo")}
        case text if text == OTHER:
            return {Kind.ABP: Held(key, "demo")}
    raise NotAdmittedError("No API knows this key <b>.")


@pytest.fixture
def desk() -> Desk:
    return Desk({Kind.MM: "http://127.0.0.1:1"})


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    """The way in, before a page that the framework would have made, and a socket."""
    found = FastAPI()
    entry = SignIn(desk, admit, COOKIE, is_tls=False, pages=frozenset({"/", "/mm"}), tries=RateLimiter())
    found.router.routes.extend(entry.routes())

    async def page(_: Request) -> Response:
        html = "<script>start()</script><script type=module>go('&lt;script>')</script>"
        return HTMLResponse(html, headers={"X-NiceGUI-Content": "page"})

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("in")

    found.add_route("/mm", page)
    found.add_route("/healthz", page)
    found.add_api_websocket_route("/_nicegui_ws/", socket)
    found.add_middleware(Gate, sessions=desk.sessions, cookie=COOKIE)
    found.add_middleware(SecurityHeaders, is_tls=True)
    return found


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        yield client


async def form_of(browser: httpx.AsyncClient) -> str:
    found = re.search(r'name="form" value="(\w+)"', (await browser.get("/sign-in")).text)
    assert found is not None
    return found[1]


async def give(browser: httpx.AsyncClient, key: str, wanted: str = "/") -> httpx.Response:
    return await browser.post("/sign-in", data={"form": await form_of(browser), "key": key, "next": wanted})


async def test_page_without_a_session_leads_to_the_sign_in_page(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/mm?secret=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/mm")
    assert (await browser.post("/mm")).status_code == 401
    assert (await browser.get("/_nicegui/anything")).status_code == 401


async def test_machines_are_answered_without_a_session(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/healthz")).status_code == 200


async def test_key_opens_the_page_that_was_wanted(browser: httpx.AsyncClient) -> None:
    answer = await give(browser, f" {KEY} ", "/mm")
    assert (answer.status_code, answer.headers["location"]) == (303, "/mm")
    assert (await browser.get("/mm")).status_code == 200


async def test_session_cookie_is_closed_to_scripts_and_other_sites_and_holds_no_key(
    browser: httpx.AsyncClient, app: FastAPI
) -> None:
    cookie = next(
        one for one in (await give(browser, KEY)).headers.get_list("set-cookie") if one.startswith(f"{COOKIE}=")
    )
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert KEY not in cookie
    assert session_cookie(8000, is_tls=True).startswith("__Host-")


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/unknown", "/\\evil.example"])
async def test_nobody_is_led_to_another_place(browser: httpx.AsyncClient, wanted: str) -> None:
    assert (await give(browser, KEY, wanted)).headers["location"] == "/"


async def test_key_that_opens_nothing_is_refused_in_words_and_not_repeated(browser: httpx.AsyncClient) -> None:
    answer = await give(browser, "not-a-key")
    assert answer.status_code == 401
    assert "No API knows this key &lt;b&gt;." in answer.text
    assert "not-a-key" not in answer.text


async def test_form_of_somebody_else_signs_nobody_in(browser: httpx.AsyncClient) -> None:
    await form_of(browser)
    answer = await browser.post("/sign-in", data={"form": "0" * 64, "key": KEY})
    assert answer.status_code == 403
    assert COOKIE not in browser.cookies
    answer = await browser.post("/sign-in", data={"key": KEY}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_tries_of_one_address_are_bounded(browser: httpx.AsyncClient) -> None:
    answers = [(await give(browser, "wrong")).status_code for _ in range(TRIES_A_MINUTE + 1)]
    assert answers == [401] * TRIES_A_MINUTE + [429]


async def test_second_key_joins_the_session(browser: httpx.AsyncClient, desk: Desk) -> None:
    await give(browser, KEY)
    await give(browser, OTHER)
    session = desk.sessions.find(browser.cookies[COOKIE])
    assert session is not None
    assert set(session.keys) == {Kind.MM, Kind.ABP}
    assert len(desk.sessions) == 1


async def test_signing_out_needs_the_form_and_ends_the_session(browser: httpx.AsyncClient, desk: Desk) -> None:
    await give(browser, KEY)
    await browser.post("/sign-out", data={"form": "0" * 64})
    assert len(desk.sessions) == 1
    await browser.post("/sign-out", data={"form": desk.forms.of(browser.cookies[COOKIE])})
    assert len(desk.sessions) == 0
    assert (await browser.get("/mm")).status_code == 303


async def test_form_that_is_too_long_is_read_by_nobody(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/sign-in", data={"form": await form_of(browser), "key": KEY, "more": "x" * 5000})
    assert answer.status_code == 403


# --- headers ---------------------------------------------------------------------------------------------------------


async def test_everything_has_the_security_headers(browser: httpx.AsyncClient) -> None:
    for answer in (await browser.get("/mm"), await browser.get("/sign-in"), await browser.get("/static/none")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "max-age=" in answer.headers["strict-transport-security"]


async def test_sign_in_page_runs_no_script_at_all(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/sign-in")
    assert answer.headers["content-security-policy"] == STRICT_POLICY
    assert "script" not in STRICT_POLICY
    assert "<script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_page_runs_scripts_by_a_nonce_that_changes(browser: httpx.AsyncClient) -> None:
    await give(browser, KEY)
    nonces = set()
    for _ in range(2):
        answer = await browser.get("/mm")
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        found = re.findall(r'<script nonce="([\w-]+)"', answer.text)
        assert len(found) == 2  # the tags, and not the text that looks like one
        assert policy["script-src"] == f"'self' 'nonce-{found[0]}' 'unsafe-eval'"
        assert policy["default-src"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert policy["style-src"] == "'self' 'unsafe-inline'"
        assert policy["form-action"] == "'self'"
        assert int(answer.headers["content-length"]) == len(answer.content)
        nonces.update(found)
    assert len(nonces) == 2


async def test_documentation_is_open_and_keeps_its_own_policy(app: FastAPI, browser: httpx.AsyncClient) -> None:
    async def paper(_: Request) -> Response:
        return Response("text", headers={"Content-Security-Policy": "its own"})

    app.add_route("/docs/page", paper)
    app.add_route("/llms.txt", paper)
    for path in ("/docs/page", "/llms.txt"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["content-security-policy"]) == (200, "its own")
        assert answer.headers["x-frame-options"] == "DENY"
    assert (await browser.get("/docsx")).status_code == 303


# --- sockets ---------------------------------------------------------------------------------------------------------


async def knock(app: FastAPI, **headers: str) -> str:
    """What a socket with these headers is answered: accepted or closed."""
    said: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message["type"])

    given = [(name.encode(), value.encode()) for name, value in {"host": "dashboard", **headers}.items()]
    scope = {"type": "websocket", "path": "/_nicegui_ws/", "headers": given, "query_string": b"", "subprotocols": []}
    await app(scope, receive, send)
    return str(said[0])


async def test_socket_is_opened_to_our_own_pages_with_a_session(app: FastAPI, desk: Desk) -> None:
    _, token = desk.sessions.begin({Kind.MM: Held(Secret(KEY), "demo")})
    cookie = f"{COOKIE}={token.reveal()}"
    assert await knock(app, origin=ORIGIN, cookie=cookie) == "websocket.accept"
    assert await knock(app, origin="http://evil.example", cookie=cookie) == "websocket.close"
    assert await knock(app, origin=ORIGIN) == "websocket.close"


@pytest.mark.parametrize(
    ("origin", "host", "is_ours"),
    [
        (None, "a:8000", True),
        ("http://a:8000", "a:8000", True),
        ("http://A:8000", "a:8000", True),
        ("http://a:8001", "a:8000", False),
        ("http://a.evil:8000", "a:8000", False),
        ("null", "a:8000", False),
        ("http://a:8000", None, False),
    ],
)
def test_origin_is_compared_whole(origin: str | None, host: str | None, *, is_ours: bool) -> None:
    assert is_own(origin, host) is is_ours


# --- why a key opens nothing -----------------------------------------------------------------------------------------


def refused(status: int, message: str = "") -> CallError:
    return CallError("the ABP API", status, {"message": message})


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([refused(401, "Invalid API key")], "ask your operator for a new key"),
        ([refused(403, "API key is inactive")], "switched off"),
        ([refused(403, "API key has expired")], "has expired"),
        ([refused(401), refused(429)], "Wait a minute"),
        ([refused(401), NotAdmittedError("down")], "not all of them answer"),
    ],
)
def test_refusal_says_what_to_do(errors: list[CallError], told: str) -> None:
    assert told in why_not(errors)


# --- the desk --------------------------------------------------------------------------------------------------------


class OpenPage:
    """As much of a page as the desk knows."""

    def __init__(self) -> None:
        self.went_to: list[str] = []

    def open(self, target: str) -> None:
        self.went_to.append(target)


def test_pages_of_a_session_are_bounded_and_end_with_it(desk: Desk) -> None:
    session, token = desk.sessions.begin({Kind.MM: Held(Secret(KEY), "demo")})
    pages: list[Any] = [OpenPage() for _ in range(MOST_PAGES + 1)]
    assert [desk.may_open(session, page) for page in pages] == [True] * MOST_PAGES + [False]
    desk.closed(session, pages[0])
    assert desk.may_open(session, pages[-1])
    desk.sessions.end(token.reveal())
    assert [page.went_to for page in pages] == [[]] + [["/sign-in"]] * MOST_PAGES
    assert desk.track(session) is not desk.track(session)  # nothing is kept for who is gone
    with pytest.raises(NoKeyError, match="sign in again"):
        desk.apis(session).mm()
