"""What tests of whole commands and services start from."""

import pytest
from support_browser import served
from support_inbox_pages import running_inbox

from models.registry import CURRENT


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory):
    """A registry whose live version is tiny, trained and exported by the real code."""
    from support_model import copied_artifact  # brings torch, which takes seconds

    root = tmp_path_factory.mktemp("artifacts")
    (root / CURRENT).write_text(copied_artifact(root).name + "\n")
    return root


@pytest.fixture
def pages(database, clock, tmp_path):
    """The application with its pages, and a policy with owners."""
    with running_inbox(database, clock, tmp_path) as pages:
        yield pages


@pytest.fixture
def url(pages):
    """Where these pages are served, for a real browser."""
    with served(pages.api.app) as url:
        yield url
        pages.api.app.state.is_stopping = lambda: True
