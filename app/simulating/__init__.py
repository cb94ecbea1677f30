"""What another policy would have decided about the messages that are stored."""

from app.simulating.replay import simulate, span
from app.simulating.report import Example, Simulation

__all__ = ["Example", "Simulation", "simulate", "span"]
