"""The desks of bridges: how many bets wait for a person, and the way to each desk's own page, where they are placed."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.dashboard.apis.bridge_desk import Desk
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.parts import Rows, panel
from hedgerow.dashboard.rows import bridge_desk as rows
from hedgerow.dashboard.sessions import TITLES, Kind
from hedgerow.dashboard.visit import Visit

_EVERY_S = 2.0


async def build(visit: Visit) -> None:
    with panel("Desks", "A desk's name leads to its own page, where bets are taken and answered."):
        desks = Rows(
            "Desks", rows.DESKS, "No desk is named in HEDGEROW_DESK_URLS. Start one with: hedgerow bridge desk"
        )
    with panel("Bets for a person", "What ends soonest first; what somebody must answer stands above."):
        jobs = Rows(
            "Bets for a person", rows.JOBS, "Nothing waits. A bet that is routed to a desk stands here at once."
        )

    def show(found: Sequence[Desk]) -> None:
        desks.show(list(map(rows.desk_row, found)))
        jobs.show(rows.job_rows(found))

    visit.keep(visit.desks.desks, show, every_s=_EVERY_S)


PAGE = Page("/desks", "Desks", TITLES[Kind.DESK], "support_agent", Kind.DESK, build)
