"""Prints what a scraping agent needs, the extra `agent` of pyproject.toml, for the lock of a machine with no more."""

from __future__ import annotations

import tomllib

from locked_env import ROOT


def agent_requirements() -> list[str]:
    """As pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"]["agent"])


if __name__ == "__main__":
    print("\n".join(agent_requirements()))
