"""Builds the folder of the packages that the JavaScript of the documents needs (requirements/node); prints it.

Needs node and npm, which are the machine's own. Standard library only.
"""

from __future__ import annotations

from locked_env import ROOT, LockedModules

PACKAGES = LockedModules("the documents' JavaScript", ROOT / ".venv-node", ROOT / "requirements/node/package-lock.json")

if __name__ == "__main__":
    print(PACKAGES.ensure())
