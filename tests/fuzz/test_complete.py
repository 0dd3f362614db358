"""No parser is forgotten: whatever decodes bytes from outside is run by a seed, every connector is fuzzed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.mutations import payload_of
from tests.fuzz.parsers import all_parsers

import hedgerow

SOURCE = Path(hedgerow.__file__).parent
OUTSIDE = ("feed", "sim/recordings", "scraping", "abp", "api", "realtime", "core", "bridging", "client", "net")
"""Where bytes from outside are read, besides the venues."""

DECODES = (
    "msgspec.json.decode",
    "msgspec.json.Decoder",
    "msgspec.msgpack.decode",
    "msgspec.msgpack.Decoder",
    "json.loads",
)

ELSEWHERE = {
    "bridging/desk/web.py": "forms of an operator's own desk",
    "bridging/store.py": "what we stored ourselves",
    "client/wire.py": "answers of our own services",
    "net/calls.py": "answers of our own services",
    "abp/live.py": "what our own processes tell one another",
    "abp/profiles.py": "what we sealed ourselves",
    "core/config.py": "the operator's own settings",
    "feed/reconcile.py": "takes what the codec reads: tests/feed/test_against_simulator.py",
    "feed/rest.py": "lists of rows, whose types are read here: tests/feed/test_rest.py",
    "realtime/login.py": "control messages without numbers: tests/realtime/test_login.py",
    "realtime/session.py": "control messages without numbers: tests/realtime/test_session.py",
    "sim/recordings/betfair_wire.py": "the messages of recordings, whose decoders betfair.py runs",
    "scraping/agent/amqp.py": "what our gateway sends its agents",
    "scraping/agent/browser/cdp.py": "what our own browser says: tests/scraping/agent",
    "scraping/agent/browser/serve.py": "what our gateway sends its agents",
    "scraping/agent/fetch.py": "what our gateway sends its agents",
    "scraping/agent/relay.py": "what our gateway sends its agents",
    "scraping/agent/tunnel.py": "what our gateway sends its agents",
    "scraping/gateway/amqp.py": "requests without amounts: tests/scraping/gateway/test_amqp.py",
    "scraping/gateway/browser.py": "heads of agents' answers, read as those of fetches are",
    "scraping/gateway/fetch.py": "heads of agents' answers: tests/scraping/gateway",
    "scraping/gateway/pagerequest.py": "requests without amounts: tests/scraping/gateway",
    "scraping/gateway/relay.py": "heads of agents' answers, read as those of fetches are",
    "scraping/gateway/sharing.py": "what our own processes tell one another",
    "scraping/gateway/showing.py": "what our own processes tell one another",
}
"""Modules that decode and are not fuzzed here, each with the reason."""


def _executed() -> set[tuple[str, str]]:
    """The functions of ours, by module and name, that the seeds of all parsers run."""
    found: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(SOURCE)):
            module = Path(frame.f_code.co_filename).relative_to(SOURCE).as_posix()
            found.add((module, frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for parser in all_parsers().values():
            for seed in parser.seeds:
                parser.check(payload_of(seed))
    finally:
        sys.setprofile(before)
    return found


def _readers(module: Path) -> Iterator[str]:
    """Public functions that take a message of the venue's."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            notes = [ast.unparse(one.annotation) for one in node.args.args if one.annotation is not None]
            if any("wire." in note for note in notes):
                yield node.name


def _decoding() -> Iterator[str]:
    for folder in OUTSIDE:
        for module in sorted((SOURCE / folder).rglob("*.py")):
            calls = {
                ast.unparse(node.func) for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)
            }
            if any(call.startswith(DECODES) for call in calls):
                yield module.relative_to(SOURCE).as_posix()


def test_every_reader_of_a_venues_messages_is_run_by_a_seed() -> None:
    executed = _executed()
    modules = sorted((SOURCE / "venues").glob("*/parse.py"))
    assert len(modules) >= 16
    wanted = {(path.relative_to(SOURCE).as_posix(), name) for path in modules for name in _readers(path)}
    assert sorted(wanted - executed) == []


def test_every_other_module_that_decodes_is_run_by_a_seed_or_says_why_not() -> None:
    executed = {module for module, _ in _executed()}
    decoding = set(_decoding())
    assert sorted(decoding - executed - ELSEWHERE.keys()) == []
    assert sorted(ELSEWHERE.keys() - decoding) == []
