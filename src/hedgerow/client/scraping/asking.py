"""Calls of the scraping network that take what a target takes: any method, headers and body; and its event streams.

Source: the published contract of the scraping API, "Fetch", "Browser", "AMQP".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hedgerow.client.call import Call, Repeat
from hedgerow.client.scraping.models import AmqpConsumeBody, BrowserStep, FetchResponse
from hedgerow.client.wire import encode_loosely

_GRACE_S = 15.0
"""For the gateway and the agent, beyond the target's own time."""


def fetch(
    url: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
    countries: Sequence[str] = (),
    agents: Sequence[str] = (),
    timeout_s: float = 30.0,
    proxy: str = "",
    explain: bool = False,
) -> Call[FetchResponse]:
    """One request to a target by an agent. body: text is sent exactly as it is, in the envelope; bytes go as they are,
    unless they are JSON that reads as an envelope. A GET whose answer was lost is asked again, nothing else is."""
    control = _control(url, countries, agents, timeout_s, proxy, explain=explain)
    own = dict(headers or {})
    if isinstance(body, str):
        sent: bytes | None = encode_loosely({"method": method, "headers": own, "body": body, "timeout": timeout_s})
        own = {"Content-Type": "application/json"}
    else:
        sent = body
        if body is not None:
            own.setdefault("Content-Type", "application/octet-stream")
    repeat = Repeat.SAFE if method == "GET" else Repeat.NEVER
    asked = (*own.items(), *control)
    return Call("fetch", method, "/fetch", FetchResponse, repeat, (), asked, sent, timeout_s + _GRACE_S)


def watch(
    url: str,
    *,
    countries: Sequence[str] = (),
    agents: Sequence[str] = (),
    timeout_s: float = 30.0,
    proxy: str = "",
    capture: Sequence[str] = ("network", "ws", "console"),
    dom_selector: str = "",
    steps: Sequence[BrowserStep] = (),
) -> Call[bytes]:
    """A page as it lives in a browser, told event by event until its time is over."""
    told = {
        "X-Capture": ",".join(capture),
        "X-Dom-Selector": dom_selector,
        "X-Steps": encode_loosely(list(steps)).decode() if steps else "",
    }
    given = ((name, value) for name, value in told.items() if value)
    headers = (*_control(url, countries, agents, timeout_s, proxy), *given)
    return Call("watch", "GET", "/browser/stream", None, Repeat.NEVER, (), headers)


def consume(body: AmqpConsumeBody) -> Call[bytes]:
    """Messages of a broker, event by event. The queue is the stream's own and goes with it."""
    return Call("consume", "POST", "/amqp", None, Repeat.NEVER, body=encode_loosely(body))


def _control(
    url: str, countries: Sequence[str], agents: Sequence[str], timeout_s: float, proxy: str, *, explain: bool = False
) -> tuple[tuple[str, str], ...]:
    told = {
        "X-Target-URL": url,
        "X-Geo": ",".join(countries),
        "X-Agent": ",".join(agents),
        "X-Timeout": f"{timeout_s:g}",
        "X-Proxy": proxy,
        "X-Explain": "1" if explain else "",
    }
    return tuple((name, value) for name, value in told.items() if value)
