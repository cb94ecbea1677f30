"""What tests of whole commands and services start from."""

import pytest
from support_service import copy_artifact


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory):
    """A registry whose live version is tiny, trained and exported by the real code."""
    from support_model import tiny_artifact  # brings torch, which takes seconds

    root, version = tiny_artifact()
    return copy_artifact(root, version, tmp_path_factory.mktemp("artifacts"))
