"""The desk's page as a browser uses it, over a real socket: sign in, take, answer. And what it must refuse."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from tests.patience import PATIENCE_S

from hedgerow.bridging import wire
from hedgerow.bridging.clients import one_client
from hedgerow.bridging.desk.sessions import LIFE_MS, Sessions
from hedgerow.bridging.desk.web import DeskRoutes
from hedgerow.bridging.serve import served
from hedgerow.bridging.service import Service
from hedgerow.bridging.wire import State
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

from .kit import ACCOUNT, Room
from .serving import KEY


class _Forms(HTMLParser):
    """The forms of a page: their actions, and the fields that they send as they stand."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.labelled, self._in_label, self._at = True, False, ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._at = given["action"]
            self.forms[self._at] = {}
        elif tag == "label":
            self._in_label = True
        elif tag in ("input", "select"):
            self.forms[self._at][given["name"]] = given.get("value", "")
            self.labelled &= self._in_label or given.get("type") == "hidden"

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._in_label = False


@dataclass
class Browser:
    """Follows redirects, keeps cookies, sends forms with what stands in them."""

    http: httpx.AsyncClient
    room: Room
    page: httpx.Response = field(init=False)

    async def go(self, path: str) -> str:
        self.page = await self.http.get(path, follow_redirects=True)
        return unescape(self.page.text)

    async def send(self, action: str, **typed: str) -> str:
        fields = {**_Forms(self.page.text).forms[action], **typed}
        self.page = await self.http.post(action, data=fields, follow_redirects=True)
        return unescape(self.page.text)

    async def sign_in(self, person: str = "Ann", key: str = KEY.reveal()) -> str:
        await self.go("/desk")
        return await self.send("/desk/sign-in", person=person, key=key)


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    room = Room(tmp_path)
    routes = DeskRoutes(room.desk, Sessions(KEY, room.clock)).routes()
    service = Service(room.desk.terms, room.desk, room.register, room.desk, room.clock)
    clients = one_client(room.desk.terms, Secret("throwaway-token-of-desk"), None)
    async with (
        served(service, clients, "127.0.0.1", 0, room.clock, *routes) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE_S) as http,
    ):
        yield Browser(http, room)
    room.close()


async def test_a_person_takes_a_bet_and_types_in_the_ticket(browser: Browser) -> None:
    reference = browser.room.bet()
    assert "Boston Celtics -3.5" in await browser.sign_in()
    assert "90 s left" in browser.page.text
    where = f"/desk/jobs/{ACCOUNT}/{reference}"
    assert "Ticket number" in await browser.send(f"{where}/take")
    assert _Forms(browser.page.text).forms[f"{where}/placed"]["stake"] == "200.00"
    warned = await browser.send(f"{where}/placed", ticket="T-9", stake="200", price="1.90")
    assert "the price 1.90 is worse than 1.95" in warned
    assert browser.page.status_code == 422
    await browser.send(f"{where}/placed", price="1.96")
    bet = browser.room.register.bet(ACCOUNT, reference)
    assert (bet.state, bet.bookmaker_bet_ids, bet.placed) == (State.ACCEPTED, ["T-9"], wire.Money("200", "1.96"))
    assert "T-9" in await browser.go("/desk/decisions")


async def test_a_bet_that_is_not_possible_and_a_balance_are_told(browser: Browser) -> None:
    reference = browser.room.bet()
    await browser.sign_in()
    await browser.send(f"/desk/jobs/{ACCOUNT}/{reference}/take")
    await browser.send(f"/desk/jobs/{ACCOUNT}/{reference}/impossible", code="suspended", note="in play")
    assert browser.room.register.bet(ACCOUNT, reference).state is State.REJECTED
    await browser.go(f"/desk/balance/{ACCOUNT}")
    assert "1000 USD" in await browser.send(f"/desk/balance/{ACCOUNT}", available="1000")


async def test_what_another_has_taken_is_seen_and_not_to_be_answered(browser: Browser) -> None:
    reference = browser.room.bet()
    await browser.sign_in("Bob")
    shown = browser.page
    browser.room.desk.take(ACCOUNT, reference, "Ann")
    browser.page = shown  # Bob still sees the button
    assert "Ann has taken the bet" in await browser.send(f"/desk/jobs/{ACCOUNT}/{reference}/take")
    assert f"/desk/jobs/{ACCOUNT}/{reference}" not in await browser.go("/desk")


async def test_nobody_comes_in_without_the_key(browser: Browser) -> None:
    reference = browser.room.bet()
    assert "Operator key" in await browser.go("/desk")
    assert "not the operator key" in await browser.sign_in(key="wrong")
    answers = [
        await browser.http.get(f"/desk/jobs/{ACCOUNT}/{reference}"),
        await browser.http.post(f"/desk/jobs/{ACCOUNT}/{reference}/take", data={"csrf": ""}),
        await browser.http.get("/desk/api/jobs"),
        await browser.http.get("/desk/api/jobs", headers={"Authorization": "Bearer throwaway-token-of-desk"}),
    ]
    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [
        (303, "/desk/sign-in"),
        (303, "/desk/sign-in"),
        (403, None),
        (403, None),
    ]
    assert browser.room.desk.decisions() == []


