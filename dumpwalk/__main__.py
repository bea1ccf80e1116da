"""``python -m dumpwalk``."""

from dumpwalk.cli import program

program()
