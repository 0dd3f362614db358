"""No payload crashes a parser, and none makes it say a number that is not in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from tests.fuzz.mutations import payload_of, payloads
from tests.fuzz.parsers import all_parsers
from tests.fuzz.settings import MANY, fuzzed

PARSERS = all_parsers()
FEW = 40


def run(name: str, examples: int, *, is_random: bool) -> None:
    parser = PARSERS[name]

    @settings(fuzzed, max_examples=examples, derandomize=not is_random)
    @given(payloads(parser.seeds))
    def check(payload: bytes) -> None:
        parser.check(payload)

    check()


@pytest.mark.parametrize("name", PARSERS)
def test_the_seeds_are_read_and_are_what_they_say(name: str) -> None:
    for message in PARSERS[name].seeds:
        assert PARSERS[name].check(payload_of(message))


@pytest.mark.parametrize("name", PARSERS)
def test_mutated_payloads_are_read_exactly_or_refused(name: str) -> None:
    run(name, FEW, is_random=False)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", PARSERS)
def test_many_mutated_payloads_are_read_exactly_or_refused(name: str) -> None:
    run(name, MANY, is_random=True)
