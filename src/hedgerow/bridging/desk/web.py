"""The desk over HTTP: pages for a browser, JSON for `hedgerow bridge jobs` and its like.

A browser signs in with the operator's key and gets a session; each of its forms carries the session's token, and the
cookie goes nowhere else. A program sends the key with each request. No page has a script, and the policy allows none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hmac import compare_digest
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hedgerow.bridging.desk import page
from hedgerow.bridging.desk.desk import Desk, checked_person
from hedgerow.bridging.desk.jobs import DeskError, Job
from hedgerow.bridging.desk.page import ROOT, Reader
from hedgerow.bridging.desk.sessions import COOKIE, LIFE_MS, Session, Sessions
from hedgerow.bridging.http import body_of
from hedgerow.bridging.wire import amount
from hedgerow.core.decoding import UNREADABLE

_MOST_BODY = 16 * 1024
_MOST_FIELDS = 20
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Form = dict[str, str]
Show = Callable[[Request, Session], Awaitable[Response]]
Act = Callable[[Request, Session, Form], Awaitable[Response]]
Do = Callable[[Request, str, Form], object]


@dataclass(frozen=True, slots=True)
class DeskRoutes:
    """All routes of a desk. is_behind_tls: the cookie is sent over TLS alone."""

    desk: Desk
    sessions: Sessions
    is_behind_tls: bool = False

    def routes(self) -> list[Route]:
        job = ROOT + "/jobs/{account}/{reference}"
        api = ROOT + "/api"
        return [
            Route(f"{ROOT}/style.css", _style),
            Route(f"{ROOT}/sign-in", self._sign_in_page, methods=["GET"]),
            Route(f"{ROOT}/sign-in", self._sign_in, methods=["POST"]),
            Route(f"{ROOT}/sign-out", self._acts(self._sign_out), methods=["POST"]),
            Route(ROOT, self._shows(self._queue), methods=["GET"]),
            Route(f"{ROOT}/decisions", self._shows(self._decisions), methods=["GET"]),
            Route(job, self._shows(self._job), methods=["GET"]),
            Route(f"{job}/take", self._acts(self._take), methods=["POST"]),
            Route(f"{job}/placed", self._acts(self._placed), methods=["POST"]),
            Route(f"{job}/impossible", self._acts(self._impossible), methods=["POST"]),
            Route(ROOT + "/balance/{account}", self._shows(self._balance), methods=["GET"]),
            Route(ROOT + "/balance/{account}", self._acts(self._tell_balance), methods=["POST"]),
            Route(f"{api}/jobs", self._api(self._listed), methods=["GET"]),
            Route(f"{api}/decisions", self._api(lambda *_: self.desk.decisions()), methods=["GET"]),
            Route(api + "/jobs/{account}/{reference}/{deed}", self._api(self._does), methods=["POST"]),
            Route(api + "/balance/{account}", self._api(self._told), methods=["POST"]),
        ]

    # --- signing in ---------------------------------------------------------------------------------------------

    async def _sign_in_page(self, request: Request) -> Response:
        return _html(page.sign_in(self.desk.terms.bookmaker))

    async def _sign_in(self, request: Request) -> Response:
        form = await _form(request)
        bookmaker = self.desk.terms.bookmaker
        if not self.sessions.may_try():
            return _html(page.sign_in(bookmaker, "too many attempts; wait a minute"), 429)
        if form is None or not self.sessions.is_key(form.get("key", "")):
            return _html(page.sign_in(bookmaker, "this is not the operator key"), 403)
        try:
            person = checked_person(form.get("person", ""))
        except DeskError as error:
            return _html(page.sign_in(bookmaker, str(error)), 422)
        answer = _back()
        answer.set_cookie(
            COOKIE,
            self.sessions.open(person),
            max_age=LIFE_MS // 1000,
            path=ROOT,
            secure=self.is_behind_tls,
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _sign_out(self, request: Request, session: Session, form: Form) -> Response:
        self.sessions.close(request.cookies.get(COOKIE))
        return _back()

    def _shows(self, show: Show) -> Callable[[Request], Awaitable[Response]]:
        """A page for who is signed in; others sign in first."""

        async def handle(request: Request) -> Response:
            session = self.sessions.of(request.cookies.get(COOKIE))
            return _back("/sign-in") if session is None else await show(request, session)

        return handle

    def _acts(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        """A form of who is signed in, with its token."""

        async def handle(request: Request) -> Response:
            session, form = self.sessions.of(request.cookies.get(COOKIE)), await _form(request)
            if session is None:
                return _back("/sign-in")
            if form is None or not compare_digest(session.csrf.encode(), form.get("csrf", "").encode()):
                return _html(await self._queue_of(session, "the form was not this page's; try again"), 403)
            return await act(request, session, form)

        return handle

    # --- pages --------------------------------------------------------------------------------------------------

    async def _queue(self, request: Request, session: Session) -> Response:
        return _html(await self._queue_of(session))

    async def _decisions(self, request: Request, session: Session) -> Response:
        return _html(page.decisions_page(self._reader(session), self.desk.decisions()))

    async def _job(self, request: Request, session: Session) -> Response:
        job = self._found(request)
        if job is None:
            return _html(await self._queue_of(session, "the bet is over"), 404)
        return _html(page.job_page(self._reader(session), job, self.desk.now_ms))

    async def _take(self, request: Request, session: Session, form: Form) -> Response:
        account, reference = _names(request)
        try:
            self.desk.take(account, reference, session.person)
        except DeskError as error:
            return _html(await self._queue_of(session, str(error)), 409)
        return _back(f"/jobs/{account}/{reference}")

    async def _placed(self, request: Request, session: Session, form: Form) -> Response:
        return await self._answered(request, session, form, "placed")

    async def _impossible(self, request: Request, session: Session, form: Form) -> Response:
        return await self._answered(request, session, form, "impossible")

    async def _answered(self, request: Request, session: Session, form: Form, deed: str) -> Response:
        account, reference = _names(request)
        try:
            self._do(deed, account, reference, session.person, form)
        except DeskError as error:
            job = self._found(request)
            if job is None:
                return _html(await self._queue_of(session, str(error)), 409)
            return _html(page.job_page(self._reader(session), job, self.desk.now_ms, str(error), form), 422)
        return _back()

    async def _balance(self, request: Request, session: Session) -> Response:
        return _html(self._balance_page(request, session))

    async def _tell_balance(self, request: Request, session: Session, form: Form) -> Response:
        account = request.path_params["account"]
        try:
            self.desk.tell_balance(account, session.person, form.get("available", ""))
        except DeskError as error:
            return _html(self._balance_page(request, session, str(error)), 422)
        return _back()

    def _balance_page(self, request: Request, session: Session, error: str = "") -> str:
        account = request.path_params["account"]
        currency = self.desk.terms.accounts.get(account, "")
        return page.balance_page(self._reader(session), account, currency, error)

    async def _queue_of(self, session: Session, error: str = "") -> str:
        accounts = self.desk.terms.accounts if self.desk.places else {}
        free = {name: f"{amount((await self.desk.balance(name)).available)} {accounts[name]}" for name in accounts}
        return page.queue(self._reader(session), self.desk.jobs(), free, self.desk.now_ms, error)

    def _reader(self, session: Session) -> Reader:
        return Reader(self.desk.terms.bookmaker, session.person, session.csrf)

    def _found(self, request: Request) -> Job | None:
        return self.desk.job(*_names(request))

    # --- for programs -------------------------------------------------------------------------------------------

    def _api(self, do: Do) -> Callable[[Request], Awaitable[Response]]:
        """One call under the operator's key; who calls stands in the body's `person`."""

        async def handle(request: Request) -> Response:
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or not self.sessions.is_key(key):
                return _json({"detail": "this is not the operator key"}, 403)
            if (body := await body_of(request, _MOST_BODY)) is None:
                return _json({"detail": f"the body has more than {_MOST_BODY} bytes"}, 413)
            try:
                form = msgspec.json.decode(body or b"{}", type=Form)
                return _json(do(request, form.get("person", ""), form))
            except DeskError as error:
                return _json({"detail": str(error)}, 409)
            except UNREADABLE as error:
                return _json({"detail": str(error)}, 422)

        return handle

    def _listed(self, request: Request, person: str, form: Form) -> object:
        return [_told(job, self.desk.now_ms) for job in self.desk.jobs()]

    def _does(self, request: Request, person: str, form: Form) -> object:
        self._do(request.path_params["deed"], *_names(request), person, form)
        job = self._found(request)
        return {} if job is None else _told(job, self.desk.now_ms)

    def _told(self, request: Request, person: str, form: Form) -> object:
        self.desk.tell_balance(request.path_params["account"], person, form.get("available", ""))
        return {}

    def _do(self, deed: str, account: str, reference: str, person: str, form: Form) -> None:
        """Raises DeskError."""
        given = form.get
        match deed:
            case "take":
                self.desk.take(account, reference, person)
            case "placed":
                ticket, stake, price = given("ticket", ""), given("stake", ""), given("price", "")
                self.desk.placed(account, reference, person, ticket, stake, price, is_meant=given("meant") == "yes")
            case "impossible":
                self.desk.impossible(account, reference, person, given("code", ""), given("note", ""))
            case _:
                raise DeskError(f"nobody can {deed!r} at a desk")


async def _style(request: Request) -> Response:
    text = files("hedgerow.bridging.desk").joinpath("style.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css", headers=_HEADERS)


async def _form(request: Request) -> Form | None:
    """The fields of a form; None for what is none, or is too large."""
    body = await body_of(request, _MOST_BODY)
    try:
        pairs = parse_qsl((body or b"").decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    return None if body is None else dict(pairs)


def _names(request: Request) -> tuple[str, str]:
    return request.path_params["account"], request.path_params["reference"]


def _told(job: Job, now_ms: int) -> dict[str, Any]:
    wager = job.wager
    return {
        "reference": wager.reference,
        "account": wager.account,
        "stage": job.stage,
        "person": job.person,
        "leftSeconds": job.left_s(now_ms),
        "side": "back" if wager.is_back else "lay",
        "stake": amount(wager.stake),
        "currency": wager.currency,
        "price": amount(wager.limit_price),
        "what": job.what,
        "ids": job.ids,
    }


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/html", headers=_HEADERS)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json", headers=_HEADERS)


def _back(path: str = "") -> Response:
    """To another page of the desk, after a form."""
    return RedirectResponse(ROOT + path, status_code=303, headers=_HEADERS)
