"""Who may use a bridge, as its operator writes it down."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.bridging.bridge import Terms
from hedgerow.bridging.clients import read_clients
from hedgerow.bridging.wire import Basis
from hedgerow.core.errors import SetupError

TERMS = Terms("vertex", Basis.BOOKMAKER_CONTRACT, "Example Ltd", {"main": "USD", "other": "EUR"})
ONE = '[[client]]\ntoken = "throwaway-token-1"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clients.toml"
    path.touch(0o600)
    return path


def test_each_router_has_its_token_and_its_accounts(file: Path) -> None:
    file.write_text(ONE + '[[client]]\ntoken = "throwaway-token-2"\nhmac_secret = "s"\naccounts = ["other"]\n')
    first, second = read_clients(file, TERMS)
    assert (first.token.reveal(), first.secret, first.accounts) == ("throwaway-token-1", None, {"main", "other"})
    assert (second.secret is not None, second.accounts) == (True, {"other"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "cannot be read"),
        ("client = []", "no client"),
        ("[[client]]\n", "cannot be read"),
        (ONE + 'tokens = "x"\n', "cannot be read"),
        (ONE + ONE, "two with one token"),
        (ONE + 'accounts = ["nobody"]\n', "no account nobody"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_no_token_told(file: Path, text: str, why: str) -> None:
    file.write_text(text)
    with pytest.raises(SetupError, match=why) as refused:
        read_clients(file, TERMS)
    assert "throwaway" not in str(refused.value)


def test_a_file_that_others_can_read_is_refused(file: Path) -> None:
    file.write_text(ONE)
    file.chmod(0o640)
    with pytest.raises(SetupError, match="open to others"):
        read_clients(file, TERMS)
    with pytest.raises(SetupError, match="No such file"):
        read_clients(file.with_name("nowhere"), TERMS)
