"""Scraping's and the operator's lists, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest

from hedgerow.dashboard.alerts import of_system
from hedgerow.dashboard.apis.operator import Account, Client, Key, Switch, System, Tournament
from hedgerow.dashboard.apis.scraping import (
    Agent,
    Attempt,
    Candidate,
    Fetched,
    Meta,
    RateLimit,
    Route,
    TopDomain,
    Usage,
)
from hedgerow.dashboard.rows import operator, scraping
from hedgerow.dashboard.switcher import kept
from hedgerow.mm.controls import SystemSwitch

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def agent(slug: str, country: str) -> Agent:
    return Agent(slug=slug, name=f"scraping-{slug}", country=country)


def test_agents_are_counted_by_country() -> None:
    found = [agent("us3", "US"), agent("de2", "DE"), agent("de1", "DE")]
    assert scraping.counts(found) == {"US": 1, "DE": 2}
    assert [(row.cells["country"], row.cells["agents"]) for row in scraping.country_rows(found)] == [
        ("DE", "de1, de2"),
        ("US", "us3"),
    ]


def test_route_tells_who_was_chosen_and_why_others_were_not() -> None:
    base = {"country": "DE", "state": "available", "score": Decimal("0.7"), "load": 0}
    route = Route(
        picked="scraping-de1",
        candidates=[Candidate(id="scraping-de1", **base), Candidate(id="scraping-at5", reason="not_wanted", **base)],
        attempts=[
            Attempt(agent="at5", outcome="agent gone", took_ms=3),
            Attempt(agent="de1", outcome="answered", took_ms=12),
        ],
    )
    assert [row.cells["verdict"] for row in scraping.candidate_rows(route)] == ["chosen", "not wanted"]
    attempts = scraping.attempt_rows(route)
    assert [(row.cells["took"], (row.tones or {})["outcome"]) for row in attempts] == [
        ("3 ms", "bad"),
        ("12 ms", "good"),
    ]


def test_answer_says_when_it_is_a_block() -> None:
    meta = Meta(
        status=403,
        final_url="https://example.com/",
        http_version="HTTP/2",
        elapsed_ms=40,
        blocked=True,
        headers={},
        agent={"id": "scraping-de1"},
        bytes=1536,
    )
    shown = scraping.answer_figures(meta)
    assert (shown["Status"], shown["Size"], shown["Agent"]) == ("403, a block", "1.5 KiB", "scraping-de1")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024**2, "1.0 MiB"),
        (5 * 1024**4, "5.0 TiB"),
        (9 * 1024**5, "9,216.0 TiB"),
    ],
)
def test_data_has_the_unit_that_suits_it(count: int, text: str) -> None:
    assert scraping.data_size(count) == text


@pytest.mark.parametrize(
    ("raw", "raw_json", "encoding", "text"),
    [
        ("<b>", None, None, "<b>"),
        (None, {"price": Decimal("1.950")}, None, '{\n  "price": 1.950\n}'),
        ("AAEC", None, "base64", ""),
    ],
)
def test_body_is_told_as_text_digit_for_digit(
    raw: str | None, raw_json: object, encoding: str | None, text: str
) -> None:
    meta = Meta(
        status=200,
        final_url="https://example.com/",
        http_version="HTTP/1.1",
        elapsed_ms=1,
        blocked=False,
        headers={},
        agent={},
        bytes=4,
        encoding=encoding,
    )
    assert Fetched(meta=meta, raw=raw, raw_json=raw_json).text == text


def test_domains_of_which_nothing_is_known_stay_empty() -> None:
    usage = Usage(
        total=3,
        fail=1,
        success_rate=Decimal("66.7"),
        bytes_transferred=10,
        rate_limit=RateLimit(rps=Decimal(10), burst=10, remaining=Decimal("9.5")),
        by_protocol={"fetch": 3},
        top_domains=[TopDomain(domain="a.example", requests=3)],
    )
    (row,) = scraping.domain_rows(usage, [])
    assert (row.cells["requests"], row.cells["limited"]) == ("3", "–")
    assert scraping.usage_figures(usage)["Left now"] == "9.5 of 10"


def test_key_shows_its_beginning_and_the_limit_of_its_service() -> None:
    key = Key(
        prefix="8d5378b2",
        client="acme",
        service="scraping",
        active=False,
        requests_per_minute=600,
        requests_per_second=Decimal(5),
        expires_at=None,
    )
    row = operator.key_row(key, NOW)
    assert (row.cells["key"], row.cells["limit"], row.cells["expires"], row.cells["state"]) == (
        "8d5378b2…",
        "5 / s",
        "never",
        "off",
    )
    assert row.tones == {"state": "warn"}


def test_account_of_which_the_venue_told_nothing_has_no_balance() -> None:
    account = Account(
        venue="kalshi",
        username="main",
        client="acme",
        currency="USD",
        active=True,
        priority=1,
        max_outcome_stake=Decimal(1000),
        balance=None,
        balance_at=None,
    )
    cells = operator.account_row(account, NOW).cells
    assert (cells["balance"], cells["at"], cells["most"]) == ("–", "–", "1,000.00")


def test_tournament_without_a_name_has_its_number() -> None:
    one = Tournament(
        client="acme",
        tournament_id=17,
        name=None,
        sport=None,
        active=True,
        limit_ratio=Decimal("0.8"),
        price_ticks=0,
    )
    cells = operator.tournament_row(one).cells
    assert (cells["tournament"], cells["share"], cells["state"]) == ("tournament 17", "80 %", "quoted")


def test_client_of_no_market_making_has_no_bookmaker() -> None:
    assert operator.client_row(Client(client="a", name="A", active=True, bookmaker=None)).cells["bookmaker"] == "–"


@pytest.mark.parametrize(
    ("on", "tone"),
    [((True, True, True), "bad"), ((False, True, True), "bad"), ((False, False, True), "warn"), ((False,) * 3, "good")],
)
def test_strongest_switch_is_told(on: tuple[bool, bool, bool], tone: str) -> None:
    emergency, stopped, paused = on
    system = System(emergency=emergency, stopped=stopped, soft_paused=paused, reason="why", since=NOW)
    assert operator.system_words(system)[1] == tone
    alerts = of_system(system)
    assert [(alert.is_bad, alert.what.endswith("(why)")) for alert in alerts] == (
        [] if tone == "good" else [(tone == "bad", True)]
    )


def test_every_switch_of_the_system_can_be_turned() -> None:
    assert set(get_args(Switch)) == {switch.value for switch in SystemSwitch}


def test_choice_is_kept_while_it_is_there() -> None:
    assert kept("b", {"a": "A", "b": "B"}) == "b"
    assert kept("c", {"a": "A"}) == "a"
    assert kept("c", {"a": "A", "b": "B"}) is None
