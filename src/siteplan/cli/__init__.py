"""The command line: one file per command."""

from siteplan.cli.main import main

__all__ = ["main"]
