"""Every rule of the data file finds its sample; ordinary answers are none."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hedgerow.scraping.gateway.blocks import SEARCHED_BYTES, load_rules

SAMPLES = tomllib.loads(Path(__file__).with_name("block_samples.toml").read_text())
RULES = load_rules()


def test_every_rule_has_a_sample_and_every_sample_a_rule() -> None:
    assert {rule.rule_id for rule in RULES.rules} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_rule_finds_its_sample(name) -> None:
    sample = SAMPLES[name]
    found = RULES.find(sample["status"], sample.get("headers", {}), sample["body"].encode())
    assert found is not None
    assert found.rule_id == name


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {}, b'{"error": "login required"}'),
        (401, {}, b"access denied"),
        (404, {}, b"not found"),
        (503, {}, b"maintenance"),
        (200, {"content-type": "text/html"}, b"<p>how to solve a g-recaptcha, access denied</p>"),
        (200, {"content-type": "application/json"}, b'"_incapsula_resource"'),
        (200, {}, b""),
        (202, {}, b"accepted"),
        (403, {"server": "cloudflare"}, b"forbidden"),
    ],
)
def test_an_ordinary_answer_is_no_block(status, headers, body) -> None:
    assert RULES.find(status, headers, body) is None


def test_only_the_beginning_of_a_body_is_searched() -> None:
    assert RULES.find(403, {}, b"x" * SEARCHED_BYTES + b"access denied") is None
    assert RULES.find(403, {}, bytearray(b"x" * 1000 + b"ACCESS DENIED")) is not None
