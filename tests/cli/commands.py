"""What the fork server reads before the first command: the code of all of them."""

from hedgerow.cli.main import _GROUPS, cli

for _name in _GROUPS:
    cli.get_command(None, _name)  # type: ignore[arg-type]
