"""A call is asked until it is answered: what is repeated, how long, and with what."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.client.abp import calls
from hedgerow.client.abp.models import PlaceOrderRequest, PlaceOrdersRequest
from hedgerow.client.call import Answer, Ask, Call, NoAnswer, Pause, Repeat, Retries
from hedgerow.client.conversation import conversation
from hedgerow.client.errors import (
    AnswerLostError,
    BadAnswerError,
    DuplicateError,
    InvalidError,
    RateLimitedError,
    ServiceFailedError,
    UnauthorizedError,
    UnreachableError,
)
from hedgerow.client.ids import FixtureId, OutcomeId

LOST, UNSENT = NoAnswer("ReadTimeout", was_sent=True), NoAnswer("ConnectError", was_sent=False)
OK = Answer(200, {}, b'{"ok": true}')
FULL = Answer(503, {"retry-after": "2"}, b'{"detail": "full"}')
RETRIES = Retries(most=4, patience_s=60, first_pause_s=0.1, longest_pause_s=1)


def told(status: int, body: bytes = b'{"detail": "no"}', **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


class Held:
    """A conversation held against a list of outcomes. asked: the calls that it made; paused_s: its pauses."""

    def __init__(self, call: Call[Any], *outcomes: Answer | NoAnswer, retries: Retries = RETRIES) -> None:
        self.asked: list[Call[Any]] = []
        self.paused_s: list[float] = []
        self._outcomes = iter(outcomes)
        self._talk = (call.converse or conversation)(call, retries)

    def value(self) -> Any:
        got: Answer | NoAnswer | None = None
        while True:
            try:
                step = self._talk.send(got)
            except StopIteration as end:
                return end.value
            got = None
            match step:
                case Ask(call):
                    self.asked.append(call)
                    got = next(self._outcomes)
                case Pause(seconds):
                    self.paused_s.append(seconds)

    @property
    def left(self) -> list[Answer | NoAnswer]:
        return list(self._outcomes)


def a_call(repeat: Repeat = Repeat.SAFE, method: str = "POST") -> Call[Any]:
    return Call("something", method, "/something", dict[str, bool], repeat)


@pytest.mark.parametrize("first", [LOST, UNSENT, FULL, told(429, retry_after="3")])
def test_safe_call_is_asked_again(first: Answer | NoAnswer) -> None:
    held = Held(a_call(), first, OK)
    assert held.value() == {"ok": True}
    assert len(held.asked) == 2


@pytest.mark.parametrize("first", [UNSENT, told(429)])
def test_what_was_not_done_may_always_be_asked_again(first: Answer | NoAnswer) -> None:
    assert Held(a_call(Repeat.NEVER), first, OK).value() == {"ok": True}


@pytest.mark.parametrize(("first", "error"), [(LOST, AnswerLostError), (FULL, ServiceFailedError)])
def test_what_may_have_been_done_is_never_asked_again(first: Any, error: type[Exception]) -> None:
    held = Held(a_call(Repeat.NEVER), first, OK)
    with pytest.raises(error):
        held.value()
    assert held.left == [OK]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_placement_that_somebody_in_between_failed_is_asked_again_and_found(status: int) -> None:
    call, uuids = placement()
    held = Held(call, told(status), duplicates(uuids), found(order_json(uuids[0], 7)))
    assert [one.order_id for one in held.value().accepted_orders] == [7]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 501, 502, 504])
def test_other_errors_are_told_at_once(status: int) -> None:
    held = Held(a_call(), told(status), OK)
    with pytest.raises(Exception, match=str(status)):
        held.value()
    assert held.left == [OK]


def test_retry_after_is_waited_out_and_added_up() -> None:
    held = Held(a_call(), told(429, retry_after="25"), told(429, retry_after="25"), told(429, retry_after="25"), OK)
    with pytest.raises(RateLimitedError) as raised:
        held.value()
    assert held.paused_s == [25, 25]
    assert raised.value.retry_after_s == 25


def test_attempts_are_bounded_and_pauses_grow() -> None:
    held = Held(a_call(), *[LOST] * 9)
    with pytest.raises(AnswerLostError, match="ReadTimeout"):
        held.value()
    assert (len(held.asked), len(held.left)) == (4, 5)
    for pause_s, most_s in zip(held.paused_s, (0.1, 0.2, 0.4), strict=True):
        assert most_s / 2 <= pause_s <= most_s


def test_read_that_is_never_answered_has_done_nothing() -> None:
    with pytest.raises(UnreachableError):
        Held(a_call(method="GET"), *[LOST] * 4).value()


def test_answer_of_another_shape_keeps_its_body() -> None:
    with pytest.raises(BadAnswerError) as raised:
        Held(a_call(), told(200, b'{"ok": "maybe"}')).value()
    assert raised.value.body == b'{"ok": "maybe"}'


def test_errors_have_code_text_and_what_to_do() -> None:
    body = b'{"detail": {"message": "Invalid API key", "code": "UNAUTHORIZED"}}'
    with pytest.raises(UnauthorizedError, match="Invalid API key; send a key") as raised:
        Held(a_call(), told(401, body)).value()
    assert (raised.value.code, raised.value.status) == ("UNAUTHORIZED", 401)


def test_faults_of_fields_are_told_one_by_one() -> None:
    body = b'{"detail": [{"loc": ["body", "orders", 0, "orderStake"], "msg": "too small", "type": "greater_than"}]}'
    with pytest.raises(InvalidError, match=r"body.orders.0.orderStake: too small") as raised:
        Held(a_call(), told(422, body)).value()
    (fault,) = raised.value.faults
    assert (fault.where, fault.kind) == (("body", "orders", 0, "orderStake"), "greater_than")


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[]", b"\xff"])
def test_error_of_somebody_in_between_is_an_error_all_the_same(body: bytes) -> None:
    with pytest.raises(ServiceFailedError, match="502"):
        Held(a_call(), told(502, body)).value()


# --- placing ---------------------------------------------------------------------------------------------------------


def placement(count: int = 1) -> tuple[Call[Any], list[str]]:
    orders = [
        PlaceOrderRequest(
            fixture_id=FixtureId("id1"),
            outcome_id=OutcomeId(1),
            order_price=2,
            order_stake=5,
            user_ref="a",
            test_order=False,
        )
        for _ in range(count)
    ]
    return calls.place_orders(PlaceOrdersRequest(orders=orders)), [str(one.request_uuid) for one in orders]


def duplicates(uuids: list[str]) -> Answer:
    return told(409, b'{"detail": "Duplicate request", "duplicateUuids": ["%b"]}' % '", "'.join(uuids).encode())


def order_json(uuid: str, order_id: int) -> str:
    return (
        f'{{"orderId": {order_id}, "requestUuid": "{uuid}", "client": "c", "clientName": "c", "userRef": "a",'
        '"orderStatus": "PENDING", "statusReason": null, "allowedBookmakers": "*", "fixtureId": "id1", "outcomeId": 1,'
        '"playerId": 0, "orderPrice": 2, "orderStake": 5, "filledStake": 0, "remainingStake": 5,'
        '"orderCurrency": "USD", "testOrder": false, "back": true, "acceptBetterOdds": true,'
        '"acceptPartialStake": true, "priceRule": "each", "meta": null,'
        '"oddsInfo": null, "currencyInfo": null, "fixtureInfo": null, "outcomeInfo": null, "playerInfo": null,'
        '"expiresAt": null, "filledAt": null, "createdAt": null, "updatedAt": null, "bets": []}'
    )


def declined_json(uuid: str, reason: str) -> str:
    return (
        f'{{"requestUuid": "{uuid}", "declineReason": "{reason}", "clientName": "c", "userRef": "a",'
        '"allowedBookmakers": "*", "fixtureId": "id1", "outcomeId": 1, "playerId": 0, "orderPrice": 2, "orderStake": 5,'
        '"orderCurrency": "USD", "testOrder": false, "back": true, "bets": []}'
    )


def found(*orders: str) -> Answer:
    text = f'{{"orders": [{",".join(orders)}], "count": {len(orders)}, "hasMore": false, "nextCursor": null}}'
    return told(200, text.encode())


def test_lost_placement_is_asked_again_with_the_same_keys_and_found() -> None:
    call, uuids = placement(2)
    orders = found(order_json(uuids[0], 7), order_json(uuids[1], 8))
    held = Held(call, LOST, duplicates(uuids), orders)
    answer = held.value()
    first, second, third = held.asked
    assert first.body == second.body
    assert (third.path, dict(third.query)["requestUuids"]) == ("/orders", ",".join(uuids))
    assert (answer.status, [one.order_id for one in answer.accepted_orders]) == ("accepted", [7, 8])


def test_orders_that_only_the_first_attempt_took_are_not_declined() -> None:
    call, uuids = placement(3)
    body = (
        f'{{"status": "partial-success", "acceptedOrders": [{order_json(uuids[0], 9)}], "declinedOrders": ['
        f"{declined_json(uuids[1], 'Duplicate requestUuid')}, {declined_json(uuids[2], 'Invalid odds')}]}}"
    )
    answer = Held(call, LOST, told(200, body.encode()), found(order_json(uuids[1], 7))).value()
    assert [one.order_id for one in answer.accepted_orders] == [9, 7]
    assert [one.decline_reason for one in answer.declined_orders] == ["Invalid odds"]
    assert answer.status == "partial-success"


def test_duplicate_without_a_lost_answer_is_the_programs_own() -> None:
    call, uuids = placement()
    with pytest.raises(DuplicateError) as raised:
        Held(call, duplicates(uuids)).value()
    assert raised.value.uuids == uuids


def test_placement_that_is_never_answered_says_so() -> None:
    call, _ = placement()
    with pytest.raises(AnswerLostError, match="request_uuid"):
        Held(call, *[LOST] * 4).value()


def test_what_a_call_carries_is_not_in_its_repr() -> None:
    call, uuids = placement()
    assert uuids[0] not in repr(call)
