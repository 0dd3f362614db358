"""Every parser of bytes from outside, by name."""

from __future__ import annotations

import importlib
import pkgutil

from tests.fuzz.harness import Parser


def all_parsers() -> dict[str, Parser]:
    """Of all modules of this folder."""
    found: dict[str, Parser] = {}
    for module in pkgutil.iter_modules(__path__):
        for parser in importlib.import_module(f"{__name__}.{module.name}").PARSERS:
            assert parser.name not in found, parser.name
            found[parser.name] = parser
    return found
