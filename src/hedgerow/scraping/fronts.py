"""What programs say to the proxy front, and how its own answers are told from those of targets.

For clients of the front (`scraping.transport`, `scraping.scrapy`); needs none of their packages. The front's side is
`gateway.proxyrequest`. Source: RFC 9209 (Proxy-Status); docs/decisions/0178.
"""

from __future__ import annotations

from collections.abc import Collection

_OURS = "hedgerow;"
_SAYS_ERROR = "error="


def options(*, countries: Collection[str] = (), agents: Collection[str] = ()) -> str:
    """The proxy's password: ISO codes and slugs, empty for any. Raises ValueError for what would read as another
    option."""
    given = {"country": countries, "agent": agents}
    for values in given.values():
        for value in values:
            if not value.replace("-", "").isalnum():
                raise ValueError(f"{value!r} is neither a country's code nor an agent's slug")
    return "_".join(f"{name}-{','.join(values).lower()}" for name, values in given.items() if values)


def is_of_the_front(proxy_status: str) -> bool:
    """Whether the answer to a plain request, with this `Proxy-Status`, is an error of the front itself. A target cannot
    say so: the front takes it out of answers."""
    return proxy_status.startswith(_OURS) and _SAYS_ERROR in proxy_status
