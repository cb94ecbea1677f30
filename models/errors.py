"""What can be wrong with a model on disk.

ModelError
├── ArtifactError       a folder that must not be served: names the file and the mend
└── UnknownVersion      a version the registry does not have
"""


class ModelError(Exception):
    """Base of every error about a model on disk."""


class ArtifactError(ModelError):
    """An artifact that must not be loaded; the sentence names the file and what to do."""


class UnknownVersion(ModelError):
    """A version that is not in the registry."""
