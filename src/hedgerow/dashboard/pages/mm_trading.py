"""Market making at a glance: its switches, what it earned, and which tournaments it quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from nicegui import ui

from hedgerow.dashboard import curve
from hedgerow.dashboard.apis.mm import Pnl, Status, Switch, Tournament, Turned
from hedgerow.dashboard.figures import gain, money, percent, tone, words
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.parts import Chip, Figure, Rows, actions, button, confirmed, figures, panel
from hedgerow.dashboard.rows import mm as rows
from hedgerow.dashboard.sessions import TITLES, Kind
from hedgerow.dashboard.switcher import QUOTED, Switcher
from hedgerow.dashboard.visit import Visit

GROUP = TITLES[Kind.MM]

_QUESTIONS: dict[Switch, tuple[str, str, str]] = {
    "pause": ("Pause market making?", "No new orders are posted. What rests on the exchanges stays there.", "Pause"),
    "resume": ("Resume market making?", "New orders are posted from now on.", "Resume"),
    "stop": ("Stop market making?", "Every open order is cancelled, and none is posted until you start it.", "Stop"),
    "start": ("Start market making?", "New orders are posted from now on.", "Start"),
}
_EVERY_S = 5.0
_TOURNAMENTS_EVERY_S = 20.0
_HISTORY_EVERY_S = 300.0


async def build(visit: Visit) -> None:
    _controls(visit)
    _money(visit)
    _tournaments(visit)


def _controls(visit: Visit) -> None:
    with panel("State"):
        chip = Chip()
        reason = ui.label().classes("note")
        buttons: dict[Switch, ui.button] = {}

        async def turn(switch: Switch) -> None:
            title, text, yes = _QUESTIONS[switch]
            given = await confirmed(title, text, yes, ask_reason=True, is_danger=switch == "stop")
            if given is not None:
                await visit.act(lambda: visit.mm.turn(switch, given), _turned)
                ask()

        with actions():
            for switch, (_, _, name) in _QUESTIONS.items():
                kind = "danger" if switch == "stop" else "main" if switch in ("resume", "start") else "plain"
                buttons[switch] = button(name, partial(turn, switch), kind=kind)

    def show(status: Status) -> None:
        chip.show(*rows.status_words(status))
        why = status.manual_stop_reason or status.manual_pause_reason or status.system_reason
        reason.set_text(f"Reason: {why}" if why and not status.trading_active else "")
        useful = rows.switches_of(status)
        for switch, one in buttons.items():
            one.set_visibility(switch in useful)

    ask = visit.keep(visit.mm.status, show, every_s=_EVERY_S, on=((Kind.MM, "emergency"),))


def _turned(done: Turned) -> str:
    cancelled = len(done.cancelled_order_ids)
    return f"Market making is {words(done.result)}" + (f", {cancelled} orders were cancelled" if cancelled else "")


def _money(visit: Visit) -> None:
    with panel("Profit and loss", "In USD, after fees. Days are UTC."):
        with figures():
            result = Figure("Settled result", "hedged and not hedged")
            locked = Figure("Locked in", "whatever the result of open fixtures")
            naked = Figure("Of it not hedged")
            unhedged = Figure("At risk, not hedged")
            turnover = Figure("Turnover")
            fees = Figure("Fees")
        chart = ui.echart(curve.chart((), ())).classes("curve").props('role="img" aria-label="Profit and loss"')
    history: list[dict[date, Decimal]] = [{}]

    async def load() -> tuple[Pnl, Pnl]:
        today = visit.clock.now().date()
        return await visit.mm.pnl(), await visit.mm.pnl(today)

    def show(found: tuple[Pnl, Pnl]) -> None:
        pnl, today = found
        result.show(gain(pnl.result), tone(pnl.result))
        locked.show(gain(pnl.locked_pnl), tone(pnl.locked_pnl))
        naked.show(gain(pnl.naked_pnl), tone(pnl.naked_pnl))
        unhedged.show(
            f"{money(pnl.unhedged_stake)} ({percent(pnl.unhedged_stake_pct)})",
            "bad" if pnl.unhedged_stake else "plain",
        )
        turnover.show(money(pnl.total_turnover))
        fees.show(money(pnl.fees))
        track = visit.desk.track(visit.session)
        track.add(pnl, visit.clock.now())
        chart.options.update(curve.chart(curve.day_ends(history[0], pnl.result, today.result), track.samples))
        chart.update()

    async def load_days() -> dict[date, Decimal]:
        days = curve.days_before(visit.clock.now().date())
        told = await asyncio.gather(*map(visit.mm.pnl, days))
        return {day: pnl.result for day, pnl in zip(days, told, strict=True)}

    def keep_days(found: dict[date, Decimal]) -> None:
        history[0] = found
        ask()

    ask = visit.keep(load, show, every_s=_EVERY_S, least_s=2.0, on=((Kind.MM, "orders"), (Kind.MM, "bets")))
    visit.keep(load_days, keep_days, every_s=_HISTORY_EVERY_S)


def _tournaments(visit: Visit) -> None:
    with panel("Tournaments", "Only those that you activate are quoted. Deactivating one cancels its open orders."):
        table = Rows("Tournaments", rows.TOURNAMENTS, "The feed has told of no fixture yet. Look again in a minute.")

        async def turn(number: int, is_on: bool) -> None:
            await (visit.mm.activate(number) if is_on else visit.mm.deactivate(number))

        switcher = Switcher[int](visit, QUOTED, turn)

    def show(found: Sequence[Tournament]) -> None:
        table.show(list(map(rows.tournament_row, found)))
        switcher.show({one.tournament_id: one.tournament_name for one in found})

    switcher.done = visit.keep(visit.mm.tournaments, show, every_s=_TOURNAMENTS_EVERY_S)


PAGE = Page("/mm", "Trading", GROUP, "tune", Kind.MM, build)
