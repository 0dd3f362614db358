"""How parameters are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.oddspapi.query import Query, RestError


def refusal(call: object, *args: object) -> RestError:
    with pytest.raises(RestError) as raised:
        call(*args)  # type: ignore[operator]
    return raised.value


@given(numbers=st.lists(st.integers(-(10**17), 10**17), unique=True), separator=st.sampled_from([",", " ", ", "]))
def test_list_is_read_whatever_separates_it(numbers: list[int], separator: str) -> None:
    assert Query({"ids": [separator.join(map(str, numbers))]}).integers("ids") == numbers


def test_parameter_given_twice_is_one_list_without_repetitions() -> None:
    assert Query({"ids": ["a,b", "b c"]}).texts("ids") == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["x", "1.5", "1e3", "٣", "1" * 19, "--1"])
def test_number_that_cannot_be_read_is_named(text: str) -> None:
    error = refusal(Query({"sportId": [text]}).integer, "sportId")
    assert error.status == 422
    assert error.body()["details"][0] == {
        "type": "int_parsing",
        "loc": ["query", "sportId"],
        "msg": "Input should be a valid integer, unable to parse string as an integer",
        "input": text,
    }


def test_missing_parameter_is_named() -> None:
    error = refusal(Query({}).required_text, "fixtureId")
    assert (error.status, error.code) == (422, "validation_error")
    assert error.body()["details"][0]["type"] == "missing"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("False", False), ("off", False)])
def test_flag_is_read(text: str, value: bool) -> None:
    assert Query({"mainLine": [text]}).flag("mainLine") is value


def test_flag_that_cannot_be_read_is_refused() -> None:
    assert refusal(Query({"mainLine": ["maybe"]}).flag, "mainLine").status == 422


def test_five_bookmakers_are_allowed_and_six_are_not() -> None:
    assert Query({"bookmakers": ["a,b,c,d,e"]}).bookmakers() == ["a", "b", "c", "d", "e"]
    error = refusal(Query({"bookmakers": ["a,b,c,d,e,f"]}).bookmakers)
    assert (error.status, error.body()["hint"]) == (400, "Only 5 bookmakers allowed")


@pytest.mark.parametrize("text", ["*", "all", "", " "])
def test_wildcard_and_nothing_are_no_filter(text: str) -> None:
    assert Query({"bookmakers": [text]}).bookmakers() == []


def test_what_is_not_given_is_nothing() -> None:
    query = Query({})
    assert (query.text("a"), query.integer("a"), query.flag("a"), query.texts("a")) == (None, None, None, [])
