import json
import shutil
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text as sql
from starlette.testclient import TestClient
from support import an_endpoint
from support_model import edit_manifest
from support_receiver import Receiver, held, status

from app import main
from app.api import metrics as meters
from app.api.metrics import Metrics
from app.domain import Answer
from app.errors import ConfigError
from app.settings import Settings
from app.storage import endpoints
from app.storage.engine import open_database
from app.webhook import sender
from app.webhook.signing import new_secret

PRICING = {"text": "price cost quote discount licence budget"}


@pytest.fixture
def settings(tmp_path, artifacts):
    return Settings(
        artifacts=artifacts, data_dir=tmp_path / "data", egress_allow_cidrs=("127.0.0.0/8",)
    )


def client_of(app):
    return TestClient(app, base_url="http://127.0.0.1:8080", client=("127.0.0.1", 50_000))


def add_endpoint(settings, url):
    database = main.open_database_of(settings)
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(url=url, secrets=(new_secret(),)))
    database.close()


def open_files(folder):
    """Files under a folder that this process holds open."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [path for path in links if path.is_relative_to(folder)]


def threads_named(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


def raise_config_error(*_args, **_kwargs):
    raise ConfigError("as the test wants it")


def test_a_message_is_classified_stored_and_delivered(settings):
    with Receiver(status(204)) as receiver:
        add_endpoint(settings, receiver.url)
        with client_of(main.create_app(settings)) as client:
            answer = client.post("/v1/messages", json=PRICING).json()
            (request,) = receiver.wait_for(1, timeout_s=30)

    assert answer["decision"]["route"] == "sales"
    assert [delivery["id"] for delivery in answer["deliveries"]] == [request.headers["webhook-id"]]
    assert json.loads(request.body)["data"]["message_id"] == answer["id"]


def test_the_end_of_the_server_closes_all_that_was_opened(settings):
    with client_of(main.create_app(settings)) as client:
        assert client.get("/readyz").status_code in (200, 503)
        assert open_files(settings.data_dir)

    assert open_files(settings.data_dir) == []
    assert threads_named("batcher") == threads_named("worker") == []


def test_the_end_waits_for_an_attempt_in_flight(settings):
    release = threading.Event()
    with Receiver(held(release, status(204))) as receiver:
        add_endpoint(settings, receiver.url)
        app = main.create_app(settings)
        with client_of(app) as client:
            message = client.post("/v1/messages", json=PRICING).json()["id"]
            receiver.wait_for(1, timeout_s=30)
            app.state.runtime.begin_stop()
            threading.Timer(0.2, release.set).start()

    database = open_database(settings.effective_database_url)
    with database.read() as conn:
        rows = conn.execute(sql("SELECT message_id, status, attempts FROM deliveries")).all()
    database.close()
    assert rows == [(message, "delivered", 1)]


def test_without_a_worker_nothing_is_delivered_and_readiness_says_so(settings):
    settings = settings.model_copy(update={"run_worker": False})
    with Receiver() as receiver:
        add_endpoint(settings, receiver.url)
        with client_of(main.create_app(settings)) as client:
            assert len(client.post("/v1/messages", json=PRICING).json()["deliveries"]) == 1
            state = client.get("/readyz").json()

        assert (state["ready"], state["worker"]) == (True, "off")
        assert receiver.requests == []


def test_the_environment_makes_the_service(settings, monkeypatch):
    monkeypatch.setenv("INLET_ARTIFACTS", str(settings.artifacts))
    monkeypatch.setenv("INLET_DATA_DIR", str(settings.data_dir))

    with client_of(main.from_env()) as client:
        answer = client.post("/v1/classify", json=PRICING)

    assert answer.json()["predictions"][0]["labels"] == ["pricing"]


def test_what_was_opened_is_closed_where_the_service_cannot_be_put_together(settings, monkeypatch):
    monkeypatch.setattr(main, "create_api", raise_config_error)

    with pytest.raises(ConfigError):
        main.create_app(settings)

    assert (settings.data_dir / "inlet.db").exists()
    assert open_files(settings.data_dir) == []
    assert threads_named("batcher") == []


def test_a_trust_store_that_is_missing_leaves_nothing_open(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    with pytest.raises(OSError, match="No such file"):
        main.create_app(settings)

    assert open_files(settings.data_dir) == []


def test_a_database_of_a_newer_release_is_closed_again(settings):
    database = main.open_database_of(settings)
    with database.write() as conn:
        conn.execute(sql("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    with pytest.raises(ConfigError, match="made by a newer release"):
        main.create_app(settings)

    assert open_files(settings.data_dir) == []


def test_a_model_that_may_not_be_read_is_named(tmp_path, settings):
    artifacts = tmp_path / "artifacts"
    (artifacts / "CURRENT").mkdir(parents=True)

    with pytest.raises(ConfigError, match="there is no version 'default'"):
        main.create_app(settings.model_copy(update={"artifacts": artifacts}))


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(status_code=200, error_code=None), "delivered"),
        (Answer(status_code=299, error_code=None), "delivered"),
        (Answer(status_code=302, error_code="redirect"), "redirect"),
        (Answer(status_code=410, error_code=None), "4xx"),
        (Answer(status_code=503, error_code=None), "5xx"),
        (Answer(status_code=999, error_code="protocol_error"), "protocol_error"),
        (Answer(status_code=None, error_code="timeout"), "timeout"),
        (Answer(status_code=None, error_code="something new"), "other"),
        (Answer(status_code=999, error_code=None), "other"),
    ],
)
def test_attempts_are_counted_under_names_of_a_closed_set(answer, result):
    metrics = Metrics(CollectorRegistry())

    metrics.count_attempt(answer)

    lines = metrics.render().decode().splitlines()
    assert f'inlet_delivery_attempts_total{{result="{result}"}} 1.0' in lines


def test_every_error_code_of_the_sender_has_a_name_in_the_metrics():
    assert {code for _, code in sender._ERROR_CODES} <= meters._FAILURES


def spoil_digest(folder):
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    return "model.onnx: its SHA-256 is not the manifest's"


def spoil_tokenizer(folder):
    (folder / "tokenizer.json").write_text("{}")
    return "tokenizer.json: its SHA-256 is not the manifest's"


def spoil_cleaning_version(folder):
    edit_manifest(folder, lambda manifest: manifest.update(cleaning_version=99))
    return "manifest.json: cleaning_version 99 is not this program's"


def spoil_label(folder):
    edit_manifest(folder, lambda manifest: manifest["heads"]["intents"]["labels"].pop())
    return "manifest.json: calibration of intents does not fit its labels"


def spoil_label_everywhere(folder):
    """The manifest is of one piece, but the network answers about one label more."""

    def drop(manifest):
        label = manifest["heads"]["intents"]["labels"].pop()
        del manifest["thresholds"][label]
        for constants in manifest["calibration"]["intents"].values():
            constants.pop()

    edit_manifest(folder, drop)
    return f"{folder}: ValueError on loading"


def spoil_manifest(folder):
    (folder / "manifest.json").write_text("[")
    return "manifest.json: not JSON"


def missing_network(folder):
    (folder / "model.onnx").unlink()
    return "model.onnx: missing, or not a regular file"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_digest,
        spoil_tokenizer,
        spoil_cleaning_version,
        spoil_label,
        spoil_label_everywhere,
        spoil_manifest,
        missing_network,
    ],
)
def test_a_spoilt_artifact_is_not_served_and_its_file_is_named(
    tmp_path, artifacts, settings, spoil
):
    version = (artifacts / "CURRENT").read_text().split()[0]
    root = tmp_path / "artifacts"
    shutil.copytree(artifacts, root)
    named = spoil(root / version)

    with pytest.raises(ConfigError) as refused:
        main.create_app(settings.model_copy(update={"artifacts": root}))

    assert named in str(refused.value)
    assert not settings.data_dir.exists()
