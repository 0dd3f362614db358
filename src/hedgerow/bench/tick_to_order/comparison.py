"""The comparison: what ours is held against, each side in turns, and what the runs need: database, keys, SDK."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hedgerow.bench.engines import fresh_engines
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.bench.tick_to_order.given import AIOHTTP, OURS, PLAIN, SDK, Given
from hedgerow.bench.tick_to_order.scene import KALSHI, POLYMARKET


@dataclass(frozen=True, slots=True)
class Target:
    """What ours is held against. p50, p99: targets of the ratio, None where there is none. sleeps: ours, without busy
    polling."""

    case: str
    venue: str
    p50: float | None
    p99: float | None = None
    side: str = PLAIN
    requotes: bool = False
    sleeps: bool = False


TICK_TO_ORDER = (
    Target("Polymarket, minimal loop", POLYMARKET, p50=2.0, p99=3.0),
    Target("Polymarket, official SDK signs", POLYMARKET, p50=0.4, side=SDK),
    Target("Polymarket, aiohttp", POLYMARKET, p50=1.0, side=AIOHTTP),
    Target("Polymarket requote, minimal loop", POLYMARKET, p50=2.0, p99=3.0, requotes=True),
    Target("Kalshi, minimal loop", KALSHI, p50=2.0, p99=3.0),
    Target("Polymarket, minimal loop, ours without busy polling", POLYMARKET, p50=2.0, p99=3.0, sleeps=True),
)

Latencies = Callable[[Given, str, bool], Awaitable[list[float]]]
"""(task, the public key at Kalshi, whether it requotes): what one run of a side took, µs."""

Key = tuple[str, str, bool, bool]
"""(venue, side, requotes, sleeps): what is measured once, whatever is compared with it."""


async def compare(all_targets: Sequence[Target], common: Given, runs: int, latencies_of: Latencies) -> Figures:
    """Latencies in µs, p50 and p99, medians of the runs. common: what the tasks of all sides have in common."""
    sdk_path = sdk_path_of()
    targets = [target for target in all_targets if sdk_path or target.side != SDK]
    keys = list(dict.fromkeys(key for t in targets for key in (_key(t, OURS), _key(t, t.side))))
    pem, public_pem = kalshi_key()
    found: dict[Key, list[tuple[float, float]]] = {key: [] for key in keys}
    async with fresh_engines() as engines:
        url = engines.database_url.reveal()
        for _ in range(runs):
            for key in keys:
                venue, side, requotes, sleeps = key
                own = {"side": side, "venue": venue, "sleeps": sleeps, "kalshi_pem": pem, "database": url}
                task = msgspec.structs.replace(common, **own, sdk_path=str(sdk_path or ""))
                found[key].append(_percentiles(await latencies_of(task, public_pem, requotes)))
    skipped = [_NO_SDK] if len(targets) < len(all_targets) else []
    return Figures("µs", [ratio for target in targets for ratio in _ratios(target, found)], skipped)


def _key(target: Target, side: str) -> Key:
    return target.venue, side, target.requotes, target.sleeps and side == OURS


def _ratios(target: Target, found: dict[Key, list[tuple[float, float]]]) -> list[Ratio]:
    ours, baseline = found[_key(target, OURS)], found[_key(target, target.side)]
    ratios = []
    for place, (name, bound) in enumerate([("p50", target.p50), ("p99", target.p99)]):
        if bound is not None:
            pairs = [(mine[place], theirs[place]) for mine, theirs in zip(ours, baseline, strict=True)]
            ratio = statistics.median(mine / theirs for mine, theirs in pairs)
            medians = (statistics.median(each) for each in zip(*pairs, strict=True))
            ratios.append(Ratio(f"{target.case}, {name}", ratio, bound, Bound.AT_MOST, *medians))
    return ratios


def _percentiles(latencies: Sequence[float]) -> tuple[float, float]:
    """(p50, p99), µs."""
    ordered = sorted(latencies)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


# --- what a run needs --------------------------------------------------------------------------------------------


def kalshi_key() -> tuple[str, str]:
    """(private, public) key in PEM, made for the run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


SDK_FOLDER = ".venv-witness"
_NO_SDK = "the official SDK (py-clob-client-v2) is not there; python tools/witness_env.py installs it"


def sdk_path_of() -> Path | None:
    """Where the witnesses' environment has its packages, beside the project's own; None when it is not built."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = Path(sys.prefix).parent / SDK_FOLDER / "lib" / version / "site-packages"
    return found if (found / "py_clob_client_v2").is_dir() else None
