"""What is pushed, what is wrong, what needs a person, and who sees which page."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.errors import HedgerowError, InDoubt, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.dashboard import alerts, following
from hedgerow.dashboard.apis.health import Health, sums
from hedgerow.dashboard.following import Conversation, Event, Followed, Followings, Link
from hedgerow.dashboard.navigation import KEY_OF, Page, menu
from hedgerow.dashboard.pages import PAGES
from hedgerow.dashboard.sessions import Held, Kind, Session
from hedgerow.dashboard.troubles import told
from hedgerow.net.calls import CallError

KEY = "8d5378b2-b952-42e5-8be7-4ae583112363"


class Listening:
    """A conversation, what it said, and what it told."""

    def __init__(self, kind: Kind) -> None:
        self.said: list[Any] = []
        self.events: list[Event] = []
        self.links: list[Link] = []
        self.conversation = Conversation(kind, Secret(KEY), self.events.append, self._changed)
        self.conversation.opened(lambda text: self.said.append(json.loads(text)))

    def hears(self, text: str) -> None:
        self.conversation.received(memoryview(text.encode()), is_text=True)

    def _changed(self) -> None:
        self.links.append(self.conversation.link)


@pytest.mark.parametrize(
    ("kind", "begin", "welcome"), [(Kind.MM, "subscribe", "subscribed"), (Kind.ABP, "login", "login_ok")]
)
def test_conversation_begins_with_the_key_and_is_live_when_it_is_welcome(kind: Kind, begin: str, welcome: str) -> None:
    listening = Listening(kind)
    assert (listening.said[0]["type"], listening.said[0]["apiKey"]) == (begin, KEY)
    assert listening.conversation.link is Link.CONNECTING
    listening.hears(json.dumps({"type": welcome}))
    listening.hears('{"type":"ping"}')
    assert listening.links == [Link.LIVE]
    assert listening.said[1:] == [{"type": "pong"}]


def test_events_come_with_exact_numbers() -> None:
    listening = Listening(Kind.MM)
    listening.hears('{"type":"broadcast","channel":"orders","event":"UPDATE","payload":{"pnl":0.1},"old":{"pnl":null}}')
    (event,) = listening.events
    assert event == Event(Kind.MM, "orders", "UPDATE", {"pnl": Decimal("0.1")}, {"pnl": None})


def test_other_messages_tell_nothing() -> None:
    listening = Listening(Kind.ABP)
    for text in ('{"type":"error","message":"x"}', '{"type":"data"}', "[]", '{"type":"data","channel":1,"payload":{}}'):
        listening.hears(text)
    assert listening.events == []


@pytest.mark.parametrize(
    ("code", "link", "comes_back"),
    [(1006, Link.DOWN, True), (4002, Link.DOWN, True), (4003, Link.DOWN, True), (4001, Link.REFUSED, False)],
)
def test_lost_connection_comes_back_unless_the_key_is_refused(code: int, link: Link, *, comes_back: bool) -> None:
    listening = Listening(Kind.MM)
    listening.hears('{"type":"subscribed"}')
    assert listening.conversation.closed(code, "") is comes_back
    assert listening.links == [Link.LIVE, link]


def test_page_that_fails_at_an_event_leaves_the_others_and_the_connection_alone() -> None:
    followed, heard = Followed(Kind.MM, "http://127.0.0.1:1", Secret(KEY)), Listening(Kind.MM).events

    def fail(_: Event) -> None:
        raise RuntimeError("a fault of the page")

    followed.followers |= {1: (fail, nothing), 2: (heard.append, nothing)}
    event = Event(Kind.MM, "orders", "UPDATE", {}, {})
    followed._tell(event)
    assert heard == [event]


async def test_connection_stays_for_a_page_when_another_leaves_that_listens_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "LINGER_S", 0)
    followings = Followings({Kind.MM: "http://127.0.0.1:1"})
    key = Secret(KEY)
    first, second = (followings.follow(Kind.MM, key, ignore, nothing) for _ in range(2))
    followed = followings.followed(Kind.MM, key)
    first()
    for _ in range(5):
        await asyncio.sleep(0)
    assert followings.followed(Kind.MM, key) is followed is not None
    second()
    for _ in range(5):
        await asyncio.sleep(0)
    assert followings.followed(Kind.MM, key) is None
    await followings.stop()


def nothing() -> None:
    """A link that has changed concerns nobody here."""


def ignore(_: Event) -> None:
    """Nor does an event."""


# --- troubles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CallError("the MM API", 401, "Invalid or missing API key"), "Sign out, then sign in with another"),
        (CallError("the ABP API", 403, {"message": "Access denied to this order"}), "Access denied to this order"),
        (CallError("the MM API", 404, "Order not found"), "The MM API answers: Order not found."),
        (CallError("the ABP API", 422, [{"loc": ["body", "orderStake"], "msg": "too low"}]), "orderStake: too low"),
        (CallError("the ABP API", 429, "Rate limit exceeded"), "tried again by itself"),
        (CallError("the MM API", 502, "Some orders could not be cancelled"), "Some orders could not be cancelled"),
        (CallError("the MM API", 500, None), "no reason given"),
        (Unavailable("the MM API", "GET /pnl", "refused"), "The MM API does not answer"),
        (InDoubt("the ABP API", "POST /place-orders", "lost"), "it is not known whether it was done"),
        (HedgerowError("odds moved"), "Odds moved."),
    ],
)
def test_trouble_says_what_to_do(error: HedgerowError, words: str) -> None:
    assert words in told(error)


def test_nobody_is_promised_that_a_button_is_pressed_again() -> None:
    busy = CallError("the ABP API", 429, "Rate limit exceeded")
    assert told(busy, is_repeated=False).endswith("for this key now. Try again in a moment.")
    assert "again" not in told(CallError("the MM API", 404, "Order not found"), is_repeated=False)


# --- alerts ----------------------------------------------------------------------------------------------------------


def test_service_that_lacks_something_is_an_alert() -> None:
    good = Health("mm", is_up=True, is_ready=True, checks={"database": "ok"})
    bad = Health("abp", is_up=True, checks={"database": "PostgreSQL does not answer", "bus": "ok"})
    down = Health("scraping", is_up=False)
    found = [alert.what for alert in alerts.of_services([good, bad, down])]
    assert found == ["abp: database: PostgreSQL does not answer", "scraping: does not answer"]


def test_counters_become_alerts_only_where_they_tell_of_harm() -> None:
    text = """# TYPE hedgerow_bets_in_doubt gauge
