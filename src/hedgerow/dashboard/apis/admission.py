"""Whose key it is: each API is asked whether it knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.abp import AbpApi
from hedgerow.dashboard.apis.bridge_desk import DesksApi
from hedgerow.dashboard.apis.mm import MmApi
from hedgerow.dashboard.apis.operator import OperatorApi
from hedgerow.dashboard.apis.scraping import ScrapingApi
from hedgerow.dashboard.sessions import Held, Kind
from hedgerow.net.calls import CallError

_LIMITED = 429


Urls = Mapping[Kind, str]
"""Base URLs of the APIs that the deployment has; of desks several, with commas between them."""


class NotAdmittedError(HedgerowError):
    """The key opens nothing; the text says what to do."""


class _Api(Protocol):
    async def whoami(self) -> str: ...

    async def close(self) -> None: ...


_APIS: Mapping[Kind, Callable[[str, Secret], _Api]] = {
    Kind.MM: MmApi,
    Kind.ABP: AbpApi,
    Kind.SCRAPING: ScrapingApi,
    Kind.OPERATOR: OperatorApi,
    Kind.DESK: DesksApi,
}


async def admitted(key: Secret, urls: Urls) -> dict[Kind, Held]:
    """What the key opens, at least one thing. Raises NotAdmittedError."""
    apis: dict[Kind, _Api] = {kind: _APIS[kind](url, key) for kind, url in urls.items()}
    answers: dict[Kind, str | HedgerowError] = {}
    # The operator's key goes to no other API.
    if (operator := apis.pop(Kind.OPERATOR, None)) is not None:
        answers[Kind.OPERATOR] = await _asked(operator)
    if not isinstance(answers.get(Kind.OPERATOR), str):
        answers.update(zip(apis, await asyncio.gather(*map(_asked, apis.values())), strict=True))
    if found := {kind: Held(key, told) for kind, told in answers.items() if isinstance(told, str)}:
        return found
    raise NotAdmittedError(why_not(error for error in answers.values() if not isinstance(error, str)))


async def _asked(api: _Api) -> str | HedgerowError:
    try:
        return await api.whoami()
    except HedgerowError as error:
        return error
    finally:
        await api.close()


def why_not(errors: Iterable[HedgerowError]) -> str:
    """What to tell who was let in by no API."""
    told = list(errors)
    said = [error for error in told if isinstance(error, CallError)]
    if any(error.status == _LIMITED for error in said):
        return "This key has used up its requests for now. Wait a minute, then sign in again."
    if words := next((text for error in said if (text := _words(error))), None):
        return words
    if len(said) < len(told):
        return "No API that answers knows this key, and not all of them answer. Try again in a moment."
    return "No API knows this key. Check that all 36 characters were pasted, or ask your operator for a new key."


def _words(error: CallError) -> str | None:
    """Of an API that knows the key and does not take it."""
    message = error.detail.get("message", "") if isinstance(error.detail, dict) else ""
    if "inactive" in message:
        return "This key has been switched off. Ask your operator for a new one."
    if "expired" in message:
        return "This key has expired. Ask your operator for a new one."
    return None
