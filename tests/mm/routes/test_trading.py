"""Trading status and switches over HTTP."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.mm.commands import CancelOutcome
from hedgerow.mm.controls import SystemState
from hedgerow.mm.switches import save_system

from .apikit import NOW, Api


async def test_client_that_nothing_stops_is_live(api: Api) -> None:
    status = await api.get("/trading/status")
    assert (status["client"], status["clientName"], status["oddsFormat"]) == ("demo", "Demo", "decimal")
    assert (status["status"], status["tradingActive"], status["systemDurationSeconds"]) == ("live", True, 0)


async def test_pause_keeps_its_reason_and_time(api: Api) -> None:
    answer = await api.post("/trading/pause", {"reason": "lunch"})
    assert (answer["result"], answer["status"], answer["manualPauseReason"]) == ("paused", "manual_paused", "lunch")
    assert answer["manualPausedAt"] == "2026-02-15T10:30:00Z"
    assert api.market_making.asked[0][3] == "api:0b6f1c9e"


async def test_repeated_switches_say_so(api: Api) -> None:
    results = [(await api.post(f"/trading/{switch}"))["result"] for switch in ("stop", "stop", "resume", "start")]
    assert results == ["stopped", "already_stopped", "start_required", "started"]


async def test_stop_that_leaves_an_order_resting_is_502_with_both_ids(api: Api) -> None:
    api.market_making.outcome = CancelOutcome((7, 8), {9: "timeout"})
    answer = await api.http.post("/api/v1/trading/stop")
    assert answer.status_code == 502
    assert (answer.json()["cancelledOrderIds"], answer.json()["failedOrderIds"]) == ([7, 8], [9])


async def test_operators_stop_shows_with_its_duration(api: Api) -> None:
    stopped = SystemState(
        soft_paused=False, stopped=True, emergency=False, reason="feed", since=NOW - timedelta(seconds=90)
    )
    async with api.database.transaction() as connection:
        await save_system(connection, stopped)
    status = await api.get("/trading/status")
    assert (status["status"], status["systemTradingBlocked"]) == ("system_stopped", True)
    assert (status["systemReason"], status["systemDurationSeconds"]) == ("feed", 90)


async def test_client_without_market_making_is_404(api: Api) -> None:
    await api.database.execute("delete from mm_clients where client = 'demo'")
    assert await api.status("GET", "/trading/status") == 404
