"""The traces of market making, as a collector has them."""

from __future__ import annotations

from tests.otlpkit import collecting, facts

from hedgerow.core.states import Side

from .worldkit import Scene


async def test_fill_is_one_tree_to_the_answer_of_its_hedge(quoting: Scene) -> None:
    with collecting("mm") as collector:
        await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))

    name, (committed, hedged) = collector.tree("mm.fill")
    assert (name, committed) == ("mm.fill", ("mm.commit", []))
    assert hedged[0] == "mm.hedge"
    ((tried, requests),) = hedged[1]
    assert (tried, {one for one, _ in requests}) == ("bet.attempt", {"venue.request"})
    (bet,) = await quoting.bets()
    told = facts(collector.named("bet.attempt"))
    assert (told["hedgerow.bet_id"], told["hedgerow.status"]) == (bet["bet_id"], "CONFIRMED")
    assert told["hedgerow.order_id"] == facts(collector.named("mm.fill"))["hedgerow.order_id"]


async def test_suspension_is_a_span_for_each_quote_that_it_takes_away(quoting: Scene) -> None:
    resting = len(quoting.resting())
    with collecting("mm") as collector:
        await quoting.step(act=quoting.suspend)

    cancels = [span for span in collector.spans if span.name == "mm.cancel"]
    assert len(cancels) == resting > 0
    assert {facts(span)["hedgerow.reason"] for span in cancels} == {"suspended"}
    together = [span for span in collector.spans if span.name == "venue.cancel_many"]
    assert sum(facts(span)["hedgerow.orders"] for span in together) == resting
    assert [collector.children(span) for span in together] == [["venue.request"]] * 2  # one for each exchange
