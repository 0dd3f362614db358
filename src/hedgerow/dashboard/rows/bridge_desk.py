"""Bets that wait for a person, as rows."""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.dashboard.apis.bridge_desk import Desk, Job
from hedgerow.dashboard.figures import NOTHING, money, odds, plain
from hedgerow.dashboard.rows.tables import Column, TableRow
from hedgerow.dashboard.troubles import told

DESKS = (
    Column("desk", "Desk"),
    Column("waiting", "To be taken", is_number=True),
    Column("taken", "Being placed", is_number=True),
    Column("asked", "Was it placed?", is_number=True),
    Column("state", "State"),
)
JOBS = (
    Column("desk", "Desk"),
    Column("what", "What"),
    Column("side", "Side"),
    Column("stake", "Stake", is_number=True),
    Column("price", "Odds or better", is_number=True),
    Column("left", "Left", is_number=True),
    Column("stage", "State"),
)
_STAGES = {"waiting": ("to be taken", "warn"), "taken": ("being placed", "plain"), "asked": ("was it placed?", "bad")}


def desk_row(desk: Desk) -> TableRow:
    """A desk, with how many bets are in which state there; its name leads to its own page."""
    counts = {
        stage: NOTHING if desk.jobs is None else plain(sum(job.stage == stage for job in desk.jobs))
        for stage in _STAGES
    }
    state = "answers" if desk.why is None else told(desk.why)
    return TableRow(
        desk.url,
        {"desk": desk.name, **counts, "state": state},
        links={"desk": desk.url},
        tones={"state": "good" if desk.why is None else "bad"},
    )


def job_rows(desks: Iterable[Desk]) -> list[TableRow]:
    """Those that end soonest first; a question does not end, and stands before them."""
    found = [
        (job.left_seconds if job.left_seconds is not None else -1, desk, job)
        for desk in desks
        for job in desk.jobs or ()
    ]
    return [_job_row(desk, job) for _, desk, job in sorted(found, key=lambda one: one[0])]


def _job_row(desk: Desk, job: Job) -> TableRow:
    state, tone = _STAGES.get(job.stage, (job.stage, "plain"))
    return TableRow(
        f"{desk.url} {job.reference}",
        {
            "desk": desk.name,
            "what": job.what,
            "side": job.side,
            "stake": money(job.stake, job.currency),
            "price": odds(job.price),
            "left": NOTHING if job.left_seconds is None else f"{job.left_seconds} s",
            "stage": f"{state}, {job.person}" if job.person else state,
        },
        links={"desk": desk.url},
        tones={"stage": tone},
    )
