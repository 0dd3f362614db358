"""The client itself: who it is, its accounts, its settings."""

from __future__ import annotations

from fastapi import APIRouter

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.mm.context import CallerOf, Context
from hedgerow.mm.events import account_shape
from hedgerow.mm.listing import Text, Where, listed
from hedgerow.mm.routes.answers import ERRORS, MALFORMED, TOO_LARGE
from hedgerow.mm.schemas.configuration import ClientInfo, ClientSettingsResponse, UpdateClientSettingsRequest
from hedgerow.mm.schemas.positions import AccountsResponse

router = APIRouter(tags=["Client"], route_class=ExactRoute, responses=ERRORS)

# Everything but the sealed credentials.
_ACCOUNT_COLUMNS = """account_id, venue, username, client, currency, balance, held, balance_at, max_outcome_stake,
    limit_max, limit_min, priority, is_active"""


@router.get("/me", response_model=ClientInfo)
async def get_me(caller: CallerOf, context: Context) -> JsonAnswer:
    """Whose key this is."""
    controls = await context.switches.client_controls(caller.name)
    return JsonAnswer(
        {
            "client": caller.client.client,
            "clientName": caller.client.name,
            "active": caller.client.is_active,
            "bookmaker": controls.bookmaker if controls is not None else None,
        }
    )


@router.get("/accounts", response_model=AccountsResponse)
async def list_accounts(caller: CallerOf, context: Context, exchange: Text = None) -> JsonAnswer:
    """Your accounts, highest priority first, with the balances that the venues last told; credentials are never shown.

    The account that hedges are placed with is among them: its `exchange` is the bookmaker.
    """
    controls = await context.switches.client_controls(caller.name)
    where = Where().add("client = {}", caller.name).add_if("venue = {}", exchange)
    rows = await context.database.fetch(
        f"""select {_ACCOUNT_COLUMNS} from accounts where {where.sql} and removed_at is null
            order by priority desc, account_id""",
        *where.values,
    )
    bookmaker = {"bookmaker": controls.bookmaker if controls is not None else None}
    return listed("accounts", [account_shape(row) | bookmaker for row in rows])


@router.patch("/clients/settings", response_model=ClientSettingsResponse, responses=MALFORMED | TOO_LARGE)
async def update_client_settings(caller: CallerOf, context: Context, body: UpdateClientSettingsRequest) -> JsonAnswer:
    """How odds are shown to you. Answers of the API keep decimal odds."""
    await context.accounts.set_odds_format(caller.name, body.odds_format)
    return JsonAnswer({"oddsFormat": body.odds_format})
