"""What can happen to a message: members lost, doubled, retyped, numbers that are none, bytes that changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st
from tests.fuzz.literals import Literal
from tests.venues.mutated import places

Place = tuple[Any, ...]

_NUMBERS = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "2",
        "100",
        "1000000",
        "0.5",
        "1.0",
        "1.00",
        "0.1",
        "0.01",
        "0.99",
        "1.01",
        "0.30000000000000004",
    ),
    *(
        "1e0",
        "1E1",
        "5e-1",
        "1e400",
        "-1e400",
        "1e-400",
        "1e999999",
        "1e-999999",
        "1e20",
        "1e-7",
        "0.0000001",
        "1.0000001",
    ),
    *("9007199254740993", "18446744073709551616", "-9223372036854775809", "9" * 35, "1" + "0" * 60, "0." + "3" * 50),
    *("0.9999999", "1.0000005", "99999999999999.999999", "10000000000000000000000", "3.14159265358979323846"),
)
_TEXTS = (
    *(
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "inf",
        "1_000",
        " 1 ",
        "+1",
        "1,5",
        ".5",
        "5.",
        "0x10",
        "1e3",
        "\u0663",
        "\uff11",
    ),
    *("", " ", "null", "true", "\x00", "\U0001f3be", "a" * 300, "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00+23:59", "\u2028", '"', "\\", "0" * 40),
)
_DEEP = 2_000
"""Levels: deeper than any recursion of the interpreter's goes."""

scalars = (
    st.sampled_from([Literal(text) for text in _NUMBERS])
    | st.sampled_from(_TEXTS)
    | st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20).map(lambda value: Literal(str(value)))
    | st.decimals(-1000, 1000, places=7).map(lambda value: Literal(f"{value:f}"))
    | st.text(max_size=12)
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=5), scalars, max_size=2)


class _Twice(dict[str, Any]):
    """An object that has one member twice; `first` is what stands in front."""

    first: tuple[str, Any]


def text_of(value: Any) -> str:
    """JSON, with literals as they are."""
    match value:
        case Literal():
            return str(value)
        case dict():
            members = [*([value.first] if isinstance(value, _Twice) else []), *value.items()]
            return "{" + ",".join(f"{json.dumps(key)}:{text_of(inner)}" for key, inner in members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(text_of, value)) + "]"
        case _:
            return json.dumps(value)


def payload_of(seed: Any) -> bytes:
    """A seed as it comes over the wire."""
    return seed if isinstance(seed, bytes) else text_of(seed).encode()


@st.composite
def payloads(draw: st.DrawFn, seeds: Sequence[Any]) -> bytes:
    """One of the messages, changed in one to three places; sometimes its bytes too. Of those that are no JSON the bytes
    alone."""
    if isinstance(seeds[0], bytes):
        return draw(spoiled(seeds))
    message = copy.deepcopy(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 3))):
        message = _changed(draw, message)
    payload = text_of(message).encode("utf-8", "surrogatepass")
    return _spoiled(draw, payload) if draw(st.integers(0, 7)) == 0 else payload


@st.composite
def spoiled(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the texts with one to four changes of its bytes."""
    payload = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        payload = _spoiled(draw, payload)
    return payload


def _spoiled(draw: st.DrawFn, payload: bytes) -> bytes:
    at = draw(st.integers(0, max(len(payload) - 1, 0)))
    upto = min(at + draw(st.integers(0, 16)), len(payload))
    match draw(st.sampled_from(("flip", "cut", "end", "insert", "splice", "digit"))):
        case "flip":
            return (
                payload[:at]
                + bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in payload[at : at + 1])
                + payload[at + 1 :]
            )
        case "cut":
            return payload[:at] + payload[upto:]
        case "end":
            return payload[:at]
        case "insert":
            return payload[:at] + draw(st.binary(min_size=1, max_size=8)) + payload[at:]
        case "digit":
            return (
                payload[:at]
                + draw(st.sampled_from([b"0", b"9", b".", b"e", b"-", b'"', b"}", b"["]))
                + payload[at + 1 :]
            )
        case _:
            to = draw(st.integers(0, len(payload)))
            return payload[:to] + payload[at:upto] + payload[to:]


def _changed(draw: st.DrawFn, message: Any) -> Any:  # noqa: C901 - a table of the changes
    found = list(places(message))
    if not found:
        return draw(values)
    place = draw(st.sampled_from(found))
    parent, key = _parent(message, place)
    present = parent[key]
    match draw(st.sampled_from(_CHANGES)):
        case "put":
            parent[key] = draw(values)
        case "number" if isinstance(present, int | str) or present is None:
            parent[key] = draw(st.sampled_from([Literal(text) for text in _NUMBERS]))
        case "retype":
            parent[key] = _retyped(present)
        case "scale" if isinstance(present, Literal):
            parent[key] = Literal(
                draw(st.sampled_from(["-", "1", "9"])) + present + draw(st.sampled_from(["", "0", "5", "e2"]))
            )
        case "drop":
            del parent[key]
        case "double":
            _double(draw, message, place)
        case "swap":
            other, there = _parent(message, draw(st.sampled_from(found)))
            if not _holds(present, other) and not _holds(other[there], parent):
                parent[key], other[there] = other[there], present
        case "case" if isinstance(present, str):
            parent[key] = present.swapcase()
        case "nest":
            parent[key] = draw(st.sampled_from([[present], {"value": present}, {str(key): present}]))
        case "deep":
            if isinstance(parent, dict):
                parent["unread"] = Literal("[" * _DEEP + "]" * _DEEP)
        case _:
            parent[key] = draw(scalars)
    return message


_CHANGES = (
    "put",
    "put",
    "number",
    "number",
    "number",
    "retype",
    "scale",
    "drop",
    "double",
    "swap",
    "case",
    "nest",
    "deep",
)


def _retyped(value: Any) -> Any:
    match value:
        case bool() | None:
            return Literal(str(int(bool(value))))
        case Literal():
            return str(value)
        case int() | float():
            return str(value)
        case str():
            is_number = (
                value.replace(".", "", 1).lstrip("-").isdecimal() and value.isascii() and not value.startswith("0" * 2)
            )
            return Literal(value) if is_number and not value.startswith(".") and not value.endswith(".") else [value]
        case list():
            return value[0] if value else None
        case _:
            return list(value.values())


def _double(draw: st.DrawFn, message: Any, place: Place) -> None:
    """An element once more, or a member with another value in front of it."""
    parent, key = _parent(message, place)
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif len(place) > 1:
        above, name = _parent(message, place[:-1])
        above[name] = twice = _Twice(parent)
        twice.first = (key, draw(scalars))


def _parent(message: Any, place: Place) -> tuple[Any, Any]:
    for key in place[:-1]:
        message = message[key]
    return message, place[-1]


def _holds(outer: Any, inner: Any) -> bool:
    return outer is inner or any(_holds(value, inner) for value in _inside(outer))


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
