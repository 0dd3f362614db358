"""The object of a bench: which ratio stands for the whole, and what counts as met."""

from __future__ import annotations

import json

import pytest

from hedgerow import bench
from hedgerow.bench.report import Bound, Figures, Ratio, report
from hedgerow.core.errors import InputError

FAST = Ratio("fast", ratio=3.0, target=1.5, bound=Bound.AT_LEAST, ours=300.0, baseline=100.0)
SLOW = Ratio("slow", ratio=2.5, target=2.0, bound=Bound.AT_MOST, ours=2500.4, baseline=1000.2)
DOCUMENTED = {"name", "ratio", "target", "met", "ours", "baseline", "unit", "runs", "machine"}


def _report(*ratios: Ratio) -> dict[str, object]:
    return report("one", [(1.0, Figures("µs", ratios))], runs=3)


def test_object_has_the_documented_fields() -> None:
    told = _report(FAST)
    assert set(told) == DOCUMENTED | {"ratios"}
    assert json.loads(json.dumps(told)) == told


def test_ratio_nearest_to_its_target_stands_for_the_whole() -> None:
    told = _report(FAST, SLOW)
    assert (told["ratio"], told["target"], told["ours"], told["baseline"]) == (2.5, 2.0, 2500, 1000)


@pytest.mark.parametrize(("ratios", "met"), [((FAST,), True), ((SLOW,), False), ((FAST, SLOW), False)])
def test_met_only_when_no_ratio_misses_its_target(ratios: tuple[Ratio, ...], met: bool) -> None:
    assert _report(*ratios)["met"] is met


@pytest.mark.parametrize("bound", Bound)
def test_a_ratio_exactly_on_its_target_meets_it(bound: Bound) -> None:
    assert Ratio("edge", 2.0, 2.0, bound, 1.0, 1.0).is_met


def test_larger_scale_adds_the_curve_and_leaves_the_figures_at_one() -> None:
    told = report("one", [(1.0, Figures("µs", [FAST])), (2.0, Figures("µs", [SLOW]))], runs=3)
    assert told["ratio"] == 3.0
    assert [(point["scale"], point["case"]) for point in told["curve"]] == [(1.0, "fast"), (2.0, "slow")]


def test_what_could_not_be_compared_is_said() -> None:
    assert report("one", [(1.0, Figures("µs", [FAST], ["no such thing"]))], runs=3)["skipped"] == ["no such thing"]


@pytest.mark.parametrize(("scale", "steps"), [(0.1, [0.1]), (1.0, [1.0]), (5.0, [1.0, 2.0, 4.0, 5.0])])
def test_curve_doubles_up_to_the_scale_asked_for(scale: float, steps: list[float]) -> None:
    assert bench.steps_to(scale) == steps


@pytest.mark.parametrize(("name", "scale", "runs"), [("nonesuch", 1.0, 1), ("decode", 0.0, 1), ("decode", 1.0, 0)])
def test_senseless_call_is_refused(name: str, scale: float, runs: int) -> None:
    with pytest.raises(InputError):
        bench.run(name, scale, runs)
