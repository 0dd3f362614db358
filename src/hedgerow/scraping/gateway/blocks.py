"""Whether an answer is a block page: the rules of `blocks.toml`, applied to status, headers and the body's beginning.

A bare 403 is none: many targets answer it to whoever is not logged in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import msgspec

SEARCHED_BYTES = 64 * 1024
_HTML = re.compile(r"text/html|application/xhtml", re.IGNORECASE)


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it stands in the file."""

    id: str
    kind: Literal["limited", "blocked"]
    status: list[int]
    headers: dict[str, str] = {}
    body: list[str] = []


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which targets block."""

    rule_id: str
    is_hard: bool
    status: frozenset[int]
    headers: tuple[tuple[str, re.Pattern[str]], ...]
    body: tuple[bytes, ...]

    def holds(self, headers: Mapping[str, str], body: bytes) -> bool:
        """The status has been looked at. body: the searched part, in lower case."""
        if not all(pattern.search(headers.get(name, "")) for name, pattern in self.headers):
            return False
        return not self.body or any(text in body for text in self.body)


class BlockRules:
    """The rules, by status."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._by_status: dict[int, tuple[Rule, ...]] = {
            status: tuple(rule for rule in rules if status in rule.status)
            for status in {status for rule in rules for status in rule.status}
        }
        self._marks: dict[int, frozenset[str]] = {
            status: frozenset(name for rule in of_status for name, _ in rule.headers)
            for status, of_status in self._by_status.items()
        }

    def find(self, status: int, headers: Mapping[str, str], body: bytes | bytearray) -> Rule | None:
        """The first rule that holds. headers: names in lower case."""
        rules = self._by_status.get(status)
        if rules is None or (status < 300 and not self._is_page(status, headers)):
            return None
        searched = bytes(body[:SEARCHED_BYTES]).lower()
        return next((rule for rule in rules if rule.holds(headers, searched)), None)

    def _is_page(self, status: int, headers: Mapping[str, str]) -> bool:
        """Among answers that look good, only pages are searched, and what a header marks."""
        if _HTML.match(headers.get("content-type", "")):
            return True
        return not self._marks[status].isdisjoint(headers)


def load_rules() -> BlockRules:
    """The rules of the data file."""
    text = files(__package__).joinpath("blocks.toml").read_text(encoding="utf-8")
    told: list[_Rule] = msgspec.toml.decode(text, type=dict[str, list[_Rule]])["rule"]
    return BlockRules(tuple(_rule(rule) for rule in told))


def _rule(told: Any) -> Rule:
    headers = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in told.headers.items())
    return Rule(
        told.id, told.kind == "blocked", frozenset(told.status), headers, tuple(text.encode() for text in told.body)
    )
