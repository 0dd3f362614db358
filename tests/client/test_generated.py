"""What is generated is what the served documents give today."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def apis() -> Any:
    return import_module("served_documents").all_apis()


def test_checked_in_files_are_current() -> None:
    expected = import_module("make_clients").expected()
    old = [str(path.relative_to(ROOT)) for path, text in expected.items() if path.read_text() != text]
    assert old == [], "run: python tools/make_clients.py"


def test_every_operation_of_the_contract_has_a_method(apis: Any) -> None:
    count = {api.name: len(api.operations) for api in apis}
    assert count == {"abp": 17, "mm": 34, "scraping": 8}


def test_what_changes_something_is_never_taken_for_safe_unnoticed(apis: Any) -> None:
    found = {operation.name for api in apis for operation in api.operations if operation.repeat == "NEVER"}
    assert found == {"create_account", "delete_account", "cancel_order", "render_by_json"}


HEAVY = (
    "fastapi",
    "starlette",
    "uvicorn",
    "asyncpg",
    "nats",
    "pydantic",
    "cryptography",
    "aiohttp",
    "prometheus_client",
)


def test_importing_the_client_loads_nothing_of_the_services() -> None:
    program = f"import sys, hedgerow.client; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
