"""The parts of an http URL that a request of HTTP/1.1 needs. URLs come here as the URL standard writes them: parsed and
printed again, so that every part stands where it is looked for."""

from __future__ import annotations

from hedgerow.scraping.remembered import remembered

_PORT = 80


@remembered
def parts_of(url: str) -> tuple[str, str]:
    """Authority, with the user if it names one, and path with query."""
    origin, _, path = url.removeprefix("http://").partition("/")
    return origin, "/" + path.partition("#")[0]


@remembered
def host_and_port(url: str) -> tuple[str, int]:
    """An IPv6 address comes without its brackets."""
    authority = parts_of(url)[0].rpartition("@")[2]
    host, sign, port = authority.rpartition(":")
    if not sign or authority.endswith("]"):
        return authority.strip("[]"), _PORT
    return host.strip("[]"), int(port)
