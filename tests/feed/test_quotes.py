"""Rows in the product's units, exactly."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import micros_floor, plain_micros
from hedgerow.core.odds import odds_micros
from hedgerow.feed.quotes import limit_micros, quote_of
from hedgerow.feed.wire import OddsRow

plain_texts = st.from_regex(r"[0-9]{1,15}(\.[0-9]{1,12})?", fullmatch=True)


@given(plain_texts)
def test_plain_text_reads_as_its_decimal_does(text):
    assert plain_micros(text) == micros_floor(Decimal(text))


@given(st.text(alphabet="0123456789.-+eE_ ٣", max_size=12))
def test_other_forms_are_left_to_decimal(text):
    micros = plain_micros(text)
    if micros is not None:
        assert micros == micros_floor(Decimal(text))


@given(st.decimals("1.000001", "100000", places=6))
def test_odds_read_exactly_whatever_their_form(odds):
    exact = int(odds.scaleb(6))
    assert odds_micros(str(odds)) == exact
    assert odds_micros(f'"{odds}"'.encode()) == exact
    assert odds_micros(f"{odds.scaleb(3)}e-3") == exact


@pytest.mark.parametrize(
    "text", [b"", b"null", b'""', b"0", b"1", b"1.0000001", b"-2", b"1e9", b"NaN", b'"x"', b"\xff"]
)
def test_placeholder_is_no_price(text):
    assert odds_micros(text) is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (b"19354", 19_354_000_000),
        (b"286.299", 286_299_000),
        (b"0", 0),
        (b"1.5e3", 1_500_000_000),
        (b"0.0000009", 0),
        (b'"12.5"', 12_500_000),
        (b"null", None),
        (b"", None),
        (b"-5", None),
        (b"1e13", None),
        (b"9999999999999", None),
        (b"NaN", None),
    ],
)
def test_limit_is_rounded_down_and_never_guessed(text, limit):
    assert limit_micros(text) == limit


@pytest.mark.parametrize(
    ("active", "market_active", "expected"), [(None, None, (False, True)), (True, False, (True, False))]
)
def test_quote_is_active_only_when_it_says_so_and_its_market_unless_it_denies(active, market_active, expected):
    quote = quote_of(OddsRow(outcome_id=101, active=active, market_active=market_active, changed_at=1), 0)
    assert (quote.is_active, quote.is_market_active) == expected


def test_bookmakers_own_ids_are_text_even_when_they_are_numbers():
    row = OddsRow(outcome_id=101, bookmaker_market_id=55, bookmaker_outcome_id="home", changed_at=1)
    assert (quote_of(row, 0).market_ref, quote_of(row, 0).outcome_ref) == ("55", "home")


def test_order_book_stays_the_text_that_it_was(say):
    row = msgspec.json.decode(b'{"outcomeId":1,"meta":{"back":[{"price":1.990}]},"changedAt":1}', type=OddsRow)
    assert quote_of(row, 0).meta == b'{"back":[{"price":1.990}]}'
