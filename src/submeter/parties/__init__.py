"""Customers and the people behind them: here, how they are let in."""
