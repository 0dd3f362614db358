"""The session: opened by a login with a client certificate, kept alive, opened anew when it is over.

The venue bans who logs in too often: two logins are a minute apart at least. Source: the venue's sheet, Authentication.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import structlog

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import Reason, Refused, SetupError, Unavailable, VenueError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.net.http import Headers, HttpClient
from hedgerow.venues.base import VenueContext
from hedgerow.venues.betfair_ex import wire
from hedgerow.venues.betfair_ex.errors import VENUE, http_error, login_error

_log = structlog.get_logger(__name__)

RENEW_S = 4 * 3_600.0
"""Sessions last 12 hours, in some countries less: a third of that is on the safe side of the advice."""
_LOGIN_PAUSE_MS = 60_000

_login = msgspec.json.Decoder(wire.Login)
_keep_alive = msgspec.json.Decoder(wire.KeepAlive)


def trusting(credentials: Mapping[str, Secret]) -> ssl.SSLContext:
    """Who is believed to be the venue: whom the system trusts or, where the account names one, that authority alone.
    Raises SetupError."""
    authority = credentials.get("authority")
    try:
        return ssl.create_default_context(cadata=authority.reveal() if authority else None)
    except ssl.SSLError:
        raise SetupError("the Betfair authority is not a certificate in PEM form", "store it anew") from None


def certified(credentials: Mapping[str, Secret]) -> ssl.SSLContext:
    """The same, with the account's certificate. Raises SetupError."""
    context = trusting(credentials)
    chain = credentials["certificate"].reveal().strip() + "\n" + credentials["certificate_key"].reveal().strip() + "\n"
    handle, path = tempfile.mkstemp(suffix=".pem")  # only its owner may read it; the library takes files only
    try:
        with os.fdopen(handle, "w") as file:
            file.write(chain)
        context.load_cert_chain(path)
    except (ssl.SSLError, ValueError):
        raise SetupError(
            "the Betfair certificate and its key do not belong together or are not in PEM form",
            "store the .crt that was uploaded at Betfair as certificate, and its .key as certificate_key",
        ) from None
    finally:
        Path(path).unlink()
    return context


class Identity:
    """One account's session."""

    def __init__(self, context: VenueContext) -> None:
        self._credentials, self._clock = context.account.credentials, context.clock
        urls, egress = context.urls, context.egress
        self._login = HttpClient(
            VENUE, urls["login"], connections=1, ssl_context=certified(self._credentials), egress=egress
        )
        self._http = HttpClient(VENUE, urls["identity"], connections=1, egress=egress)
        self._token = ""
        self._tried_ms: int | None = None
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def app_key(self) -> str:
        return self._credentials["app_key"].reveal()

    @property
    def token(self) -> str:
        """Of the present session; empty before the first."""
        return self._token

    @property
    def headers(self) -> Headers:
        return ("X-Application", self.app_key), ("X-Authentication", self._token)

    async def open(self) -> None:
        """Logs in and keeps the session alive. Raises Refused for what the venue does not accept, Unavailable."""
        await self.renew("")
        self._task = spawn(self._keep(), "betfair session", is_vital=True)

    async def close(self) -> None:
        """The session stays: another process may use it."""
        await stop(self._task)
        self._task = None
        await self._login.close()
        await self._http.close()

    async def renew(self, over: str) -> None:
        """Logs in, unless somebody has since. over: the token that was refused."""
        async with self._one_at_a_time:
            if self._token != over:
                return
            now_ms = self._clock.now_ms()
            if self._tried_ms is not None and 0 <= now_ms - self._tried_ms < _LOGIN_PAUSE_MS:
                pause_s = (self._tried_ms + _LOGIN_PAUSE_MS - now_ms) / 1_000
                raise Unavailable(VENUE, "login", "the last login is less than a minute ago", retry_after_s=pause_s)
            self._tried_ms = now_ms
            self._token = await self._log_in()

    async def _log_in(self) -> str:
        keys = {name: self._credentials[name].reveal() for name in ("username", "password")}
        try:
            answer = await self._login.request(
                "login",
                "POST",
                "/certlogin",
                headers=(("X-Application", self.app_key),),
                body=urlencode(keys).encode(),
                body_type="application/x-www-form-urlencoded",
            )
        except Unavailable as error:
            if isinstance(error.__cause__, ssl.SSLError):
                why = "the venue does not accept the certificate"
                raise Refused(VENUE, "login", why, reason=Reason.AUTH, code="CERT_AUTH_REQUIRED") from None
            raise
        try:
            told = _login.decode(answer.body)
        except UNREADABLE:
            raise http_error(answer.status, "login", changes=False) from None
        if told.login_status != "SUCCESS" or not told.session_token:
            raise login_error(told.login_status)
        return told.session_token

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(RENEW_S, soft=True)
            try:
                await self._keep_alive()
            except VenueError as error:
                _log.warning("session not kept alive", venue=VENUE, error=str(error))

    async def _keep_alive(self) -> None:
        token = self._token
        answer = await self._http.request("keep_alive", "POST", "/keepAlive", headers=self.headers)
        try:
            told = _keep_alive.decode(answer.body)
        except UNREADABLE:
            raise http_error(answer.status, "keep_alive", changes=False) from None
        if told.status != "SUCCESS":
            await self.renew(token)
