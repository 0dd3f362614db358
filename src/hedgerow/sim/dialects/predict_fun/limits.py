"""How often an API key may ask: fixed windows, told in every answer. Source: the predict.fun sheet, section 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hedgerow.sim.dialects.predict_fun.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Window:
    """So many requests in each stretch of time."""

    most: int
    seconds: int


TRADING, OTHERS, POSTS = Window(500, 60), Window(250, 60), Window(40, 1)


class Limits:
    """What every key has left."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, Window], tuple[int, int]] = {}  # (window's number, requests in it)

    def clear(self) -> None:
        self._used.clear()

    def take(self, api_key: str, method: str, path: str, now_s: int) -> dict[str, str]:
        """Counts a request; answers the headers that say what is left. Raises Refusal for one too many."""
        is_order = path.startswith("/v1/orders")
        is_trading = is_order or path.endswith(("/orderbook", "/quote"))
        windows = [TRADING if is_trading else OTHERS]
        if is_order and method == "POST":
            windows.append(POSTS)
        headers: Mapping[str, str] = {}
        for window in windows:
            headers = self._take(api_key, window, now_s)
        return dict(headers)

    def _take(self, api_key: str, window: Window, now_s: int) -> dict[str, str]:
        number, since_s = divmod(now_s, window.seconds)
        before, used = self._used.get((api_key, window), (number, 0))
        used = used + 1 if before == number else 1
        headers = {
            "RateLimit-Limit": str(window.most),
            "RateLimit-Remaining": str(max(window.most - used, 0)),
            "RateLimit-Reset": str(window.seconds - since_s),
        }
        if used > window.most:
            raise Refusal("too_many_requests", "too many requests", 429, headers)
        self._used[api_key, window] = number, used
        return headers
