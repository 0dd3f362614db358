"""The REST side: questions as they are written, errors in our words, rate limits obeyed."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.feed.rest import FeedRest, OddsQuery
from hedgerow.net.http import Answer

KEY = Secret("f" * 32)
START_S = 1_788_000_000


class Http:
    """Answers from a list, the last one for ever; notes what was asked and when."""

    def __init__(self, clock: SteppedClock, *answers: Answer) -> None:
        self._clock, self._answers = clock, list(answers)
        self.asked: list[str] = []
        self.headers: list[list[tuple[str, str]]] = []
        self.times: list[float] = []

    async def request(self, operation, method, path, *, headers=()):
        assert method == "GET"
        self.asked.append(path)
        self.headers.append(list(headers))
        self.times.append(self._clock.now_ns() / NS_PER_S - START_S)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def says(status=200, body=b"[]", **headers):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def error(status, body, **headers):
    return says(status, json.dumps(body).encode(), **headers)


@pytest.fixture
def clock():
    return SteppedClock(START_S * NS_PER_S)


def rest_of(clock, *answers):
    http = Http(clock, *(answers or (says(),)))
    return FeedRest(http, KEY, clock), http


async def within(clock, work, for_s=200.0):
    """The work's result, the clock moved on in small steps while it waits."""
    task = asyncio.ensure_future(work)  # noqa: TID251 - the test drives the work by hand
    for _ in range(int(for_s * 10)):
        for _ in range(5):
            await asyncio.sleep(0)
        if task.done():
            return task.result()
        clock.advance(0.1)
    raise AssertionError("the work did not end")


async def test_key_travels_in_the_header_only(clock):
    rest, http = rest_of(clock)
    await rest.bookmakers()
    assert http.headers == [[("X-API-Key", KEY.reveal())]]
    assert KEY.reveal() not in http.asked[0]


@pytest.mark.parametrize(
    ("ask", "path"),
    [
        (lambda rest: rest.bookmakers(), "/bookmakers"),
        (lambda rest: rest.sports(), "/sports"),
        (lambda rest: rest.currencies(), "/currencies"),
        (lambda rest: rest.markets_of_sport(10), "/markets?sportId=10"),
        (lambda rest: rest.markets_of_outcomes([101, 102]), "/markets?outcomeIds=101,102"),
        (lambda rest: rest.fixtures_of_sport(10, 5, 9), "/fixtures?sportId=10&startTimeFrom=5&startTimeTo=9"),
        (lambda rest: rest.fixtures(["id1", "id2"]), "/fixtures?fixtureIds=id1,id2"),
        (lambda rest: rest.main_odds(OddsQuery(("a", "b"))), "/fixtures/odds/main?fixtureIds=a,b"),
        (
            lambda rest: rest.main_odds(OddsQuery(("a",), ("sx.bet", "x+y"), 7)),
            "/fixtures/odds/main?fixtureIds=a&bookmakers=sx.bet,x%2By&since=7",
        ),
    ],
)
async def test_questions_are_written_as_the_feed_wants_them(clock, ask, path):
    rest, http = rest_of(clock)
    assert await ask(rest) == []
    assert http.asked == [path]


async def test_one_fixtures_quotes_are_one_object(clock):
    rest, http = rest_of(clock, says(body=b'{"fixtureId":"a"}'))
    assert bytes(await rest.all_odds(OddsQuery(("a",), ("pinnacle",), since_ms=0))) == b'{"fixtureId":"a"}'
    assert http.asked == ["/fixtures/odds?fixtureId=a&bookmakers=pinnacle&since=0"]


async def test_more_than_five_bookmakers_are_never_asked_for_at_once(clock):
    rest, http = rest_of(clock)
    with pytest.raises(ValueError, match="at most 5"):
        await rest.main_odds(OddsQuery(("a",), tuple("abcdef")))
    assert http.asked == []


async def test_faulty_row_of_a_list_takes_no_other_with_it(clock):
    rest, _ = rest_of(clock, says(body=b'[{"slug":"a"},{"slug":5},{"slug":"b"}]'))
    assert [row.slug for row in await rest.bookmakers()] == ["a", "b"]


async def test_currency_is_the_decimal_that_was_written(clock):
    rest, _ = rest_of(clock, says(body=b'[{"currency":"EUR","currencyValue":0.84788876000000001}]'))
    (row,) = await rest.currencies()
    assert str(row.currency_value) == "0.84788876000000001"


