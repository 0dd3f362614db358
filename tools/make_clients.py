"""Writes the generated parts of the clients anew from the documents that our APIs serve.

`python tools/make_clients.py`; tests/client holds what is checked in against `expected`.
"""

from __future__ import annotations

from pathlib import Path

import python_client
import typescript_client
from served_documents import all_apis

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "src" / "hedgerow" / "client"
TYPESCRIPT = ROOT / "clients" / "typescript"


def expected() -> dict[Path, str]:
    """What every generated file is to be."""
    found: dict[Path, str] = {}
    for api in all_apis():
        found |= {PYTHON / name: text for name, text in python_client.files(api).items()}
        found |= {TYPESCRIPT / name: text for name, text in typescript_client.files(api).items()}
    return found


if __name__ == "__main__":
    for path, text in expected().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
