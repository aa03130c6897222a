"""The command line `market-pipeline`: what a person types.  One module a group of commands; `app` puts them together."""

from market_pipeline.cli.app import main

__all__ = ["main"]
