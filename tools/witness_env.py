"""Builds the environment of the witnesses: clients of the venues that nobody here wrote (requirements/witness.txt).

It is apart from the project's own environment, because those clients pin packages that the project must not. Standard
library only; prints the path of the environment's Python.
"""

from __future__ import annotations

from locked_env import ROOT, LockedEnvironment

WITNESSES = LockedEnvironment("the witnesses", ROOT / ".venv-witness", ROOT / "requirements" / "witness.txt")

if __name__ == "__main__":
    print(WITNESSES.ensure())
