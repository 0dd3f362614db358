"""The partner's side: its key, its own endpoint for straight bets, and the whole bet in the answer.

Source: Pinnacle's B2B Bets OpenAPI file (2.2.7). Everything else a partner asks its clients' public API for. Ours: the
key is looked at where bets are placed only, a bettor has to be named, and by at most 100 characters.
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim import pinnacle_ids
from hedgerow.sim.dialects.pinnacle.dialect import Pinnacle
from hedgerow.sim.dialects.pinnacle.placing import PlacingError, StraightBody, checked, decoded
from hedgerow.sim.dialects.pinnacle.terms import Terms
from hedgerow.sim.dialects.pinnacle.wire import Call, Denial, answered, invalid, of_code
from hedgerow.sim.orders import State
from hedgerow.sim.site import lose_answer
from hedgerow.sim.world import World

Json = dict[str, Any]

_KEY = "0d5a71f2-7a4e-4c59-9a1b-throwaway000"
_LONGEST_SOURCE_ID = 100
_WITH_ERROR = "PROCESSED_WITH_ERROR"

# Words of partners for what clients are told otherwise.
_CODES = {"DUPLICATED_REQUEST": "DUPLICATE_UNIQUE_REQUEST_ID"}
# Busy lines: an HTTP error to clients, a bet's own error here.
_IN_THE_BODY = frozenset({"RESUBMIT_REQUEST"})

_COARSE = {"LOST": "LOSE", "HALF_WON_HALF_PUSHED": "WON", "HALF_LOST_HALF_PUSHED": "LOSE"}


class Extension(msgspec.Struct, frozen=True):
    """PlaceBetExtension."""

    appId: str  # noqa: N815


class PartnerBody(StraightBody, frozen=True, kw_only=True):
    """One of the bets of `POST /b2b/v2/bets/straight`, as sent."""

    externalRef: str | None = None  # noqa: N815
    sourceId: str = ""  # noqa: N815
    ext: Extension | None = None


class PinnaclePartner(Pinnacle):
    """The venue as a partner and its clients' accounts see it."""

    def __init__(self, world: World, terms: Terms | None = None) -> None:
        super().__init__(world, terms, pinnacle_ids.PARTNER)

    def demo_credentials(self, account: str) -> dict[str, str]:
        return {**super().demo_credentials(account), "partner_key": _KEY}

    def _placements(self) -> list[web.RouteDef]:
        return [web.post("/b2b/v2/bets/straight", self._place_straights)]

    async def _place_straights(self, request: web.Request) -> web.StreamResponse:
        """The answer may get lost, once a bet is taken."""

        def place(call: Call) -> web.Response:
            _check_key(request.headers.get("X-PARTNER-KEY", ""))
            answers = [self._straight(call.account, body) for body in _bodies(call.body)]
            if any(answer["status"] != _WITH_ERROR for answer in answers) and self.book.faults.loses_answer():
                lose_answer(request)
            return answered(request, {"bets": answers})

        response: web.StreamResponse = await self._door.handles(place)(request)
        return response

    def _straight(self, account: str, body: PartnerBody) -> Json:
        """The answer to one bet. Raises Denial where its error is one of the whole request."""
        try:
            self._check(body)
            bet = self._placing.take(account, body)
        except PlacingError as error:
            problem = None if error.code in _IN_THE_BODY else of_code(error.code)
            if problem is not None:
                raise problem from None
            return {"status": _WITH_ERROR, "errorCode": _CODES.get(error.code, error.code)}
        if bet.state is State.PENDING:
            return {"status": "PENDING_ACCEPTANCE"}
        return {"status": "ACCEPTED", "betId": int(bet.id), "straightBet": whole(self._reading.row(bet))}

    def _check(self, body: PartnerBody) -> None:
        """Raises PlacingError."""
        if not self.terms.knows_address:
            raise PlacingError("PARTNER_SOURCE_IP_IS_INVALID")
        if not body.sourceId:
            raise PlacingError("INVALID_SOURCEID")
        if len(body.sourceId) > _LONGEST_SOURCE_ID:
            raise PlacingError("SOURCEID_TOO_LONG")


def whole(row: Json) -> Json:
    """A client's row as a partner is told it: with a coarse status and a fine one, which know no push."""
    fine = "REFUNDED" if row["betStatus"] == "PUSHED" else row["betStatus"]
    return {**row, "betStatus": _COARSE.get(fine, fine), "betStatus2": fine}


def _check_key(given: str) -> None:
    """Raises Denial (401)."""
    if not hmac.compare_digest(given.encode(), _KEY.encode()):
        raise Denial(401, "INVALID_PARTNER_KEY", "Authorization failed, please supply a valid Partner Key")


def _bodies(raw: bytes) -> list[PartnerBody]:
    """Raises Denial (400) for what is no good request."""
    told = decoded(raw)
    bets = told.get("bets") if isinstance(told, dict) else None
    if not isinstance(bets, list) or not bets:
        raise invalid("bets are required")
    return [checked(bet, PartnerBody) for bet in bets]
