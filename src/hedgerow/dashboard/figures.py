"""Figures as people read them. Pure: values in, text out, exact to the digit that is shown; money stays Decimal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

NOTHING = "–"
"""Where there is no value."""
MINUS = "−"

_CENT = Decimal("0.01")
_MILLI = Decimal("0.001")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def money(value: Decimal | None, currency: str = "") -> str:
    """Two decimals, thousands apart: `1,234.50`, with the currency behind it where one is named."""
    if value is None:
        return NOTHING
    rounded = value.quantize(_CENT, ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.2f}"
    sign = MINUS if rounded < 0 else ""
    return f"{sign}{text} {currency}".rstrip()


def gain(value: Decimal | None) -> str:
    """Money with its sign: `+12.30`, `−4.00`, `0.00`."""
    if value is None:
        return NOTHING
    text = money(value)
    return f"+{text}" if value.quantize(_CENT, ROUND_HALF_EVEN) > 0 else text


def tone(value: Decimal | None) -> str:
    """How a result is coloured: good, bad or plain. The sign says the same to who sees no colours."""
    if value is None:
        return "plain"
    rounded = value.quantize(_CENT, ROUND_HALF_EVEN)
    return "good" if rounded > 0 else "bad" if rounded < 0 else "plain"


def odds(value: Decimal | None) -> str:
    """Decimal odds with two or three decimals: `2.05`, `1.952`; what lies beyond is dropped."""
    if value is None:
        return NOTHING
    cut = value.quantize(_MILLI, "ROUND_DOWN")
    return f"{cut:.2f}" if cut == cut.quantize(_CENT) else f"{cut:.3f}"


def price(value: Decimal | None) -> str:
    """The price of a contract that pays 1, in cents with two decimals: `45.20 ¢`."""
    return NOTHING if value is None else f"{money(value * 100)} ¢"


def size(value: Decimal | None) -> str:
    """Contracts, with two decimals."""
    return money(value)


def plain(value: Decimal | int | None) -> str:
    """A number without trailing zeros, thousands apart."""
    if value is None:
        return NOTHING
    number = Decimal(value)
    whole = number == number.to_integral_value()
    text = f"{number.to_integral_value() if whole else number.normalize():,f}"
    return text.replace("-", MINUS)


def percent(value: Decimal | None) -> str:
    """Of a number in percent: `12.5 %`."""
    return NOTHING if value is None else f"{plain(value.quantize(Decimal('0.1'), ROUND_HALF_EVEN))} %"


def age(seconds: int) -> str:
    """How long ago or how long: `now`, `12 s`, `3 min`, `2 h`, `5 d`."""
    if seconds < 1:
        return "now"
    for least, unit, name in ((_DAY, _DAY, "d"), (_HOUR, _HOUR, "h"), (_MINUTE, _MINUTE, "min")):
        if seconds >= least:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def moment(value: datetime | None, now: datetime) -> str:
    """A time in UTC: `14:03:22` of today, else with its day, `21 Nov 14:03`, and the year where it is another."""
    if value is None:
        return NOTHING
    then = value.astimezone(UTC)
    if then.date() == now.astimezone(UTC).date():
        return f"{then:%H:%M:%S}"
    return f"{then.day} {then:%b %H:%M}" if then.year == now.year else f"{then.day} {then:%b %Y}"


def words(code: str) -> str:
    """A code of an API as words: `PARTIALLY_FILLED` is `partially filled`."""
    return code.replace("_", " ").lower() if code.isupper() or "_" in code else code


def fixture_name(first: str | None, second: str | None, fixture_id: str) -> str:
    """Who plays whom; the id where the feed does not tell."""
    return f"{first} v {second}" if first and second else fixture_id
