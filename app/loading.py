"""The live model, which can be loaded while the rest of a start goes on."""

from concurrent.futures import Future, ThreadPoolExecutor

from app.errors import ConfigError
from app.settings import Settings
from models import registry
from models.classifier import IntentClassifier
from models.errors import ModelError


def load_classifier(settings: Settings) -> IntentClassifier:
    """Load the live model.

    Raises:
        ConfigError: Names the file that keeps it from being served.
    """
    try:
        version = registry.live_version(settings.artifacts)
        return registry.load(settings.artifacts, version, threads=settings.threads)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error


def begin_loading(settings: Settings) -> Future[IntentClassifier]:
    """Load it in a thread: for most of that time it does not hold the interpreter's lock."""
    pool = ThreadPoolExecutor(1, "loading")
    loading = pool.submit(load_classifier, settings)
    pool.shutdown(wait=False)
    return loading
