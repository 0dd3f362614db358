"""The proved contracts in memory, and the mapping as a row."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import FixtureStatus, Side
from hedgerow.execution.instruments import Changes, Contract, Instruments, evidence_json, row_of
from hedgerow.execution.mapping import Candidate, Evidence, Mapping, NameEvidence, NameRule, Verdict
from hedgerow.venues.base import Instrument, Listing

VENUE = VenueSlug("exchange")
KEY = MarketKey(FixtureId("id1"), MarketId(121))
SINNER, ALCARAZ = OutcomeId(121), OutcomeId(122)
EVIDENCE = Evidence("A v B", "A", "B", "tennis", None, 1_795_280_400_000)


def listing(ref: str = "one", **changes: object) -> Listing:
    instrument = Instrument(VENUE, ref, "market", PriceGrid.probability(10_000))
    return replace(Listing(instrument, "A v B", ref), **changes)  # type: ignore[arg-type]


def mapping(
    ref: str = "one", buys: OutcomeId = SINNER, sells: OutcomeId | None = ALCARAZ, **changes: object
) -> Mapping:
    proved = Mapping(ref, "market", Verdict.PROVED, "", EVIDENCE, KEY.fixture_id, KEY.market_id, buys, sells)
    return replace(proved, **changes)  # type: ignore[arg-type]


@pytest.fixture
def instruments() -> Instruments:
    """Both contracts of a market: one backs Sinner, two backs Alcaraz."""
    known = Instruments()
    known.learn([listing(), listing("two")], [mapping(), mapping("two", ALCARAZ, SINNER)])
    return known


def refs(contracts: tuple[Contract, ...]) -> list[str]:
    return [contract.instrument.ref for contract in contracts]


def test_each_outcome_is_backed_by_buying_one_contract_and_selling_the_other(instruments: Instruments) -> None:
    backing = [(contract.instrument.ref, side) for contract, side in instruments.backing(KEY, ALCARAZ)]
    assert backing == [("one", Side.SELL), ("two", Side.BUY)]
    assert refs(instruments.of_market(KEY)) == ["one", "two"]


def test_selling_one_of_three_results_backs_no_single_outcome() -> None:
    known = Instruments()
    known.learn([listing()], [mapping(sells=None)])
    assert [side for _, side in known.backing(KEY, SINNER)] == [Side.BUY]
    assert known.backing(KEY, ALCARAZ) == ()


@pytest.mark.parametrize("verdict", [Verdict.QUARANTINED, Verdict.NO_MATCH])
def test_only_what_is_proved_is_learned(verdict: Verdict) -> None:
    known = Instruments()
    assert known.learn([listing()], [mapping(verdict=verdict)]) == Changes((), (), ())
    assert known.contract(VENUE, "one") is None
    assert known.of_market(KEY) == ()


def test_the_same_again_changes_nothing(instruments: Instruments) -> None:
    assert instruments.learn([listing()], [mapping()]) == Changes((), (), ())


def test_a_contract_that_closes_has_changed(instruments: Instruments) -> None:
    changes = instruments.learn([listing(is_open=False)], [mapping()])
    assert (refs(changes.added), refs(changes.changed), refs(changes.lost)) == ([], ["one"], [])
    contract = instruments.contract(VENUE, "one")
    assert contract is not None
    assert not contract.is_open


def test_a_contract_that_is_doubted_later_is_lost(instruments: Instruments) -> None:
    changes = instruments.learn([listing()], [mapping(verdict=Verdict.QUARANTINED)])
    assert (refs(changes.added), refs(changes.lost)) == ([], ["one"])
    assert refs(instruments.of_market(KEY)) == ["two"]


@pytest.mark.parametrize(
    "now",
    [mapping(buys=ALCARAZ, sells=SINNER), mapping(fixture_id=FixtureId("id2")), mapping(sells=None)],
    ids=["turned", "another match", "sold for several"],
)
def test_a_contract_that_backs_something_else_is_lost_and_added(instruments: Instruments, now: Mapping) -> None:
    changes = instruments.learn([listing()], [now])
    assert (refs(changes.added), refs(changes.changed), refs(changes.lost)) == (["one"], [], ["one"])
    assert changes.lost[0].buys == SINNER


def test_what_is_not_listed_any_more_stays_until_its_market_is_forgotten(instruments: Instruments) -> None:
    instruments.learn([listing()], [mapping()])
    assert instruments.contract(VENUE, "two") is not None
    instruments.forget(KEY)
    assert instruments.contract(VENUE, "two") is None
    assert instruments.of_market(KEY) == ()
    instruments.forget(KEY)


def test_the_last_contract_takes_its_market_along(instruments: Instruments) -> None:
    gone = [mapping(ref, verdict=Verdict.NO_MATCH) for ref in ("one", "two")]
    instruments.learn([listing(), listing("two")], gone)
    assert instruments.backing(KEY, SINNER) == ()


def test_a_mapping_beside_another_listing_is_an_error() -> None:
    with pytest.raises(ValueError, match="mapping of two stands beside listing one"):
        Instruments().learn([listing()], [mapping("two")])
    with pytest.raises(ValueError, match="shorter"):
        Instruments().learn([listing()], [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([SINNER, ALCARAZ, None]))))
def test_the_index_of_markets_is_the_contracts(rounds: list[tuple[str, OutcomeId | None]]) -> None:
    known, expected = Instruments(), {}
    for ref, buys in rounds:
        now = mapping(ref, verdict=Verdict.NO_MATCH) if buys is None else mapping(ref, buys, None)
        known.learn([listing(ref)], [now])
        expected[ref] = buys
    proved = {ref: buys for ref, buys in expected.items() if buys is not None}
    assert {contract.instrument.ref: contract.buys for contract in known.of_market(KEY)} == proved
    for ref in "abc":
        contract = known.contract(VENUE, ref)
        assert (contract and contract.buys) == proved.get(ref)


def evidence(gap: str) -> Evidence:
    candidate = Candidate(
        fixture_id=FixtureId("id1"),
        sport="tennis",
        tournament="ATP Finals",
        status=FixtureStatus.PREGAME,
        names=(NameEvidence("Świątek", "Swiatek, Iga", NameRule.SURNAME, 80),),
        is_rotated=False,
        fits_both_ways=False,
        starts_at_ms=None,
        time_difference_s=None,
        tolerance_s=21_600,
        listed_marks=(),
        known_marks=("doubles",),
        score=80,
    )
    return replace(EVIDENCE, candidate=candidate, price_gap=Decimal(gap), doubts=("a start is not known",))


def test_evidence_is_json_of_sorted_names_and_exact_numbers() -> None:
    text = evidence_json(evidence("0.10"))
    assert '"price_gap":"0.10"' in text
    told = json.loads(text)
    assert json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text
    assert told["candidate"]["names"] == [
        {"known": "Swiatek, Iga", "listed": "Świątek", "rule": "surname", "score": 80}
    ]
    assert (told["candidate"]["status"], told["runner_up"]) == (FixtureStatus.PREGAME.value, None)


def test_equal_evidence_is_equal_text() -> None:
    assert evidence_json(evidence("0.10")) == evidence_json(evidence("0.10"))
    assert evidence_json(evidence("0.1")) != evidence_json(evidence("0.10"))


def test_a_mapping_is_a_row() -> None:
    row = dict(row_of(VENUE, mapping(verdict=Verdict.QUARANTINED, reason="a start is not known")))
    assert row.pop("evidence") == json.loads(evidence_json(EVIDENCE))
    assert row == {
        "venue": "exchange",
        "instrument_ref": "one",
        "market_ref": "market",
        "fixture_id": "id1",
        "market_id": 121,
        "outcome_id": 121,
        "opposite_id": 122,
        "verdict": "QUARANTINED",
        "reason": "a start is not known",
    }
