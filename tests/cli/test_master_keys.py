"""The master key is changed without a moment in which credentials cannot be read, whatever ends the change."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from hedgerow.cli import master_keys
from hedgerow.cli.master_keys import change_master_key
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings, vault_of_settings
from hedgerow.core.errors import InputError, SetupError
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.tasks import spawn
from hedgerow.storage.accounts import MASTER_KEYS, Accounts, VenueAccount, check_master_key, open_credentials
from hedgerow.storage.database import Database

OLD = new_master_key()


class KilledError(Exception):
    """The process is killed here."""


class Place:
    """A deployment with three accounts, and a service that started before the change."""

    def __init__(self, database: Database, file: Path) -> None:
        self.database, self.file = database, file
        file.write_text(OLD)
        file.chmod(0o600)
        self.settings = Settings(master_key_file=file)
        self.accounts = Accounts(database, SystemClock())
        self.service = vault_of_settings(self.settings)

    async def add(self, username: str) -> None:
        await self.accounts.add_account(
            "pinnacle", username, "acme", vault=self.service, credentials={"password": f"of {username}"}
        )

    async def change(self) -> int:
        return await change_master_key(self.settings, self.database, self.accounts)

    async def read(self, vault: Vault) -> list[str]:
        rows = await self.accounts.accounts()
        return sorted(open_credentials(row, vault)["password"].reveal() for row in rows)

    async def opens_for(self, key: str) -> int:
        """How many accounts are sealed with a key."""
        vault = Vault(Secret(key))
        return sum([vault.is_current(row.sealed, row.identity) for row in await self.accounts.accounts()])


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> Place:
    found = Place(database, tmp_path / "master.key")
    await found.accounts.add_client("acme", "Acme")
    for username in ("a", "b", "c"):
        await found.add(username)
    return found


async def test_all_is_sealed_with_a_fresh_key_and_the_old_one_is_gone(place: Place) -> None:
    assert await place.change() == 3
    (fresh,) = place.file.read_text().split()
    assert fresh != OLD
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert (await place.opens_for(OLD), await place.opens_for(fresh)) == (0, 3)
    assert await place.read(Vault(Secret(fresh))) == ["of a", "of b", "of c"]


async def test_running_service_reads_and_seals_with_the_fresh_key(place: Place) -> None:
    old_rows = await place.accounts.accounts()
    await place.change()
    assert await place.read(place.service) == ["of a", "of b", "of c"]
    await place.add("d")
    assert await place.opens_for(place.file.read_text().strip()) == 4
    # What it had read before the change goes on being opened.
    assert open_credentials(old_rows[0], place.service)["password"].reveal() == "of a"


@pytest.mark.parametrize("step", ["before sealing", "in the middle of sealing", "after sealing"])
async def test_interrupted_change_leaves_all_readable_and_is_taken_up(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    seal, seen = Vault.seal, []

    def killed_at_the_second(vault: Vault, text: str, identity: str) -> bytes:
        seen.append(identity)
        return seal(vault, text, identity) if len(seen) < 2 else killed() or b""

    write = master_keys._write
    with monkeypatch.context() as patched:
        if step == "before sealing":
            patched.setattr(Accounts, "seal_anew", killed)
        elif step == "in the middle of sealing":
            patched.setattr(Vault, "seal", killed_at_the_second)
        else:
            patched.setattr(master_keys, "_write", lambda file, keys: write(file, keys) if keys[1:] else killed())
        with pytest.raises(KilledError):
            await place.change()
    fresh, old = place.file.read_text().split()
    assert old == OLD
    for vault in (place.service, vault_of_settings(place.settings)):
        assert await place.read(vault) == ["of a", "of b", "of c"]

    done_before = 3 if step == "after sealing" else 0
    assert await place.opens_for(fresh) == done_before
    assert await place.change() == 3 - done_before
    assert place.file.read_text().split() == [fresh]
    assert await place.opens_for(fresh) == 3


async def test_account_that_is_stored_during_a_change_is_sealed_with_the_fresh_key(place: Place) -> None:
    async with place.database.lock(MASTER_KEYS):  # a change is under way
        adding = spawn(place.add("d"), "add")
        await asyncio.sleep(0.05)
        assert not adding.done()
        fresh = new_master_key()
        place.file.write_text(f"{fresh}\n{OLD}\n")
    await adding
    assert await place.opens_for(fresh) == 1


async def test_key_that_does_not_open_everything_changes_nothing(place: Place) -> None:
    wrong = new_master_key()
    place.file.write_text(wrong)
    with pytest.raises(SetupError, match="pinnacle/a do not open with this master key"):
        await change_master_key(place.settings, place.database, place.accounts)
    assert place.file.read_text() == wrong
    assert await place.opens_for(OLD) == 3


async def test_keys_of_the_environment_are_changed_by_their_owner(place: Place) -> None:
    with pytest.raises(InputError, match="put a fresh one"):
        await change_master_key(Settings(master_key=Secret(OLD)), place.database, place.accounts)
    fresh = new_master_key()
    both = Settings(master_key=Secret(f"{fresh} {OLD}"))
    assert await change_master_key(both, place.database, place.accounts) == 3
    assert await place.opens_for(fresh) == 3
    assert place.file.read_text() == OLD


async def test_service_with_a_wrong_key_is_told_once(place: Place) -> None:
    await check_master_key(place.accounts, place.service)
    with pytest.raises(SetupError, match="do not open with this master key"):
        await check_master_key(place.accounts, Vault(Secret(new_master_key())))


async def test_one_account_that_does_not_open_does_not_refuse_the_start(place: Place) -> None:
    await place.database.execute("update accounts set sealed = 'junk' where username = 'a'")
    await check_master_key(place.accounts, place.service)


async def test_sealed_credentials_do_not_open_in_another_row(place: Place) -> None:
    await place.database.execute("update accounts set sealed = (select sealed from accounts where username = 'a')")
    rows: dict[str, VenueAccount] = {row.username: row for row in await place.accounts.accounts()}
    open_credentials(rows["a"], place.service)
    with pytest.raises(SetupError, match="pinnacle/b do not open"):
        open_credentials(rows["b"], place.service)
