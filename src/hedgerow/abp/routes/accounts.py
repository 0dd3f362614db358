"""Accounts at bookmakers, as their client keeps them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from hedgerow.abp.context import ApiContext, CallerOf, Context, denied
from hedgerow.abp.events import account_shape
from hedgerow.abp.routes.answers import ERRORS, MALFORMED, TOO_LARGE, UNKNOWN, Responses, Text
from hedgerow.abp.schemas import AccountCreateRequest, AccountResponse, AccountUpdateRequest
from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.api.models import ErrorResponse
from hedgerow.core.errors import ApiError
from hedgerow.venues.registry import all_venues

router = APIRouter(tags=["Accounts"], route_class=ExactRoute, responses=ERRORS)

_CONFLICT: Responses = {409: {"model": ErrorResponse, "description": "It exists already, or bets on it are open"}}
_NULLABLE = frozenset({"max_stake", "min_stake"})

Part = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*$")]


@router.get("/accounts", response_model=list[AccountResponse])
async def list_accounts(caller: CallerOf, context: Context, bookmaker: Text = None) -> JsonAnswer:
    """Your accounts, highest priority first. Credentials are never shown."""
    rows = await context.profiles.listed(caller.name, bookmaker)
    return JsonAnswer([account_shape(row) for row in rows])


@router.post("/accounts", status_code=201, response_model=AccountResponse, responses=_CONFLICT | MALFORMED | TOO_LARGE)
async def create_account(caller: CallerOf, context: Context, body: AccountCreateRequest) -> JsonAnswer:
    """A new account of yours. (bookmaker, username) is unique in the deployment."""
    if body.bookmaker not in all_venues():
        raise ApiError(400, f"Invalid bookmaker slug: {body.bookmaker}")
    row = await context.profiles.create(caller.name, body.bookmaker, body.username, body.model_dump())
    if row is None:
        raise ApiError(409, "Account already exists")
    await context.changed(caller.name)
    return JsonAnswer(account_shape(row), 201)


@router.get("/accounts/{bookmaker}/{username}", response_model=AccountResponse, responses=UNKNOWN)
async def get_account(caller: CallerOf, context: Context, bookmaker: Part, username: Part) -> JsonAnswer:
    """One account of yours."""
    return JsonAnswer(account_shape(await _own(context, caller.name, bookmaker, username)))


@router.patch("/accounts/{bookmaker}/{username}", response_model=AccountResponse, responses=UNKNOWN | TOO_LARGE)
async def update_account(
    caller: CallerOf, context: Context, bookmaker: Part, username: Part, body: AccountUpdateRequest
) -> JsonAnswer:
    """Changes what is given. A secret that comes back as `***` keeps its value."""
    own = await _own(context, caller.name, bookmaker, username)
    given = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in _NULLABLE
    }
    row = await context.profiles.change(own["account_id"], given)
    if row is None:
        raise _no_account()
    await context.changed(caller.name)
    return JsonAnswer(account_shape(row))


@router.delete(
    "/accounts/{bookmaker}/{username}", status_code=204, response_class=Response, responses=UNKNOWN | _CONFLICT
)
async def delete_account(caller: CallerOf, context: Context, bookmaker: Part, username: Part) -> Response:
    """Removes an account and its credentials; what was bet on it stays readable. 409 while bets on it are open."""
    own = await _own(context, caller.name, bookmaker, username)
    if not await context.profiles.remove(own["account_id"]):
        raise ApiError(409, "Account has open bets")
    await context.changed(caller.name)
    return Response(status_code=204)


async def _own(context: ApiContext, client: str, bookmaker: str, username: str) -> Any:
    row = await context.profiles.get(bookmaker, username)
    if row is None:
        raise _no_account()
    if row["client"] != client:
        raise denied("account")
    return row


def _no_account() -> ApiError:
    return ApiError(404, "Account not found")
