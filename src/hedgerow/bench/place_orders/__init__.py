"""place-orders: orders a second through `POST /place-orders`, until every bet of theirs is CONFIRMED.

Ours is one process with the product's parts (API, runner, ledger, receipts, triggers of the outbox) and bookmakers
inside it that take every bet at once; PostgreSQL writes to the disk before it answers, as in production. The baselines
write the same rows without a product around them (`bare`), and take orders over HTTP without working on them
(`reference`). What is left in the database is checked after every run.
"""

from __future__ import annotations

import asyncio

import uvloop

from hedgerow.bench.report import Figures


def measure(scale: float, runs: int) -> Figures:
    """Orders a second. scale: multiplies the orders."""
    # Imported here: the sides, which live in this package, must not carry what only measures.
    from hedgerow.bench.place_orders.comparison import compare

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(compare(scale, runs))
