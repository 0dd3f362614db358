"""The operator's accounts at venues, tournaments, and the switches over the whole deployment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from hedgerow.dashboard.apis.operator import Account, Switch, System, Tournament
from hedgerow.dashboard.figures import NOTHING, moment
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages.operator_clients import EVERY_S, GROUP
from hedgerow.dashboard.parts import Chip, Figure, Rows, actions, button, confirmed, figures, panel
from hedgerow.dashboard.rows import operator as rows
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.switcher import QUOTED, Switcher, Words
from hedgerow.dashboard.visit import Visit

_SYSTEM_EVERY_S = 3.0
_ACCOUNT = Words(
    "Account",
    "Enable",
    "Disable",
    "Nothing new is bet or quoted there, at once. Bets that are open go on being asked for.",
    "The account is used again",
    "The account is taken out of use",
)
_SWITCHES: dict[Switch, tuple[str, str, str]] = {
    "emergency": (
        "Emergency",
        "Every order everywhere is cancelled, and nothing is placed or bet for anybody until it is released.",
        "danger",
    ),
    "stop": ("Stop market making", "Resting orders of all clients are cancelled. Bet placing goes on.", "danger"),
    "soft-pause": ("Pause market making", "No new orders are posted for anybody; bet placing goes on.", "plain"),
    "clear": ("Release all", "Trading goes on for everybody. Clients' own pauses and stops stay.", "main"),
}
_DONE = {
    "emergency": "Emergency is on",
    "stop": "Market making is stopped",
    "soft-pause": "Market making is paused",
    "clear": "No switch is on",
}


async def build_accounts(visit: Visit) -> None:
    with panel(
        "Accounts at venues",
        "Credentials are sealed and never shown. hedgerow accounts add takes them from standard input.",
    ):
        table = Rows(
            "Accounts at venues", rows.ACCOUNTS, "There is no account yet. Add one with: hedgerow accounts add"
        )

        async def turn(account: tuple[str, str], is_on: bool) -> None:
            await visit.operator.switch_account(*account, active=is_on)

        switcher = Switcher[tuple[str, str]](visit, _ACCOUNT, turn)

    def show(found: Sequence[Account]) -> None:
        now = visit.clock.now()
        table.show([rows.account_row(account, now) for account in found])
        switcher.show({(one.venue, one.username): f"{one.username} at {one.venue} ({one.client})" for one in found})

    switcher.done = visit.keep(visit.operator.accounts, show, every_s=EVERY_S)


async def build_tournaments(visit: Visit) -> None:
    with panel("Tournaments", "Those that were ever switched, by you or by their clients; no other one is quoted."):
        table = Rows(
            "Tournaments",
            rows.TOURNAMENTS,
            "None was switched yet. A client activates one on its page Trading, or you with: hedgerow tournaments",
        )

        async def turn(of: tuple[str, int], is_on: bool) -> None:
            await visit.operator.switch_tournament(*of, active=is_on)

        switcher = Switcher[tuple[str, int]](visit, QUOTED, turn)

    def show(found: Sequence[Tournament]) -> None:
        table.show(list(map(rows.tournament_row, found)))
        switcher.show(
            {(one.client, one.tournament_id): f"{rows.tournament_name(one)} for {one.client}" for one in found}
        )

    switcher.done = visit.keep(visit.operator.tournaments, show, every_s=EVERY_S)


async def build_emergency(visit: Visit) -> None:
    async def turn(switch: Switch) -> None:
        name, text, kind = _SWITCHES[switch]
        reason = await confirmed(f"{name}?", text, name, ask_reason=switch != "clear", is_danger=kind == "danger")
        if reason is not None:
            await visit.act(lambda: visit.operator.turn(switch, reason), lambda _: _DONE[switch])
            ask()

    with panel("The whole deployment", "The reason is shown to every client. The state survives restarts."):
        chip = Chip()
        with figures(are_facts=True):
            reason, since = Figure("Reason"), Figure("Since (UTC)")
        with actions():
            buttons: dict[Switch, ui.button] = {
                switch: button(name, partial(turn, switch), kind=kind) for switch, (name, _, kind) in _SWITCHES.items()
            }

    def show(system: System) -> None:
        chip.show(*rows.system_words(system))
        reason.show(system.reason or NOTHING)
        since.show(moment(system.since, visit.clock.now()))
        buttons["emergency"].set_visibility(not system.emergency)
        buttons["stop"].set_visibility(not system.stopped)
        buttons["soft-pause"].set_visibility(not system.soft_paused)
        buttons["clear"].set_visibility(system.emergency or system.stopped or system.soft_paused)

    ask = visit.keep(visit.operator.system, show, every_s=_SYSTEM_EVERY_S)


ACCOUNTS = Page("/operator/accounts", "Accounts at venues", GROUP, "account_balance", Kind.OPERATOR, build_accounts)
TOURNAMENTS = Page("/operator/tournaments", "Tournaments", GROUP, "emoji_events", Kind.OPERATOR, build_tournaments)
EMERGENCY = Page("/operator/emergency", "Emergency", GROUP, "report", Kind.OPERATOR, build_emergency)
