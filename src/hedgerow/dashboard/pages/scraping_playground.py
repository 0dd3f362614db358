"""The playground: a fetch, a page in a browser, a relay, each by an agent, and how that agent was chosen.

What targets answer is text of strangers. It is shown as text, cut; a page is shown as a picture of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from hedgerow.dashboard.apis.scraping import Fetched
from hedgerow.dashboard.forms import FormError
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages.scraping_agents import GROUP
from hedgerow.dashboard.parts import (
    Chip,
    Figure,
    Lines,
    Rows,
    Stranger,
    actions,
    button,
    choice,
    fields,
    figures,
    heading,
    named,
    panel,
    text_field,
)
from hedgerow.dashboard.relays import MOST_FRAMES, Relay, State
from hedgerow.dashboard.rows import scraping as rows
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.tries import METHODS, MOST_BODY, Try, http_of, relay_of
from hedgerow.dashboard.visit import Visit

_MOST_SHOWN = 20_000
_MOST_HEADERS, _MOST_HEADER = 60, 500
_LARGEST_PICTURE = 2 * 1024 * 1024
"""Characters of base64."""
_REDRAW_S = 0.3
_FIGURES = ("Status", "Agent", "Took", "Size", "Protocol", "Address in the end")
_TONES = {State.CONNECTING: "warn", State.OPEN: "good", State.CLOSED: "soft"}


async def build(visit: Visit) -> None:
    note = "Each request is made with your key, counts in its usage, and goes only where the gateway lets it."
    with panel("How", note):
        way = ui.toggle(["Fetch", "Browser", "Relay"], value="Fetch").props("no-caps unelevated").classes("toggle")
    parts = {"Fetch": ui.element("div"), "Browser": ui.element("div"), "Relay": ui.element("div")}
    with parts["Fetch"]:
        _Fetching(visit)
    with parts["Browser"]:
        _Rendering(visit)
    with parts["Relay"]:
        _Relaying(visit)

    def choose() -> None:
        for name, part in parts.items():
            part.set_visibility(name == way.value)

    way.on_value_change(choose)
    choose()


class _Form:
    """Where to, and by which agent."""

    def __init__(self, label: str, example: str) -> None:
        with fields():
            self._inputs = {
                "url": text_field(label, example),
                "countries": text_field("Countries (optional)"),
                "agents": text_field("Agents (optional)"),
            }

    def read(self, reading: Callable[[str, str, str], Try]) -> Try | None:
        """None where something is wrong, which is marked then."""
        url, countries, agents = (str(field.value or "") for field in self._inputs.values())
        try:
            found = reading(url, countries, agents)
        except FormError as error:
            self._mark(error)
            return None
        self._mark(FormError({}))
        return found

    def _mark(self, error: FormError) -> None:
        for name, field in self._inputs.items():
            field.error = error.wrong.get(name)


class _Answer:
    """What a target answered, and how it was reached."""

    def __init__(self, visit: Visit, name: str) -> None:
        self._visit = visit
        with panel("Answer"):
            with figures(are_facts=True):
                self._figures = {one: Figure(one) for one in _FIGURES}
            self._picture = ui.element("img").classes("picture")
            self._picture.set_visibility(False)
            self._body = Stranger(f"Body of the {name}")
            heading("Headers")
            self._headers = Lines("Nothing was asked yet. Type an address above.")
        with panel("Route", "The agents that were looked at, and those that were asked."):
            self._candidates = Rows(
                "Agents looked at", rows.CANDIDATES, "Nothing was asked yet. Type an address above."
            )
            heading("Asked")
            self._attempts = Rows("Agents asked", rows.ATTEMPTS, "Nobody was asked yet. Type an address above.")

    async def ask(self, work: Callable[[], Awaitable[Fetched]], pressed: ui.button) -> None:
        """One at a time."""
        pressed.disable()
        pressed.props("loading aria-busy=true")  # a page in a browser may take a minute
        try:
            found = await self._visit.act(work, lambda found: f"The target answered {found.meta.status}")
        finally:
            pressed.props(remove="loading aria-busy")
            pressed.enable()
        if found is not None:
            self._show(found)

    def _show(self, found: Fetched) -> None:
        meta = found.meta
        for name, text in rows.answer_figures(meta).items():
            self._figures[name].show(text)
        self._body.show(found.text or "No text.", _MOST_SHOWN)
        self._headers.show(
            [("", [(name, text[:_MOST_HEADER]) for name, text in [*meta.headers.items()][:_MOST_HEADERS]])]
        )
        if meta.route is not None:
            self._candidates.show(rows.candidate_rows(meta.route))
            self._attempts.show(rows.attempt_rows(meta.route))
        is_shown = found.screenshot is not None and len(found.screenshot) <= _LARGEST_PICTURE
        self._picture.set_visibility(is_shown)
        if is_shown:
            self._picture.props["src"] = f"data:image/png;base64,{found.screenshot}"
            self._picture.props["alt"] = f"How {meta.final_url} looks"
            self._picture.update()
        elif found.screenshot is not None:
            ui.notify("The picture is too large to be shown here.", type="warning")


class _Fetching:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        with panel("Fetch"):
            self._form = _Form("Address", "https://example.com/")
            with fields():
                self._method = choice("Method", {method: method for method in METHODS}, METHODS[0])
                self._body = named(ui.textarea("Body").props(f"outlined dense autogrow maxlength={MOST_BODY}"), "Body")
            with actions():
                self._button = button("Fetch it", self._fetch, kind="main")
        self._answer = _Answer(visit, "fetch")

    async def _fetch(self) -> None:
        method, body = str(self._method.value), str(self._body.value or "")
        wanted = self._form.read(lambda url, countries, agents: http_of(url, countries, agents, method, body))
        if wanted is not None:
            await self._answer.ask(lambda: self._visit.scraping.fetch(wanted), self._button)


class _Rendering:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        with panel(
            "Browser", "Shown by Chromium on an agent, which has its own time to do it; then a picture is taken."
        ):
            self._form = _Form("Page", "https://example.com/")
            with actions():
                self._button = button("Show the page", self._render, kind="main")
        self._answer = _Answer(visit, "page")

    async def _render(self) -> None:
        wanted = self._form.read(http_of)
        if wanted is not None:
            await self._answer.ask(lambda: self._visit.scraping.render(wanted), self._button)


class _Relaying:
    """At most one relay; it ends with the page."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._relay: Relay | None = None
        self._is_stale = True
        with panel(
            "Relay", "A WebSocket to the target by way of an agent. It ends after ten minutes, or with this page."
        ):
            self._form = _Form("Socket", "wss://example.com/")
            with actions():
                self._connect = button("Connect", self._open, kind="main")
                self._disconnect = button("Disconnect", self._close)
        with panel("Frames", f"The newest first, the last {MOST_FRAMES} of them."):
            self._chip = Chip("not connected", "soft")
            self._text = text_field("Text to send")
            with actions():
                self._send = button("Send", self._say)
            self._frames = Rows("Frames", rows.FRAMES, "No frame yet. Connect, then send a text.")
        ui.timer(_REDRAW_S, self._draw)
        visit.on_leave(self._close)

    async def _open(self) -> None:
        wanted = self._form.read(relay_of)
        if wanted is None or not self._visit.desk.sessions.use(self._visit.session):
            return
        await self._close()
        api = self._visit.scraping
        self._relay = Relay(api.socket_url, api.key, wanted, self._changed)
        self._relay.start()
        self._changed()

    async def _close(self) -> None:
        if self._relay is not None:
            await self._relay.stop()

    async def _say(self) -> None:
        text = str(self._text.value or "")
        if len(text) > MOST_BODY:
            self._text.error = f"At most {MOST_BODY} characters"
        elif self._relay is None or not await self._relay.send(text):
            ui.notify("The relay is not open.", type="warning")
        else:
            self._text.error = None
            self._text.set_value("")

    def _changed(self) -> None:
        self._is_stale = True

    def _draw(self) -> None:
        """A target may send faster than anybody reads: what has changed is drawn a few times a second."""
        if not self._is_stale:
            return
        self._is_stale = False
        relay = self._relay
        state = relay.state if relay is not None else State.CLOSED
        if relay is not None:
            told = (
                f"{state} by {relay.agent}" if relay.agent and state is State.OPEN else f"{state} {relay.end}".strip()
            )
            self._chip.show(told, _TONES[state])
            self._frames.show(rows.frame_rows(relay.frames))
        self._connect.set_visibility(state is State.CLOSED)
        self._disconnect.set_visibility(state is not State.CLOSED)
        self._send.set_enabled(state is State.OPEN)


PAGE = Page("/scraping/playground", "Playground", GROUP, "science", Kind.SCRAPING, build)
