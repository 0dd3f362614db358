"""Sessions end in time, are bounded, and hold keys that nothing prints."""

from __future__ import annotations

import pytest

from hedgerow.core.secrets import Secret
from hedgerow.dashboard.sessions import IDLE_S, LIFE_S, FormTokens, Held, Kind, Session, Sessions, new_form_cookie

KEY = "8d5378b2-b952-42e5-8be7-4ae583112363"
KEYS = {Kind.MM: Held(Secret(KEY), "demo")}


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_token_finds_its_session_and_no_other(watch: Watch) -> None:
    sessions = Sessions(watch)
    first, token = sessions.begin(KEYS)
    second, other = sessions.begin(KEYS)
    assert sessions.find(token.reveal()) is first
    assert sessions.find(other.reveal()) is second
    assert sessions.find("made up") is None
    assert sessions.find(None) is None


def test_session_that_is_used_lasts_its_life_and_no_longer(watch: Watch) -> None:
    sessions = Sessions(watch)
    _, token = sessions.begin(KEYS)
    for _ in range(int(LIFE_S // IDLE_S) * 2 - 1):
        watch.now_s += IDLE_S / 2
        assert sessions.find(token.reveal()) is not None
    watch.now_s += IDLE_S / 2
    assert sessions.find(token.reveal()) is None


def test_session_that_nobody_uses_ends_sooner(watch: Watch) -> None:
    sessions = Sessions(watch)
    _, token = sessions.begin(KEYS)
    watch.now_s += IDLE_S
    assert sessions.find(token.reveal()) is None
    assert len(sessions) == 0


def test_open_page_is_a_use(watch: Watch) -> None:
    sessions = Sessions(watch)
    session, token = sessions.begin(KEYS)
    watch.now_s += IDLE_S - 1
    assert sessions.use(session)
    watch.now_s += IDLE_S - 1
    assert sessions.find(token.reveal()) is session


def test_session_too_many_ends_the_one_used_longest_ago(watch: Watch) -> None:
    ended: list[Session] = []
    sessions = Sessions(watch, ended.append, most=2)
    first, token = sessions.begin(KEYS)
    watch.now_s += 1
    second, _ = sessions.begin(KEYS)
    watch.now_s += 1
    sessions.find(token.reveal())
    sessions.begin(KEYS)
    assert ended == [second]
    assert sessions.find(token.reveal()) is first


def test_session_that_is_over_holds_no_key_and_is_told_once(watch: Watch) -> None:
    ended: list[Session] = []
    sessions = Sessions(watch, ended.append)
    session, token = sessions.begin(KEYS)
    sessions.end(token.reveal())
    sessions.end(token.reveal())
    assert ended == [session]
    assert session.keys == {}
    assert not sessions.use(session)


def test_key_is_in_no_printed_form(watch: Watch) -> None:
    session, token = Sessions(watch).begin(KEYS)
    assert KEY not in repr(session) + str(session.keys)
    assert token.reveal() not in repr(token)


def test_form_goes_with_its_cookie_alone() -> None:
    forms, cookie = FormTokens(), new_form_cookie()
    assert forms.is_of(forms.of(cookie), cookie)
    assert not forms.is_of(forms.of(cookie), new_form_cookie())
    assert not forms.is_of(FormTokens().of(cookie), cookie)
    assert not forms.is_of("", cookie)
    assert not forms.is_of(forms.of(""), "")
    assert not forms.is_of("é", cookie)
