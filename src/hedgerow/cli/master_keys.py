"""Changing the master key: every account's credentials sealed anew, without a moment in which a service cannot read.

1. A fresh key is put in front of the present one in the key file: services read the file again before they seal, and
   when something does not open.
2. In one transaction all credentials are sealed with the fresh key.
3. The other keys are taken out of the file.

Whatever ends it in between, all credentials open with the keys that the file has, and the next run goes on where it
was: a file with several keys is a change under way. docs/decisions/0113.
"""

from __future__ import annotations

from pathlib import Path

from hedgerow.cli.context import vault_of, with_key_file
from hedgerow.core.config import Settings, read_master_key
from hedgerow.core.errors import InputError, SetupError
from hedgerow.core.files import write_whole
from hedgerow.core.secrets import Secret, new_master_key
from hedgerow.storage.accounts import MASTER_KEYS, Accounts, open_credentials
from hedgerow.storage.database import Database


async def change_master_key(settings: Settings, database: Database, accounts: Accounts) -> int:
    """Answers how many accounts were sealed anew. Raises SetupError, and nothing is changed, where an account does not
    open with the present keys; InputError for a single key in the environment, which only its owner can change."""
    async with database.lock(MASTER_KEYS):
        vault = vault_of(settings)
        for account in await accounts.accounts():
            open_credentials(account, vault)
        file = None if settings.master_key is not None else with_key_file(settings).master_key_file
        keys = _keys(settings)
        if len(keys) == 1:
            if file is None:
                raise InputError(
                    "HEDGEROW_MASTER_KEY is one key: put a fresh one (hedgerow keys master) and a blank before it, "
                    "restart the services, then repeat this with the same value"
                )
            keys = [new_master_key(), *keys]
            _write(file, keys)
        sealed = await accounts.seal_anew(vault_of(settings))
        if file is not None:
            _write(file, keys[:1])
        return sealed


def _keys(settings: Settings) -> list[str]:
    text = read_master_key(with_key_file(settings)) or Secret("")
    return text.reveal().split()


def _write(file: Path, keys: list[str]) -> None:
    try:
        write_whole(file.resolve(), "".join(f"{key}\n" for key in keys))
    except OSError as error:
        raise SetupError(f"the key file {file} cannot be written: {error.strerror}", "correct its rights") from None
