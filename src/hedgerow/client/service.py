"""Where an API is, and the key for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hedgerow.core.hidden import Secret


@dataclass(frozen=True, slots=True, init=False)
class Service:
    """url: http or https, a path in it included. The key is in no repr, log or error."""

    url: str
    key: Secret

    def __init__(self, url: str, key: str | Secret) -> None:
        """Raises ValueError for a URL that is none, or that has credentials in it."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
            raise ValueError("a service's url is like https://host or http://host:port")
        object.__setattr__(self, "url", parts.geturl().rstrip("/"))
        object.__setattr__(self, "key", key if isinstance(key, Secret) else Secret(key))

    def socket_url(self, path: str) -> str:
        """Of a WebSocket at that path."""
        return f"ws{self.url.removeprefix('http')}{path}"
