"""What went wrong, in words that say what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedgerow.core.errors import HedgerowError, InDoubt, Unavailable
from hedgerow.net.calls import CallError

_TRY_AGAIN = "It is tried again by itself."
_YOUR_TURN = "Try again in a moment."


def told(error: HedgerowError, *, is_repeated: bool = True) -> str:
    """For who looks at a page. is_repeated: the page asks again by itself; else somebody has to."""
    text = _said(error)
    return f"{text} {_TRY_AGAIN if is_repeated else _YOUR_TURN}" if _passes(error) else text


def _passes(error: HedgerowError) -> bool:
    """Whether it may go better a moment later."""
    match error:
        case CallError(status=status):
            return status == 429 or status >= 500
        case _:
            return isinstance(error, Unavailable)


def _said(error: HedgerowError) -> str:
    match error:
        case CallError(status=401):
            return f"{_name(error)} does not take your key any more. Sign out, then sign in with another."
        case CallError(status=403):
            return f"{_name(error)} refuses this: {_detail(error.detail)}. Ask your operator, or use another key."
        case CallError(status=429):
            return f"{_name(error)} has no more requests for this key now."
        case CallError(status=status) if status >= 500:
            return f"{_name(error)} could not do it: {_detail(error.detail)}."
        case CallError():
            return f"{_name(error)} answers: {_detail(error.detail)}."
        case InDoubt():
            return "No answer came, so it is not known whether it was done. Look at the state before you try again."
        case Unavailable():
            return f"{_capital(error.venue)} does not answer."
        case _:
            return f"{_capital(str(error))}."


def _name(error: CallError) -> str:
    return _capital(error.service)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _detail(detail: Any) -> str:
    """The API's own words, from any of the shapes of an error."""
    match detail:
        case str():
            return detail.rstrip(".")
        case Mapping():
            return str(detail.get("message", "no reason given")).rstrip(".")
        case Sequence():
            return "; ".join(_fault(one) for one in detail) or "no reason given"
        case _:
            return "no reason given"


def _fault(item: Any) -> str:
    """One line of a 422: which field, and why."""
    if not isinstance(item, Mapping):
        return str(item)
    place = item.get("loc") or ("",)
    return f"{place[-1]}: {item.get('msg', 'is wrong')}"
