"""What a policy is held against: the live model's labels, and the endpoints that are there."""

from collections.abc import Collection
from contextlib import closing

from app.cli.output import say
from app.errors import StorageDown
from app.parts import open_database_of
from app.routing.loading import ANY_LABELS, Labels
from app.settings import Settings
from app.storage import endpoints
from app.storage.engine import file_of_url
from models import registry
from models.artifact import read_artifact
from models.errors import ModelError


def known_labels(settings: Settings) -> Labels:
    """Read the labels of the live model; without one they are not looked at."""
    try:
        folder = settings.artifacts / registry.live_version(settings.artifacts)
        manifest, _ = read_artifact(folder)
    except (ModelError, OSError):
        say("no model can be read: labels are not checked; `inlet doctor` says more")
        return ANY_LABELS
    return Labels(manifest.intents.labels, manifest.signals)


def known_endpoints(settings: Settings) -> Collection[str] | None:
    """Read the names of all endpoints; None where there is no database yet, and none is made."""
    file = file_of_url(settings.effective_database_url)
    if file is not None and not file.exists():
        return None
    try:
        with closing(open_database_of(settings)) as database, database.read() as conn:
            return [endpoint.name for endpoint in endpoints.all_endpoints(conn)]
    except StorageDown:
        say("the database does not answer: endpoints are not checked")
        return None
