"""Trading status and the client's switches."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from hedgerow.api.answers import ExactRoute, JsonAnswer
from hedgerow.api.auth import Caller
from hedgerow.core.errors import ApiError
from hedgerow.mm.commands import CancelOutcome
from hedgerow.mm.context import ApiContext, CallerOf, Context
from hedgerow.mm.controls import Controls, Switch, SystemState, trading_state
from hedgerow.mm.routes.answers import ERRORS, PARTIAL, TOO_LARGE, partial_cancel
from hedgerow.mm.schemas.trading import SwitchBody, TradingControlResponse, TradingStatusResponse

router = APIRouter(tags=["Trading"], route_class=ExactRoute, responses=ERRORS)


@router.get("/trading/status", response_model=TradingStatusResponse)
async def trading_status(caller: CallerOf, context: Context) -> JsonAnswer:
    """Whether your engine posts orders now, and which switch stops it if not."""
    return JsonAnswer(await _status(context, caller))


@router.post("/trading/pause", response_model=TradingControlResponse, responses=PARTIAL | TOO_LARGE)
async def pause(caller: CallerOf, context: Context, body: SwitchBody | None = None) -> JsonAnswer:
    """Posts no new orders; what rests on the exchanges stays there."""
    return await _switch(context, caller, Switch.PAUSE, body)


@router.post("/trading/resume", response_model=TradingControlResponse, responses=PARTIAL | TOO_LARGE)
async def resume(caller: CallerOf, context: Context, body: SwitchBody | None = None) -> JsonAnswer:
    """Ends a pause. After a stop the result is `start_required`."""
    return await _switch(context, caller, Switch.RESUME, body)


@router.post("/trading/stop", response_model=TradingControlResponse, responses=PARTIAL | TOO_LARGE)
async def stop(caller: CallerOf, context: Context, body: SwitchBody | None = None) -> JsonAnswer:
    """Cancels every open order, then stays stopped until it is started."""
    return await _switch(context, caller, Switch.STOP, body)


@router.post("/trading/start", response_model=TradingControlResponse, responses=PARTIAL | TOO_LARGE)
async def start(caller: CallerOf, context: Context, body: SwitchBody | None = None) -> JsonAnswer:
    """Goes on after a stop or a pause."""
    return await _switch(context, caller, Switch.START, body)


async def _switch(context: ApiContext, caller: Caller, switch: Switch, body: SwitchBody | None) -> JsonAnswer:
    await context.controls(caller)
    reason = body.reason if body is not None else None
    result, outcome = await context.market_making.switch(caller.name, switch, reason, caller.actor)
    if not outcome.is_complete:
        return partial_cancel("The switch is turned, but some orders could not be cancelled", outcome)
    return JsonAnswer(await _status(context, caller) | _result(result.value, outcome))


def _result(result: str, outcome: CancelOutcome) -> dict[str, Any]:
    return {"result": result, "cancelledOrderIds": list(outcome.cancelled)}


async def _status(context: ApiContext, caller: Caller) -> dict[str, Any]:
    controls, system = await context.controls(caller), await context.switches.system()
    client = await context.accounts.client(caller.name)
    if client is None:
        raise ApiError(404, "The client does not exist any more")
    duration = (context.clock.now() - system.since).total_seconds() if _blocks(system) and system.since else 0
    return {
        "client": client.client,
        "clientName": client.name,
        "oddsFormat": client.odds_format,
        **_switches(controls, system),
        "systemDurationSeconds": max(duration, 0),
    }


def _switches(controls: Controls, system: SystemState) -> dict[str, Any]:
    state = trading_state(controls, system)
    return {
        "status": state.value,
        "tradingActive": state.posts,
        "manualPaused": controls.paused_at is not None,
        "manualPausedAt": controls.paused_at,
        "manualPauseReason": controls.pause_reason,
        "manualStopped": controls.stopped_at is not None,
        "manualStoppedAt": controls.stopped_at,
        "manualStopReason": controls.stop_reason,
        "systemTradingBlocked": _blocks(system),
        "emergencyActive": system.emergency,
        "systemStopped": system.stopped,
        "softPaused": system.soft_paused,
        "systemReason": system.reason,
    }


def _blocks(system: SystemState) -> bool:
    return system.emergency or system.stopped or system.soft_paused
