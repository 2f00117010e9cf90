"""A demo of its own for the pages: their examples may change it, and show what a new one answers."""

from journeys.conftest import demo

__all__ = ["demo"]
