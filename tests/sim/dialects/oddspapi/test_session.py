"""Logins and resumption, without a socket."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.oddspapi.access import CHANNELS, DEMO_KEY, AccessKey, KeyRing
from hedgerow.sim.dialects.oddspapi.session import (
    About,
    Filter,
    Missed,
    Refused,
    Session,
    accept,
    read_entry_id,
    read_login,
    resume,
)

SPORTS, BOOKS = range(10, 28), ["betfair-ex", "pinnacle", "sharpbet"]
EPOCH, NOW = "0804ab61513c4681a3afd8afc1fb2f75", 1_766_414_833_000


def login(fields: dict[str, Any], *, json_only: bool = False, **key: Any) -> Session:
    """Of a key with these entitlements."""
    keys = KeyRing()
    keys.register(AccessKey(DEMO_KEY, **key))
    frame = json.dumps({"type": "login", "apiKey": DEMO_KEY, **fields})
    return accept(read_login(frame), keys, sports=SPORTS, books=BOOKS, json_only=json_only)


@pytest.mark.parametrize(
    "frame", ["", "nonsense", "[]", "1", '{"type":"hello"}', '{"apiKey":"x"}', b"\xff\xfe", '{"type":1}']
)
def test_first_frame_must_be_a_login(frame: str | bytes) -> None:
    with pytest.raises(Refused) as raised:
        read_login(frame)
    assert (raised.value.frame["error"], raised.value.code) == ("first message must be login", 4000)


@given(frame=st.one_of(st.text(), st.binary()))
def test_first_frame_of_any_bytes_is_refused_in_words(frame: str | bytes) -> None:
    with pytest.raises(Refused):
        read_login(frame)


@pytest.mark.parametrize("fields", [{"sportIds": "10"}, {"channels": [1]}, {"lastSeenId": []}, {"apiKey": 5}])
def test_login_with_fields_of_another_type_fails(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        login(fields)
    assert raised.value.frame["error"] == "login_failed"


@pytest.mark.parametrize("key", ["", "f" * 32, "nonsense"])
def test_wrong_key_fails(key: str) -> None:
    with pytest.raises(Refused, match="apiKey") as raised:
        login({"apiKey": key})
    assert (raised.value.frame["error"], raised.value.code) == ("login_failed", 4000)


def test_login_without_choices_gets_and_echoes_everything() -> None:
    session = login({})
    assert session.echo == {
        "userId": "demo",
        "clientName": "demo",
        "lang": "en",
        "receiveType": "json",
        "channels": list(CHANNELS),
        "sportIds": list(SPORTS),
        "tournamentIds": None,
        "bookmakers": BOOKS,
        "fixtureIds": None,
        "futureIds": None,
        "access": {"live": True, "pregame": True},
    }
    assert session.filter == Filter(frozenset(CHANNELS))


def test_unknown_and_unentitled_sports_are_left_out_without_a_word() -> None:
    session = login({"sportIds": [11, 1, 69, 10, 12]}, sports=frozenset({10, 11}))
    assert session.echo["sportIds"] == [10, 11]
    assert session.filter.sports == {10, 11}


def test_login_for_unknown_sports_only_gets_nothing() -> None:
    session = login({"sportIds": [1]})
    assert (session.echo["sportIds"], session.filter.sports) == ([], frozenset())


def test_bookmaker_that_has_not_quoted_yet_can_be_chosen() -> None:
    assert login({"bookmakers": ["newbook"]}).filter.bookmakers == {"newbook"}


def test_unentitled_channels_and_bookmakers_are_left_out() -> None:
    session = login(
        {"channels": ["odds", "oddsFutures"], "bookmakers": ["pinnacle", "sharpbet"]},
        channels=frozenset({"odds", "scores"}),
        bookmakers=frozenset({"sharpbet"}),
    )
    assert (session.echo["channels"], session.echo["bookmakers"]) == (["odds"], ["sharpbet"])


@pytest.mark.parametrize("fields", [{"channels": ["weather"]}, {"bookmakers": ["pinnacle"]}])
def test_login_of_which_nothing_is_left_fails(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="allowed"):
        login(fields, bookmakers=frozenset({"sharpbet"}))


@pytest.mark.parametrize(("asked", "given"), [("zstd-dict", "zstd-dict"), ("brotli", "json")])
def test_receive_type_is_negotiated(asked: str, given: str) -> None:
    assert login({"receiveType": asked}).echo["receiveType"] == given
    assert login({"receiveType": asked}, json_only=True).echo["receiveType"] == "json"


ABOUT = About("id1100013270505136", 11, 132, live=True)


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({}, True),
        ({"sportIds": [11]}, True),
        ({"sportIds": [10]}, False),
        ({"tournamentIds": [132]}, True),
        ({"tournamentIds": [17]}, False),
        ({"fixtureIds": ["id1100013270505136"]}, True),
        ({"fixtureIds": ["id1"], "sportIds": [11]}, False),
        ({"channels": ["scores"]}, False),
    ],
)
def test_filters_choose_by_what_a_frame_is_about(fields: dict[str, Any], passes: bool) -> None:
    assert login(fields).filter.admits("odds", ABOUT) is passes


def test_currencies_ignore_filters() -> None:
    given = login({"sportIds": [10], "channels": ["currencies"]}).filter
    assert given.admits("currencies", None)


@pytest.mark.parametrize(("access", "live"), [({"live": False}, True), ({"pregame": False}, False)])
def test_access_decides_on_live_and_pregame(access: dict[str, bool], live: bool) -> None:
    given = login({}, **access).filter
    assert not given.admits("odds", About("id1", 11, 132, live=live))
    assert given.admits("odds", About("id1", 11, 132, live=not live))


def resuming(seen: dict[str, str], *, epoch: str = EPOCH, **last: tuple[int, int]) -> Missed | None:
    return resume(login({"serverEpoch": epoch, "lastSeenId": seen}), EPOCH, last, NOW)


def test_cursor_within_the_window_is_replayed_from() -> None:
    missed = resuming({"scores": f"{NOW - 60_000}-7"}, scores=(NOW - 10, 9))
    assert missed == Missed(None, (), {"scores": (NOW - 60_000, 7)})


def test_cursor_is_too_old_by_its_own_age() -> None:
    missed = resuming({"scores": f"{NOW - 60_001}-7"}, scores=(NOW - 60_001, 7))
    assert missed == Missed("resume_window_exceeded", ("scores",), {})


def test_other_epoch_means_a_restart() -> None:
    missed = resuming({"scores": f"{NOW}-7", "fixtures": f"{NOW}-1"}, epoch="f" * 32, scores=(NOW, 9))
    assert missed == Missed("server_restarted", ("fixtures", "scores"), {})


@pytest.mark.parametrize("cursor", ["7", "x-7", "1-y", "", f"{NOW}-10", "²-1"])
def test_cursor_that_cannot_be_is_not_replayed_from(cursor: str) -> None:
    missed = resuming({"scores": cursor}, scores=(NOW, 9))
    assert missed == Missed("resume_window_exceeded", ("scores",), {})


def test_odds_are_never_replayed() -> None:
    missed = resuming({"odds": f"{NOW}-7", "scores": f"{NOW}-7"}, scores=(NOW, 9))
    assert missed == Missed("resume_window_exceeded", ("odds",), {"scores": (NOW, 7)})


@pytest.mark.parametrize("fields", [{"serverEpoch": EPOCH}, {"lastSeenId": {"scores": f"{NOW}-7"}}, {}])
def test_resuming_needs_both_epoch_and_cursor(fields: dict[str, Any]) -> None:
    assert resume(login(fields), EPOCH, {"scores": (NOW, 9)}, NOW) is None


@given(ms=st.integers(0, 10**13), number=st.integers(0, 10**9))
def test_entry_id_is_read(ms: int, number: int) -> None:
    assert read_entry_id(f"{ms}-{number}") == (ms, number)


def test_removed_and_unknown_login_fields_are_ignored() -> None:
    assert msgspec.structs.asdict(read_login('{"type":"login","dicts":["odds"],"live":true}'))["type"] == "login"
