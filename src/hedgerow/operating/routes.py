"""The operations of the operator API, each one of `office.Office`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.api.models import ErrorResponse, HTTPValidationError
from hedgerow.operating import schemas, shapes
from hedgerow.operating.office import KeyTerms, Office

router = APIRouter(
    route_class=ExactRoute,
    responses={
        401: {"model": ErrorResponse},
        404: {"model": ErrorResponse},
        422: {"model": HTTPValidationError},
    },
)

# PostgreSQL has no text with a zero byte.
Text = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$")]
OfClient = Annotated[str | None, Query(max_length=63, pattern=r"^[^\x00]*$")]


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


@router.get("/clients", tags=["Clients"], response_model=list[schemas.ClientResponse])
async def list_clients(request: Request) -> JsonAnswer:
    """All clients."""
    office = _office(request)
    makers = await office.market_makers()
    return JsonAnswer([shapes.client(client, makers) for client in await office.clients()])


@router.post("/clients", tags=["Clients"], response_model=schemas.ClientResponse)
async def add_client(request: Request, body: schemas.NewClient) -> JsonAnswer:
    """A new client; or the bookmaker of one that exists, which keeps its name."""
    office = _office(request)
    found, _ = await office.add_client(body.client, body.name or body.client, body.bookmaker)
    return JsonAnswer(shapes.client(found, await office.market_makers()))


@router.patch("/clients/{client}", tags=["Clients"], response_model=schemas.Switched)
async def switch_client(request: Request, client: Text, body: schemas.Switched) -> JsonAnswer:
    """Takes a client out, or lets it work again: its keys within seconds, its trading at the next start."""
    await _office(request).set_client_active(client, is_active=body.active)
    return JsonAnswer({"active": body.active})


@router.get("/keys", tags=["Keys"], response_model=list[schemas.KeyResponse])
async def list_keys(request: Request, client: OfClient = None) -> JsonAnswer:
    """All keys, by their first eight characters."""
    return JsonAnswer([shapes.key(key) for key in await _office(request).keys(client)])


@router.post("/keys", tags=["Keys"], status_code=201, response_model=schemas.NewKeyResponse)
async def create_key(request: Request, body: schemas.NewKey) -> JsonAnswer:
    """A new key. It is told in this answer, once."""
    terms = KeyTerms(
        per_minute=body.requests_per_minute,
        per_second=body.requests_per_second,
        bookmakers=body.bookmakers,
        max_concurrent=body.concurrency,
        targets_allow=body.targets_allow,
        targets_deny=body.targets_deny,
        expires_at=body.expires_at,
    )
    key = await _office(request).create_key(body.client, body.service, terms)
    told = {"key": key.reveal(), "client": body.client, "service": body.service}
    return JsonAnswer(told, 201, {"Cache-Control": "no-store"})


@router.patch("/keys/{prefix}", tags=["Keys"], response_model=schemas.Switched)
async def switch_key(request: Request, prefix: Text, body: schemas.Switched) -> JsonAnswer:
    """Stops a key within seconds, or lets it work again."""
    await _office(request).set_key_active(prefix, is_active=body.active)
    return JsonAnswer({"active": body.active})


@router.get("/accounts", tags=["Accounts"], response_model=list[schemas.AccountResponse])
async def list_accounts(request: Request, client: OfClient = None) -> JsonAnswer:
    """All accounts at venues, highest priority first. Credentials are never told."""
    return JsonAnswer([shapes.account(account) for account in await _office(request).accounts(client=client)])


@router.patch("/accounts/{venue}/{username}", tags=["Accounts"], response_model=schemas.Switched)
async def switch_account(request: Request, venue: Text, username: Text, body: schemas.Switched) -> JsonAnswer:
    """Takes an account out of use at once, or lets it be used again."""
    await _office(request).set_account_active(venue, username, is_active=body.active)
    return JsonAnswer({"active": body.active})


@router.get("/tournaments", tags=["Market making"], response_model=list[schemas.TournamentResponse])
async def list_tournaments(request: Request, client: OfClient = None) -> JsonAnswer:
    """Every tournament that was ever switched."""
    return JsonAnswer(
        [
            {
                "client": one.client,
                "tournamentId": one.tournament_id,
                "name": one.name,
                "sport": one.sport,
                "active": one.is_active,
                "limitRatio": one.limit_ratio,
                "priceTicks": one.price_ticks,
            }
            for one in await _office(request).tournaments(client)
        ]
    )


@router.put("/tournaments/{client}/{tournament_id}", tags=["Market making"], response_model=schemas.Switched)
async def switch_tournament(
    request: Request,
    client: Text,
    tournament_id: Annotated[int, Path(ge=1, le=2**31 - 1)],
    body: schemas.TournamentSwitch,
) -> JsonAnswer:
    """Quotes a tournament for a client, or no more: then its open orders are cancelled."""
    await _office(request).set_tournament(
        client,
        tournament_id,
        is_active=body.active,
        limit_ratio=body.limit_ratio,
        price_ticks=body.price_ticks,
    )
    return JsonAnswer({"active": body.active})


@router.get("/emergency", tags=["Emergency"], response_model=schemas.SystemResponse)
async def system(request: Request) -> JsonAnswer:
    """Which switches over the whole deployment are on, since when, and why."""
    return JsonAnswer(shapes.system(await _office(request).system()))


@router.post("/emergency", tags=["Emergency"], response_model=schemas.SystemResponse)
async def turn_system(request: Request, body: schemas.SystemSwitched) -> JsonAnswer:
    """Turns one of them. It survives restarts and is told to every client."""
    return JsonAnswer(shapes.system(await _office(request).turn_system(body.switch, body.reason)))
