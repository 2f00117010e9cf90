"""A made-up company to look at and try things on: two small ESCOs with people and a year of half-hours."""

from submeter.demo.seed import DemoCompany, seed

__all__ = ["DemoCompany", "seed"]
