"""What tests of whole commands and services start from."""

import pytest

from models.registry import CURRENT


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory):
    """A registry whose live version is tiny, trained and exported by the real code."""
    from support_model import copied_artifact  # brings torch, which takes seconds

    root = tmp_path_factory.mktemp("artifacts")
    (root / CURRENT).write_text(copied_artifact(root).name + "\n")
    return root
