"""Metering: meters and registers, readings of dials, intervals; where each number came from."""