async def test_a_key_is_not_to_be_guessed(browser: Browser) -> None:
    for _ in range(10):
        await browser.sign_in(key="wrong")
    assert "too many attempts" in await browser.sign_in()
    assert browser.page.status_code == 429
    browser.room.clock.advance(61)
    assert "Nothing to bet" in await browser.sign_in()


async def test_a_form_of_another_page_does_nothing(browser: Browser) -> None:
    reference = browser.room.bet()
    await browser.sign_in()
    for token in ("", "guessed"):
        answer = await browser.http.post(f"/desk/jobs/{ACCOUNT}/{reference}/take", data={"csrf": token})
        assert answer.status_code == 403
    assert browser.room.desk.decisions() == []


async def test_a_session_ends(browser: Browser) -> None:
    await browser.sign_in()
    browser.room.clock.advance(LIFE_MS / 1000 + 1)
    assert "Operator key" in await browser.go("/desk")
    await browser.sign_in()
    await browser.send("/desk/sign-out")
    assert "Operator key" in await browser.go("/desk")


async def test_pages_have_no_script_and_allow_none(browser: Browser) -> None:
    browser.room.bet()
    await browser.sign_in()
    policy = browser.page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"script|unsafe|\*", policy)
    assert not re.search(r"<script|style=|\son\w+=", browser.page.text)
    cookie = (await browser.http.post("/desk/sign-in", data={"person": "A", "key": KEY.reveal()})).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/desk"} <= {part.strip() for part in cookie.split(";")}


async def test_what_a_router_says_is_shown_and_never_run(browser: Browser) -> None:
    selection = wire.Selection("<b>", 1, 0, description={"outcome": "<script>alert(1)</script>"})
    browser.room.bet(selection=selection)
    await browser.sign_in("<i>Ann</i>")
    assert not re.search(r"<script|<b>|<i>", browser.page.text)
    assert "&lt;script&gt;" in browser.page.text


async def test_a_keyboard_is_enough_and_light_and_dark_are_there(browser: Browser) -> None:
    reference = browser.room.bet()
    await browser.sign_in()
    await browser.send(f"/desk/jobs/{ACCOUNT}/{reference}/take")
    assert _Forms(browser.page.text).labelled  # every field has its label
    assert "autofocus" in browser.page.text
    style = (await browser.http.get("/desk/style.css")).text
    assert "prefers-color-scheme: dark" in style
    assert ":focus-visible" in style


async def test_a_program_answers_with_the_key(browser: Browser) -> None:
    reference = browser.room.bet()
    headers = {"Authorization": f"Bearer {KEY.reveal()}"}
    [job] = (await browser.http.get("/desk/api/jobs", headers=headers)).json()
    assert (job["reference"], job["stage"], job["leftSeconds"], job["stake"]) == (reference, "waiting", 90, "200.00")
    where = f"/desk/api/jobs/{ACCOUNT}/{reference}"
    taken = await browser.http.post(f"{where}/take", headers=headers, json={"person": "Ann"})
    given = {"person": "Ann", "ticket": "T", "stake": "200", "price": "1.95"}
    placed = await browser.http.post(f"{where}/placed", headers=headers, json=given)
    again = await browser.http.post(f"{where}/placed", headers=headers, json=given)
    strange = await browser.http.post(f"{where}/juggle", headers=headers, json=given)
    unread = await browser.http.post(f"{where}/take", headers=headers, json=[1])
    assert [answer.status_code for answer in (taken, placed, again, strange, unread)] == [200, 200, 409, 409, 422]
    assert "over" in again.json()["detail"]


async def test_the_protocol_is_served_beside_the_page(browser: Browser) -> None:
    headers = {"Authorization": "Bearer throwaway-token-of-desk"}
    info = (await browser.http.get("/bridge/v1/info", headers=headers)).json()
    assert (info["access"]["basis"], "statement_settlement" in info["capabilities"]) == ("manual_desk", False)
    body = wire.encode(browser.room.request())
    put = await browser.http.put(f"/bridge/v1/accounts/{ACCOUNT}/bets/{uuid.uuid4()}", headers=headers, content=body)
    assert (put.status_code, put.json()["state"], put.json()["sentAt"]) == (201, "PENDING", None)


def test_a_short_operator_key_is_refused() -> None:
    with pytest.raises(SetupError, match="16 characters"):
        Sessions(Secret("short"), None)  # type: ignore[arg-type]
