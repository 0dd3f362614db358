"""`hedgerow replay` of an engine's tape: the same decisions again, or what others would have been made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hedgerow.cli.output import emit
from hedgerow.core import tape
from hedgerow.core.errors import InputError
from hedgerow.mm.taping.messages import KIND
from hedgerow.mm.taping.player import Verdict, replay
from hedgerow.sim.recordings.files import magic


def is_engine_tape(file: str) -> bool:
    """Whether the file is a tape of market making's engine."""
    path = Path(file)
    if not path.is_file() or magic(path) != tape.MAGIC:
        return False
    return tape.TapeReader(path).header.kind == KIND


async def replay_engine(file: str, *, as_json: bool) -> bool:
    """Plays the tape and prints the digests; answers whether every decision is the recorded one."""
    verdict = await replay(Path(file))
    if not verdict.turns:
        raise InputError(f"{file}: nothing was recorded")
    emit(_told(file, verdict), as_json, None if as_json else _text(verdict))
    return verdict.is_same


def _told(file: str, verdict: Verdict) -> Mapping[str, object]:
    difference = verdict.first_difference
    return {
        "file": file,
        "turns": verdict.turns,
        "decisions": verdict.decisions,
        "recorded": verdict.recorded,
        "replayed": verdict.replayed,
        "isSame": verdict.is_same,
        "isCut": verdict.is_cut,
        "firstDifference": None if difference is None else {"recorded": difference[0], "replayed": difference[1]},
    }


def _text(verdict: Verdict) -> str:
    lines = [
        f"{verdict.decisions} decisions in {verdict.turns} turns" + (", the tape is cut" if verdict.is_cut else ""),
        f"recorded sha256 {verdict.recorded}",
        f"replayed sha256 {verdict.replayed}",
    ]
    if verdict.first_difference is None:
        return "\n".join([*lines, "every decision is the recorded one"])
    then, now = verdict.first_difference
    return "\n".join([*lines, "THE DECISIONS DIFFER, first here", f"recorded: {then}", f"replayed: {now}"])
