"""The betslip of one outcome, and the form that places an order on it."""

from __future__ import annotations

import uuid
from contextlib import suppress

from nicegui import ui

from hedgerow.core.errors import HedgerowError, InDoubt
from hedgerow.dashboard.apis.abp import Betslip, NewOrder
from hedgerow.dashboard.apis.answers import StrangeAnswerError, read
from hedgerow.dashboard.figures import money, odds
from hedgerow.dashboard.following import Event
from hedgerow.dashboard.forms import FormError, whole
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.parts import Rows, actions, button, confirmed, fields, panel, text_field
from hedgerow.dashboard.rows import abp as rows
from hedgerow.dashboard.sessions import TITLES, Kind
from hedgerow.dashboard.slips import Proposals, Slip, best_price, order_of
from hedgerow.dashboard.visit import Visit

GROUP = TITLES[Kind.ABP]
USER_REF = "dashboard"
"""What orders of the dashboard are found by, unless something else is typed."""

_WINDOW_S = 30.0
"""The API pushes changes for a minute after each call."""
_FIELDS = ("fixture", "outcome", "stake", "price", "seconds", "user_ref")


class DeclinedError(HedgerowError):
    """The API took no order of the form; the text says why."""


async def build(visit: Visit) -> None:
    """The query's `fixture` and `outcome` fill the form: other pages lead here by them."""
    await _Betslip(visit).build()


class _Betslip:
    """The page's own state: which outcome is asked for, and under which id the next order goes."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._request_uuid = str(uuid.uuid4())
        self._asked: tuple[str, int] | None = None
        self._proposals = Proposals()
        self._inputs: dict[str, ui.input] = {}

    async def build(self) -> None:
        visit = self._visit
        with panel("Outcome", "The feed's ids. A fixture's prices are kept up to date while the page is open."):
            with fields():
                self._input("fixture", "Fixture id", str(visit.parameters.get("fixture", "")))
                self._input("outcome", "Outcome id", str(visit.parameters.get("outcome", "")))
            with actions():
                button("Show prices", self._ask_prices, kind="main")
        with panel("Prices"):
            self._title = ui.label("Type a fixture and an outcome, then press Show prices.").classes("note")
            self._offers = Rows(
                "Prices",
                rows.OFFERS,
                "No bookmaker is shown yet. Press Show prices; where none stands then, none quotes it.",
            )
        with panel("Order"):
            self._form()
        visit.on_event(Kind.ABP, self._heard)
        self._ask = visit.keep(self._load, self._show, every_s=_WINDOW_S)
        self._ask_prices()

    def _form(self) -> None:
        with fields():
            self._input("stake", "Stake USD", "10")
            self._input("price", "Worst odds", "")
            self._input("seconds", "Expires after seconds", "30")
            self._input("user_ref", "Reference", USER_REF)
            self._bookmakers = ui.select([], multiple=True, label="Bookmakers (none: all)").props(
                'outlined dense use-chips aria-label="Bookmakers (none: all)"'
            )
        with actions():
            self._is_test = ui.switch("Test order: routed and stored, nothing is sent", value=True)
            self._better = ui.switch("Accept better odds", value=True)
            self._partial = ui.switch("Accept a part of the stake", value=True)
        with actions():
            button("Place order", self._place, kind="main")

    def _input(self, name: str, label: str, value: str) -> None:
        self._inputs[name] = text_field(label, value)

    def _ask_prices(self) -> None:
        fixture, outcome = self._inputs["fixture"].value.strip(), whole(self._inputs["outcome"].value)
        self._asked = (fixture, outcome) if fixture and outcome is not None else None
        if self._asked is not None:
            self._ask()

    async def _load(self) -> Betslip | None:
        return await self._visit.abp.betslip(*self._asked) if self._asked is not None else None

    def _show(self, slip: Betslip | None) -> None:
        if slip is None:
            return
        self._title.set_text(rows.slip_title(slip))
        self._offers.show(rows.offer_rows(slip))
        self._bookmakers.set_options(sorted(slip.odds))
        if self._asked is not None and (best := best_price(slip)) is not None:
            proposed = self._proposals.next(self._asked, self._inputs["price"].value or "", odds(best))
            if proposed is not None:
                self._inputs["price"].set_value(proposed)

    def _heard(self, event: Event) -> None:
        """A change of the prices that are shown."""
        if event.channel != "betslip" or self._asked is None:
            return
        with suppress(StrangeAnswerError):
            slip = read(event.payload, Betslip)
            if (slip.fixture_id, slip.outcome_id) == self._asked:
                with self._visit.client:
                    self._show(slip)

    async def _place(self) -> None:
        values = {name: one.value for name, one in self._inputs.items()}
        slip = Slip(
            values["fixture"],
            values["outcome"],
            values["stake"],
            values["price"],
            values["seconds"],
            values["user_ref"],
            tuple(self._bookmakers.value or ()),
            self._is_test.value,
            self._better.value,
            self._partial.value,
        )
        try:
            order = order_of(slip, self._request_uuid, self._visit.clock.now())
        except FormError as error:
            self._mark(error)
            return
        self._mark(FormError({}))
        if order.test_order or await _is_meant(order):
            number = await self._visit.act(lambda: self._sent(order), lambda number: f"Order {number} was accepted")
            if number is not None:
                ui.navigate.to(f"/abp/orders/{number}")

    def _mark(self, error: FormError) -> None:
        for name in _FIELDS:
            self._inputs[name].error = error.wrong.get(name)

    async def _sent(self, order: NewOrder) -> int:
        """Under an id that stays the same until it is known what became of it: an order whose answer was lost is not
        placed twice by pressing the button again. Answers the order's number."""
        try:
            placed = await self._visit.abp.place(order)
        except HedgerowError as error:
            if not isinstance(error, InDoubt):
                self._request_uuid = str(uuid.uuid4())
            raise
        self._request_uuid = str(uuid.uuid4())
        if not placed.accepted_orders:
            raise DeclinedError("; ".join(one.decline_reason for one in placed.declined_orders))
        return placed.accepted_orders[0].order_id


async def _is_meant(order: NewOrder) -> bool:
    text = (
        f"{money(order.order_stake, order.order_currency)} at odds of {odds(order.order_price)} or better. Real money."
    )
    return await confirmed("Place a real order?", text, "Place it", is_danger=True) is not None


PAGE = Page("/abp/betslip", "Betslip", GROUP, "receipt_long", Kind.ABP, build)
