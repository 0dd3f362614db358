"""Bets that wait at desks, as the dashboard tells them, from a desk that is served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.bridging.desk.kit import ACCOUNT, Room
from tests.bridging.desk.serving import KEY

from hedgerow.bridging.clients import one_client
from hedgerow.bridging.desk.sessions import Sessions
from hedgerow.bridging.desk.web import DeskRoutes
from hedgerow.bridging.serve import served
from hedgerow.bridging.service import Service
from hedgerow.bus.engines.engine import free_port
from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.bridge_desk import DesksApi
from hedgerow.dashboard.navigation import menu
from hedgerow.dashboard.pages import PAGES
from hedgerow.dashboard.rows.bridge_desk import desk_row, job_rows
from hedgerow.dashboard.sessions import Held, Kind, Session


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture
async def url(room: Room) -> AsyncIterator[str]:
    routes = DeskRoutes(room.desk, Sessions(KEY, room.clock)).routes()
    service = Service(room.desk.terms, room.desk, room.register, room.desk, room.clock)
    clients = one_client(room.desk.terms, Secret("throwaway-token-of-desk"), None)
    async with served(service, clients, "127.0.0.1", 0, room.clock, *routes) as server:
        yield f"http://127.0.0.1:{server.port}"
    room.close()


async def test_bets_are_counted_and_told_in_words(url: str, room: Room) -> None:
    room.bet()
    room.desk.take(ACCOUNT, room.bet(), "Ann")
    api = DesksApi(f" {url}/ , ", KEY)
    (desk,) = await api.desks()
    await api.close()
    row = desk_row(desk)
    assert (row.cells["waiting"], row.cells["taken"], row.cells["asked"], row.cells["state"]) == (
        "1",
        "1",
        "0",
        "answers",
    )
    assert row.links == {"desk": f"{url}/desk"}
    taken, waiting = job_rows([desk])
    assert (taken.cells["stage"], taken.cells["left"]) == ("being placed, Ann", "60 s")
    assert "Boston Celtics -3.5" in waiting.cells["what"]
    assert (waiting.cells["stake"], waiting.cells["price"], waiting.cells["left"]) == ("200.00 USD", "1.95", "90 s")


async def test_desk_that_is_away_stands_beside_one_that_answers(url: str) -> None:
    api = DesksApi(f"{url},http://127.0.0.1:{free_port()}", KEY)
    here, away = map(desk_row, await api.desks())
    assert await api.whoami() == "desk"
    await api.close()
    assert here.cells["waiting"] == "0"
    assert away.cells["waiting"] == "–"
    assert "does not answer" in away.cells["state"]


async def test_wrong_key_opens_no_desk(url: str) -> None:
    api = DesksApi(url, Secret("another-key-of-somebody"))
    with pytest.raises(HedgerowError):
        await api.whoami()
    await api.close()


def test_page_is_told_to_nobody_who_has_no_key_of_a_desk() -> None:
    client, person = (Session(0, 0, {kind: Held(KEY, "")}) for kind in (Kind.MM, Kind.DESK))
    assert "Bets by hand" not in dict(menu(PAGES, client))
    assert [page.path for page in dict(menu(PAGES, person))["Bets by hand"]] == ["/desks"]
