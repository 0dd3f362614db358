"""`python -m hedgerow`: the same as the `hedgerow` command."""

from hedgerow.cli.main import main

main()