@pytest.mark.parametrize(
    ("answer", "reason", "code"),
    [
        (error(400, {"error": 400, "message": "m", "code": "invalid_filters"}), Reason.INVALID, "invalid_filters"),
        (error(401, {"error": 401, "message": "m", "reason": "invalid_api_key"}), Reason.AUTH, "invalid_api_key"),
        (
            error(403, {"message": "m", "code": "sport_not_allowed", "denied": [10]}),
            Reason.ACCOUNT,
            "sport_not_allowed",
        ),
        (error(404, {"error": 404, "message": "m"}), Reason.CLOSED, None),
        (error(422, {"detail": [{"loc": ["query"], "msg": "m", "type": "t"}]}), Reason.INVALID, None),
        (error(501, {"error": 501, "message": "m", "code": "not_implemented"}), Reason.INVALID, "not_implemented"),
    ],
)
async def test_refusal_keeps_its_reason_and_code(clock, answer, reason, code):
    rest, _ = rest_of(clock, answer)
    with pytest.raises(Refused) as caught:
        await rest.sports()
    assert (caught.value.reason, caught.value.code) == (reason, code)
    assert "m" in caught.value.message


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_servers_fault_is_unavailable_whatever_its_body(clock, status):
    rest, _ = rest_of(clock, says(status, b"<html>"))
    with pytest.raises(Unavailable, match=str(status)):
        await rest.sports()


async def test_answer_that_is_no_json_is_unavailable(clock):
    rest, _ = rest_of(clock, says(200, b"<html>"))
    with pytest.raises(Unavailable, match="cannot be read"):
        await rest.sports()


async def test_too_many_requests_hold_the_endpoint_for_as_long_as_is_said(clock):
    limited = error(429, {"code": "rate_limited", "message": "m", "retryAfterSec": 30}, retry_after="30")
    rest, http = rest_of(clock, limited, says())
    with pytest.raises(Unavailable) as caught:
        await rest.sports()
    assert caught.value.retry_after_s == 30
    await within(clock, rest.sports())
    assert 30 <= http.times[1] <= 33


async def test_hold_of_one_endpoint_is_not_the_others(clock):
    rest, http = rest_of(clock, error(429, {"code": "rate_limited"}, retry_after="30"), says())
    with pytest.raises(Unavailable):
        await rest.sports()
    await within(clock, rest.bookmakers())
    assert http.times[1] == 0


async def test_last_permitted_request_waits_for_the_reset(clock):
    spent = says(x_ratelimit_remaining="0", x_ratelimit_reset=str(START_S + 20))
    rest, http = rest_of(clock, spent, says())
    await rest.sports()
    await within(clock, rest.sports())
    assert 20 <= http.times[1] <= 23


@pytest.mark.parametrize("reset", ["99999999999", "soon", ""])
async def test_strange_reset_holds_for_a_bounded_time(clock, reset):
    rest, http = rest_of(clock, says(x_ratelimit_remaining="0", x_ratelimit_reset=reset), says())
    await rest.sports()
    await within(clock, rest.sports())
    assert http.times[1] <= 122


async def test_limiter_that_is_down_is_left_alone_for_a_while(clock):
    rest, http = rest_of(clock, error(503, {"code": "rate_limiter_error"}), says())
    with pytest.raises(Unavailable):
        await rest.sports()
    await within(clock, rest.sports())
    assert 5 <= http.times[1] <= 7


async def test_questions_about_odds_stay_under_their_rate(clock):
    rest, http = rest_of(clock, says(body=b"[]"))

    async def many():
        for number in range(60):
            await rest.main_odds(OddsQuery((str(number),)))

    await within(clock, many())
    for first, time in enumerate(http.times):
        assert sum(time <= later < time + 1 for later in http.times[first:]) <= 10
    assert http.times[-1] == pytest.approx((60 - 8) / 2, abs=1)


async def test_other_endpoints_stay_under_a_hundred_a_minute(clock):
    rest, http = rest_of(clock)

    async def many():
        for _ in range(150):
            await rest.sports()

    await within(clock, many())
    for first, time in enumerate(http.times):
        assert sum(time <= later < time + 60 for later in http.times[first:]) <= 100


async def test_settlement_is_a_fixture_with_its_grades(clock, say):
    body = msgspec.json.encode(say.fixture(settlements=[{"outcomeId": 101, "status": "WIN"}]))
    rest, http = rest_of(clock, says(body=body))
    answer = await rest.settlement(say.fixture_id)
    assert answer.settlements[0].status == "WIN"
    assert http.asked == [f"/fixtures/settlement?fixtureId={say.fixture_id}"]
