"""Probes: what disguise, length and the name of the sender do to a classifier's decisions."""

from training.probes.fairness import Fairness
from training.probes.long_text import LongText
from training.probes.robustness import Robustness
from training.probes.run import KINDS, Sizes, prepare, run_probes
from training.probes.serving import HIGH_INTENTS, Classifier

__all__ = [
    "HIGH_INTENTS",
    "KINDS",
    "Classifier",
    "Fairness",
    "LongText",
    "Robustness",
    "Sizes",
    "prepare",
    "run_probes",
]
