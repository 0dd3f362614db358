"""What stands around every page: the bar, the menu, the state of the connections, and where troubles are told.

Landmarks: banner, navigation, main. The first thing that the keyboard reaches leads past the menu.
"""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import Client, app, ui
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from hedgerow.dashboard.desk import MOST_PAGES, Desk
from hedgerow.dashboard.following import Link
from hedgerow.dashboard.gate import SESSION, SIGN_IN
from hedgerow.dashboard.navigation import KEY_OF, Page, menu
from hedgerow.dashboard.parts import Chip
from hedgerow.dashboard.sessions import TITLES, Kind, Session, Theme
from hedgerow.dashboard.signin import SIGN_OUT
from hedgerow.dashboard.visit import Visit
from hedgerow.documentation.serving import SITE_PATH

_LINK_TONES = {Link.LIVE: "good", Link.CONNECTING: "warn", Link.DOWN: "bad", Link.REFUSED: "bad"}
_LINK_WORDS = {
    Link.LIVE: "live",
    Link.CONNECTING: "connecting",
    Link.DOWN: "not connected, trying again",
    Link.REFUSED: "key refused, sign in again",
}
_PUSHING = (Kind.MM, Kind.ABP)
_DARK: dict[Theme, bool | None] = {Theme.AUTO: None, Theme.LIGHT: False, Theme.DARK: True}
_BUILD_S = 10.0


def serve_pages(desk: Desk, pages: Sequence[Page], cookie: str) -> None:
    """Registers the pages with the framework. cookie: the session cookie's name."""
    for page in pages:
        _serve(desk, page, pages, cookie)


def _serve(desk: Desk, page: Page, pages: Sequence[Page], cookie: str) -> None:
    async def show(request: Request, client: Client) -> Response | None:
        session: Session | None = request.scope.get(SESSION)
        if session is None:
            return RedirectResponse(SIGN_IN, 303)
        if not desk.may_open(session, client):
            return PlainTextResponse(
                f"{MOST_PAGES} pages are open. Close one, wait a moment, then load this again.", 429
            )
        visit = Visit(desk, session, client, {**request.query_params, **request.path_params})
        client.on_delete(visit.leave)
        _frame(visit, page, pages, desk.forms.of(request.cookies.get(cookie, "")))
        if page.is_open_to(session):
            await page.build(visit)
        else:
            _missing_key(page)
        return None

    ui.page(page.path, title=f"{page.title} - Hedgerow", response_timeout=_BUILD_S)(show)


def _frame(visit: Visit, page: Page, pages: Sequence[Page], form: str) -> None:
    ui.add_head_html('<link rel="stylesheet" href="/static/dashboard.css">')
    ui.colors(primary="#1f6f4a", negative="#b3261e", positive="#1f6f4a", warning="#8a5a00", dark="#15191b")
    dark = ui.dark_mode(_DARK[visit.session.theme])
    # Open where there is room. The framework's own way asks the browser, which may be too slow to answer.
    drawer = ui.left_drawer(value=False, bordered=True).classes("menu")
    drawer.props("show-if-above width=232 breakpoint=900")
    with ui.header(wrap=False).classes("bar"):
        ui.button(icon="menu", on_click=drawer.toggle, color=None).props('flat dense round aria-label="Menu"').classes(
            "burger"
        )
        ui.link("Hedgerow", "/").classes("brand")
        ui.space()
        _connections(visit)
        _theme_button(visit, dark)
        _account(visit, form)
    with drawer, ui.element("nav").props('aria-label="Pages"'):
        _menu(visit.session, page, pages)
    ui.skip_link(target=visit.client.content)
    with ui.element("h1"):
        ui.label(page.title).classes("bare")
    _troubles(visit)


def _menu(session: Session, page: Page, pages: Sequence[Page]) -> None:
    for group, found in menu(pages, session):
        ui.label(group).classes("group")
        with ui.element("ul"):
            for one in found:
                with ui.element("li"):
                    link = ui.link(target=one.path).classes("entry")
                    if one is page:
                        link.props('aria-current="page"')
                    with link:
                        ui.icon(one.icon)
                        ui.label(one.title)


def _connections(visit: Visit) -> None:
    """Of the keys that push: a word for each, told to screen readers when it changes."""
    kinds = [kind for kind in _PUSHING if kind in visit.session.keys]
    with ui.element("div").classes("links").props('role="status" aria-label="Connections"'):
        chips = {kind: Chip() for kind in kinds}

    def show() -> None:
        for kind, chip in chips.items():
            link = visit.link(kind)
            chip.show(f"{TITLES[kind]} {_LINK_WORDS[link]}", _LINK_TONES[link])

    for kind in kinds:
        visit.on_event(kind)
    visit.on_link(show)
    show()


def _theme_button(visit: Visit, dark: ui.dark_mode) -> None:
    themes = list(Theme)

    def label() -> str:
        return f"Colours: {visit.session.theme}"

    def turn() -> None:
        visit.session.theme = themes[(themes.index(visit.session.theme) + 1) % len(themes)]
        dark.value = _DARK[visit.session.theme]
        switch.props(f'aria-label="{label()}" title="{label()}"')

    switch = ui.button(icon="contrast", on_click=turn, color=None).props(
        f'flat dense round aria-label="{label()}" title="{label()}"'
    )


def _account(visit: Visit, form: str) -> None:
    """Who is signed in, another key, and the way out, which is a form: no link and no script of another site may end a
    session."""
    opener = ui.button(icon="account_circle", color=None).props('flat dense round aria-label="Account"')
    with opener, ui.menu().props('aria-label="Account"'), ui.element("div").classes("account"):
        ui.label(visit.session.client).classes("name")
        ui.label("Opens " + ", ".join(TITLES[kind].lower() for kind in visit.session.keys)).classes("note")
        ui.link("Add a key", SIGN_IN)
        ui.link("Documentation", SITE_PATH, new_tab=True)
        with ui.element("form").props(f'method="post" action="{SIGN_OUT}"'):
            ui.element("input").props(f'type="hidden" name="form" value="{form}"')
            with ui.element("button").props('type="submit"').classes("sign-out"):
                ui.label("Sign out")


def _troubles(visit: Visit) -> None:
    place = ui.element("div").classes("troubles").props('role="alert"')

    def show(troubles: Sequence[str]) -> None:
        place.clear()
        with place:
            for text in troubles:
                ui.label(text).classes("trouble")

    visit.show_troubles = show


def _missing_key(page: Page) -> None:
    assert page.needs is not None
    with ui.element("section").classes("panel"):
        ui.label(f"This page needs {KEY_OF[page.needs]}, which you are not signed in with.")
        ui.link("Add a key", SIGN_IN)


def limit_framework() -> None:
    """What the framework would do for everybody else: polling without a socket, and a bar without a name, for screen
    readers, at every request."""
    app.config.socket_io_js_transports = ["websocket"]
    app.config.quasar_config["loadingBar"]["skipHijack"] = True
