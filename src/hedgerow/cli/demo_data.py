"""The demo clients of a simulated deployment: their keys, accounts and settings, the same over every restart."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import get_args

import msgspec

from hedgerow.cli.simulated import DEMO_CLIENTS, MAX_OUTCOME_STAKE, demo_accounts
from hedgerow.core.errors import SetupError
from hedgerow.core.files import write_json
from hedgerow.core.secrets import Vault
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts, Service

FILE = "demo.json"
"""In the data folder, mode 0600: the demo clients' keys, which the database has as hashes only. Where it is, the
folder belongs to a simulated deployment."""

SERVICES: tuple[Service, ...] = get_args(Service)


class DemoKey(msgspec.Struct, frozen=True):
    """As it stands in the ready file."""

    key: str
    client: str


DemoKeys = dict[str, list[DemoKey]]
"""By service: `abp`, `mm`, `scraping`."""


def is_simulated(data_dir: Path) -> bool:
    """Whether the folder was made by a simulated deployment."""
    return (data_dir / FILE).exists()


async def ensure_demo_data(data_dir: Path, accounts: Accounts, switches: Switches, vault: Vault) -> DemoKeys:
    """Makes what is missing, and leaves what is there as it is; answers the keys. Raises SetupError."""
    keys = _keys(data_dir / FILE)
    for client, bookmaker in DEMO_CLIENTS.items():
        if await accounts.add_client(client, client.capitalize()):
            await switches.add_client(client, bookmaker)
    for service in SERVICES:
        for key in keys[service]:
            await accounts.create_key(key.client, service, key=key.key)
    for account in demo_accounts():
        await accounts.add_account(
            account.venue,
            account.username,
            account.client,
            vault=vault,
            credentials=account.credentials,
            max_outcome_stake=MAX_OUTCOME_STAKE,
        )
    return keys


def _keys(path: Path) -> DemoKeys:
    """The folder's keys, made when they are first needed, and written before the database has them."""
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=DemoKeys)
    except FileNotFoundError:
        keys = {service: [DemoKey(str(uuid.uuid4()), client) for client in DEMO_CLIENTS] for service in SERVICES}
        write_json(path, keys)
    except msgspec.DecodeError:
        raise SetupError(f"{path} does not hold the demo keys", "remove it; other keys are made then") from None
    if missing := [service for service in SERVICES if service not in keys]:
        raise SetupError(f"{path} has no keys for {', '.join(missing)}", "remove it; other keys are made then")
    return keys
