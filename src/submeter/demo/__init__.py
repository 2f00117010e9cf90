"""A made-up company to look at and try things on: two small ESCOs with people and a year of half-hours."""

from submeter.demo.seed import DemoCompany, refuse_strangers, seed

__all__ = ["DemoCompany", "refuse_strangers", "seed"]
