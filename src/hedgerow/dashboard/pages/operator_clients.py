"""The operator's clients and their API keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from hedgerow.dashboard.apis.operator import Client, Key, NewKey
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.parts import Rows, actions, button, choice, fields, heading, named, panel, text_field
from hedgerow.dashboard.rows import operator as rows
from hedgerow.dashboard.sessions import TITLES, Kind
from hedgerow.dashboard.switcher import Switcher, Words
from hedgerow.dashboard.visit import Visit

GROUP = TITLES[Kind.OPERATOR]
EVERY_S = 15.0

_SERVICES = {kind.value: TITLES[kind] for kind in (Kind.MM, Kind.ABP, Kind.SCRAPING)}
_CLIENT = Words(
    "Client",
    "Enable",
    "Disable",
    "Its keys stop working within seconds. It is traded for no more from the services' next start on.",
    "The client may work again",
    "The client is taken out",
)
_KEY = Words(
    "Key",
    "Let it work",
    "Stop",
    "Whoever uses it is refused within seconds.",
    "The key works again",
    "The key is stopped",
)


async def build(visit: Visit) -> None:
    await _Page(visit).build()


class _Page:
    """The page's own elements."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    async def build(self) -> None:
        note = "Whoever the deployment trades for: each has its own keys, accounts, orders and bets."
        with panel("Clients", note):
            self._clients = Rows("Clients", rows.CLIENTS, "There is no client yet. Add one below.")
            self._client_switch = Switcher[str](self._visit, _CLIENT, self._turn_client)
            heading("A new client")
            with fields():
                self._new = (
                    text_field("Client, as commands name it"),
                    text_field("Name"),
                    text_field("Bookmaker for market making (optional)"),
                )
            with actions():
                button("Add client", self._add, kind="main")
        with panel("Keys", "A key is shown once, when it is made. Only its first characters and a hash are kept."):
            self._keys = Rows("Keys", rows.KEYS, "There is no key yet. Make one below.")
            self._key_switch = Switcher[str](self._visit, _KEY, self._turn_key)
            heading("A new key")
            with actions():
                self._owner, self._service = choice("Whose"), choice("What it opens", _SERVICES, Kind.MM.value)
                button("Make a key", self._make, kind="main")
        self._ask = self._visit.keep(self._load, self._show, every_s=EVERY_S)
        self._client_switch.done = self._key_switch.done = self._ask

    async def _load(self) -> tuple[list[Client], list[Key]]:
        return await asyncio.gather(self._visit.operator.clients(), self._visit.operator.keys())

    def _show(self, found: tuple[Sequence[Client], Sequence[Key]]) -> None:
        names, now = {client.client: client.name for client in found[0]}, self._visit.clock.now()
        self._clients.show(list(map(rows.client_row, found[0])))
        self._client_switch.show(names)
        self._owner.set_options(names)
        self._keys.show([rows.key_row(key, now) for key in found[1]])
        self._key_switch.show({key.prefix: f"{key.prefix}… ({key.client}, {key.service})" for key in found[1]})

    async def _turn_client(self, client: str, is_on: bool) -> None:
        await self._visit.operator.switch_client(client, active=is_on)

    async def _turn_key(self, prefix: str, is_on: bool) -> None:
        await self._visit.operator.switch_key(prefix, active=is_on)

    async def _add(self) -> None:
        client, name, bookmaker = (str(field.value or "").strip() for field in self._new)
        added = await self._visit.act(
            lambda: self._visit.operator.add_client(client, name, bookmaker),
            lambda client: f"{client.name} is a client",
        )
        if added is not None:
            for field in self._new:
                field.set_value("")
        self._ask()

    async def _make(self) -> None:
        if self._owner.value is None:
            ui.notify("Choose whose key it is.", type="warning")
            return
        whose, opens = str(self._owner.value), str(self._service.value)
        made = await self._visit.act(
            lambda: self._visit.operator.create_key(whose, opens), lambda _: "The key works from now on"
        )
        if made is not None:
            await _shown_once(made)
        self._ask()


async def _shown_once(made: NewKey) -> None:
    """The key stands on the page until the dialog is closed, and nowhere else."""
    title = "The new key"
    with named(ui.dialog().props("persistent"), title) as dialog, ui.card().classes("dialog"):
        with ui.element("h2"):
            ui.label(title).classes("bare")
        ui.label(f"Of {made.client}, for {_SERVICES[made.service].lower()}. Copy it now: it is never shown again.")
        with ui.element("code").classes("key"):
            ui.label(made.key.reveal()).classes("bare")
        with actions():
            button("I have it", lambda: dialog.submit(None), kind="main")
    await dialog
    dialog.delete()


PAGE = Page("/operator/clients", "Clients and keys", GROUP, "group", Kind.OPERATOR, build)
