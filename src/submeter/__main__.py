"""`python -m submeter`: the command line."""

from submeter.cli import main

main()