hedgerow_bets_in_doubt 2.0
# TYPE hedgerow_invariants_broken gauge
hedgerow_invariants_broken{invariant="a"} 1.0
hedgerow_invariants_broken{invariant="b"} 2.0
# TYPE hedgerow_feed_silence_seconds gauge
hedgerow_feed_silence_seconds 3.0
# TYPE python_info gauge
python_info 1.0
"""
    assert sums(text) == {
        "hedgerow_bets_in_doubt": 2,
        "hedgerow_invariants_broken": 3,
        "hedgerow_feed_silence_seconds": 3,
    }
    found = [alert.what for alert in alerts.of_metrics(sums(text))]
    assert [what.partition(" ")[0] for what in found] == ["3", "2"]
    assert alerts.of_metrics({}) == []
    assert "12 s" in alerts.of_metrics({"hedgerow_feed_silence_seconds": 12})[0].what


# --- pages -----------------------------------------------------------------------------------------------------------


def session(*kinds: Kind) -> Session:
    return Session(0, 0, {kind: Held(Secret(KEY), "demo") for kind in kinds})


async def _build(_: Any) -> None: ...


def test_operator_pages_are_in_the_operators_menu_alone() -> None:
    pages = (
        Page("/", "Overview", "", "x", None, _build),
        Page("/all", "All", "Operator", "x", Kind.OPERATOR, _build),
        Page("/all/{number}", "One", "Operator", "x", Kind.OPERATOR, _build),
    )
    assert [group for group, _ in menu(pages, session(Kind.MM))] == [""]
    shown = menu(pages, session(Kind.OPERATOR))
    assert [(group, [page.path for page in found]) for group, found in shown] == [("", ["/"]), ("Operator", ["/all"])]


def test_page_is_closed_to_who_lacks_its_key() -> None:
    page = next(page for page in PAGES if page.needs is Kind.ABP)
    assert page.is_open_to(session(Kind.MM, Kind.ABP))
    assert not page.is_open_to(session(Kind.MM))


def test_pages_have_paths_of_their_own_and_stand_together_in_their_groups() -> None:
    assert len({page.path for page in PAGES}) == len(PAGES)
    everything = session(*Kind)
    groups = [group for group, _ in menu(PAGES, everything)]
    assert len(set(groups)) == len(groups)
    assert set(KEY_OF) == set(Kind)
