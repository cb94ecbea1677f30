"""What can go wrong between labelled messages and an artifact.

TrainingError
├── DatasetError        data that cannot be trained on; names file:line
├── BaseError           a base model that is not there, or not the one that was checked
└── ExportError         the exported network does not say what the trained one says
"""


class TrainingError(Exception):
    """Base of every expected error of training; its sentence is for the person at the keyboard."""


class DatasetError(TrainingError):
    """Data that cannot be trained on."""


class BaseError(TrainingError):
    """A base model that is not there, or not the one that was checked."""


class ExportError(TrainingError):
    """The exported network does not say what the trained one says."""
