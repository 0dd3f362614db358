"""Examples of every command, which `--help` shows below its options.

One place, so that they read alike; `tests/cli/test_help.py` parses each with the command line's own parser, and finds
commands without one. Groups, and commands whose text is an example already, need none here.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "demo": ("hedgerow demo", "hedgerow demo --speed 20 --for 60 --json"),
    "serve abp": ("hedgerow serve abp", "hedgerow serve abp --host 0.0.0.0 --port 8001"),
    "serve mm": ("hedgerow serve mm", "hedgerow serve mm --host 0.0.0.0 --port 8002"),
    "serve gateway": ("hedgerow serve gateway", "hedgerow serve gateway --host 0.0.0.0 --port 8003"),
    "serve dashboard": ("hedgerow serve dashboard", "hedgerow serve dashboard --host 0.0.0.0 --port 8000"),
    "serve operator": ("hedgerow serve operator", "hedgerow serve operator --host 0.0.0.0 --port 8006"),
    "serve sim": ("hedgerow serve sim", "hedgerow serve sim --port 8004 --site kalshi/rest=8104"),
    "replay-orders": ("hedgerow replay-orders orders.jsonl", "hedgerow replay-orders orders.jsonl --json"),
    "doctor": ("hedgerow doctor", "hedgerow doctor --settings", "hedgerow doctor --data-dir /srv/hedgerow --json"),
    "completion": ("hedgerow completion bash > ~/.local/share/bash-completion/completions/hedgerow",),
    "clients add": ("hedgerow clients add acme --bookmaker pinnacle",),
    "clients list": ("hedgerow clients list --json",),
    "clients enable": ("hedgerow clients enable acme",),
    "clients disable": ("hedgerow clients disable acme",),
    "keys create": (
        "hedgerow keys create --service mm --client acme",
        "hedgerow keys create --service abp --client acme --bookmakers pinnacle,kalshi --rate-limit 600",
        "hedgerow keys create --service scraping --client acme --rps 20 --allow '*.example.com'",
    ),
    "keys list": ("hedgerow keys list --client acme",),
    "keys enable": ("hedgerow keys enable 3f2a91c0",),
    "keys disable": ("hedgerow keys disable 3f2a91c0",),
    "keys master": ("hedgerow keys master > master.key",),
    "keys rotate-master": ("hedgerow keys rotate-master",),
    "agents key": ("hedgerow agents key de1",),
    "agents list": ("hedgerow agents list",),
    "agents enable": ("hedgerow agents enable de1",),
    "agents disable": ("hedgerow agents disable de1",),
    "agents remove": ("hedgerow agents remove de1",),
    "accounts add": (
        "hedgerow accounts add kalshi trader@example.com --client acme --max-outcome-stake 500 < kalshi.json",
    ),
    "accounts fields": ("hedgerow accounts fields kalshi",),
    "accounts list": ("hedgerow accounts list --client acme --venue kalshi",),
    "accounts enable": ("hedgerow accounts enable kalshi trader@example.com",),
    "accounts disable": ("hedgerow accounts disable kalshi trader@example.com",),
    "tournaments activate": ("hedgerow tournaments activate 231 --client acme --limit-ratio 0.5 --price-ticks 1",),
    "tournaments deactivate": ("hedgerow tournaments deactivate 231 --client acme",),
    "tournaments list": ("hedgerow tournaments list --client acme",),
    "policy price": (
        "hedgerow policy price --client acme --tournament 231 --mode fair_value --margin shin --edge 0.02",
        "hedgerow policy price --client acme --tournament 231 --default",
    ),
    "policy cap": (
        "hedgerow policy cap fixture 2000 --client acme",
        "hedgerow policy cap fixture --none --client acme",
    ),
    "policy hedge": ("hedgerow policy hedge cloudbet smarkets --client acme",),
    "policy show": ("hedgerow policy show --client acme",),
    "policy stops": ("hedgerow policy stops --client acme --max-daily-loss 500",),
    "shadow on": ("hedgerow shadow on --client acme", "hedgerow shadow on --client acme --tournament 231"),
    "shadow off": ("hedgerow shadow off --client acme",),
    "shadow list": ("hedgerow shadow list",),
    "shadow report": ("hedgerow shadow report --client acme --json",),
    "bookmakers limits": ("hedgerow bookmakers limits pinnacle --max 5000 --min 5",),
    "bookmakers list": ("hedgerow bookmakers list",),
    "bookmakers enable": ("hedgerow bookmakers enable kalshi",),
    "bookmakers disable": ("hedgerow bookmakers disable kalshi",),
    "currencies set": ("hedgerow currencies set EUR 0.92",),
    "currencies remove": ("hedgerow currencies remove EUR",),
    "currencies list": ("hedgerow currencies list",),
    "bets waiting": ("hedgerow bets waiting --hours 12",),
    "bets decide": (
        'hedgerow bets decide 17 --never-reached --reason "not in their history"',
        'hedgerow bets decide 17 --taken-as 4711 --odds 1.95 --stake 10 --reason "found by hand"',
    ),
    "bets settle": ('hedgerow bets settle 18 WON --reason "their results page"',),
    "emergency on": ('hedgerow emergency on --reason "wrong odds"',),
    "emergency off": ("hedgerow emergency off",),
    "emergency stop": ('hedgerow emergency stop --reason "wrong odds"',),
    "emergency soft-pause": ('hedgerow emergency soft-pause --reason "maintenance"',),
    "emergency status": ("hedgerow emergency status --json",),
    "mappings list": ("hedgerow mappings list --undecided", "hedgerow mappings list --venue kalshi --json"),
    "mappings confirm": ("hedgerow mappings confirm kalshi KXATPMATCH-26AUG01SINALC-SIN",),
    "mappings reject": ("hedgerow mappings reject kalshi KXATPMATCH-26AUG01SINALC-SIN",),
    "venues list": ("hedgerow venues list",),
    "venues check": ("hedgerow venues check kalshi",),
    "venues exam": ("hedgerow venues exam kalshi --verbose", "hedgerow venues exam --json"),
    "venues vectors": ("hedgerow venues vectors kalshi.json polymarket.json --json",),
    "bridge serve": ("hedgerow bridge serve my_bridge:MyBridge --port 8010",),
    "bridge check": (
        "hedgerow bridge check https://bridge.example.org/bridge/v1 --play-money",
        "hedgerow bridge check http://127.0.0.1:8010/bridge/v1 --case BR-07",
    ),
    "bridge desk": ('hedgerow bridge desk --bookmaker betcris --account main=USD --responsible "Example Ltd"',),
    "bridge jobs": ("hedgerow bridge jobs --json",),
    "bridge take": ("hedgerow bridge take ebb4c11a --as Ann",),
    "bridge placed": ("hedgerow bridge placed ebb4c11a --ticket T-4711 --stake 200 --price 1.97 --as Ann",),
    "bridge impossible": ("hedgerow bridge impossible ebb4c11a --code price_changed --as Ann",),
    "bridge balance": ("hedgerow bridge balance main 812.50 --as Ann",),
    "bridge decisions": ("hedgerow bridge decisions --json",),
}
"""By the words after `hedgerow`."""


def show_examples(command: click.Command, path: str) -> None:
    """Lets the help of a command, and of all below it, end with its examples."""
    if examples := EXAMPLES.get(path):
        command.epilog = "\b\n" + "\n".join(("Examples:", *(f"  {example}" for example in examples)))
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            show_examples(below, f"{path} {name}")
