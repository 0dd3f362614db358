"""How Sphinx shows the documentation. tools/build_docs.py runs it."""

import tomllib
from pathlib import Path

project = "Hedgerow"
version = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["version"]
extensions = ["myst_parser"]
root_doc = "index"
html_theme = "furo"
html_title = f"{project} {version}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
myst_heading_anchors = 3
pygments_style = "tango"
