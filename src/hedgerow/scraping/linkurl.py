"""Where a gateway takes links of agents."""

from __future__ import annotations

from urllib.parse import urlsplit

LINK_PATH = "/link"
_SOCKETS = {"https": "wss", "http": "ws", "wss": "wss", "ws": "ws"}


def link_url(text: str) -> str:
    """Of a gateway's base URL in any spelling: http(s) or ws(s), with the link's path or without. Raises ValueError for
    what names no host, or a port that cannot be."""
    url = urlsplit(text)
    scheme = _SOCKETS.get(url.scheme)
    if scheme is None or not url.hostname or url.port == 0:
        raise ValueError(f"{text!r} is not a gateway's URL")
    base = text.partition("://")[2].rstrip("/").removesuffix(LINK_PATH)
    return f"{scheme}://{base}{LINK_PATH}"
