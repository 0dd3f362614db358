"""The playground's forms, read as requests of the scraping API. Pure: text in, a request or what is wrong out.

What is typed goes into headers, so nothing but printable ASCII may stand in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hedgerow.dashboard.forms import FormError, listed

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_URL = 4000
MOST_BODY = 20_000
"""Characters of a body, or of one frame, that is sent."""
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Route:
    """Which agent: countries and slugs with commas, "" for any."""

    countries: str
    agents: str


@dataclass(frozen=True, slots=True)
class Try:
    """A request. url: as it was typed, without blanks around it."""

    url: str
    route: Route
    method: str = "GET"
    body: str = ""


def http_of(url: str, countries: str, agents: str, method: str = "GET", body: str = "") -> Try:
    """A fetch, or a page. Raises FormError."""
    wrong = _wrong(url, ("http", "https"), countries, agents)
    if method not in METHODS:
        wrong["method"] = f"One of {', '.join(METHODS)}"
    if len(body) > MOST_BODY:
        wrong["body"] = f"At most {MOST_BODY} characters"
    if wrong:
        raise FormError(wrong)
    return Try(url.strip(), Route(listed(countries), listed(agents)), method, body)


def relay_of(url: str, countries: str, agents: str) -> Try:
    """Raises FormError."""
    if wrong := _wrong(url, ("ws", "wss"), countries, agents):
        raise FormError(wrong)
    return Try(url.strip(), Route(listed(countries), listed(agents)))


def _wrong(url: str, schemes: tuple[str, ...], countries: str, agents: str) -> dict[str, str]:
    wrong = {}
    if not _is_url(url.strip(), schemes):
        wrong["url"] = f"A whole address, such as {schemes[-1]}://example.com/; other letters than ASCII encoded"
    for name, text, example in (("countries", countries, "DE, AT"), ("agents", agents, "de1")):
        if not _is_plain(text) or len(text) > _MOST_WORDS:
            wrong[name] = f"Words with commas, such as {example}, or nothing"
    return wrong


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    if not _is_plain(text) or " " in text or len(text) > MOST_URL:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def _is_plain(text: str) -> bool:
    return text.isascii() and (text.isprintable() or not text)
