"""The reference bridge of the simulated world passes the kit, over real sockets."""

from __future__ import annotations

from hedgerow.bridging.conformance.runner import Result

from .reference import checked


async def test_the_reference_bridge_passes() -> None:
    report = await checked()
    ended = {verdict.case: (verdict.result, verdict.why) for verdict in report.verdicts}
    not_run = {number: why for number, (result, why) in ended.items() if result is Result.NOT_RUN}
    assert {number: why for number, (result, why) in ended.items() if result is Result.FAILED} == {}
    assert not_run == {
        "BR-12": "the hook cannot do 'crash'",
        "BR-18": "the capability events is not declared",
        "BR-22": "the capability odds is not declared",
        "BR-23": "the capability lay is not declared",
    }
    assert list(ended) == [f"BR-{number:02}" for number in range(1, 25)]
