import json
import shutil
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx2
import pytest
from sqlalchemy import select
from support_cli import Cli
from support_receiver import Receiver, held, status
from support_service import STOP_S, Inlet, environ_of, run_inlet

from app.storage import outbox, tables
from app.storage.engine import open_database

PRICING = {"text": "price cost quote discount licence budget"}
ENDPOINTS = ("sales", "success", "support", "inbox")
LOOPBACK = "127.0.0.0/8"


@pytest.fixture
def environ(tmp_path, artifacts):
    return environ_of(
        tmp_path, artifacts=artifacts, port=0, egress_allow_cidrs=LOOPBACK, delivery_timeout_s=9
    )


@pytest.fixture
def service(tmp_path, environ):
    with Inlet("serve", environ=environ, folder=tmp_path) as running:
        yield running


def client_of(running):
    return httpx2.Client(base_url=running.wait_until_it_listens(), timeout=60, trust_env=False)


def add_endpoints(tmp_path, receiver):
    cli = Cli(tmp_path, egress_allow_cidrs=LOOPBACK)
    for name in ENDPOINTS:
        cli.json("endpoints", "add", name, receiver.url)


def stored_ids(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/data/inlet.db")
    with database.read() as conn:
        found = set(conn.scalars(select(tables.messages.c.id)))
    database.close()
    return found


def deliveries(tmp_path):
    """What stands in the outbox: status and attempts."""
    database = open_database(f"sqlite:///{tmp_path}/data/inlet.db")
    with database.read() as conn:
        found = [(delivery.status.value, delivery.attempts) for delivery in outbox.listed(conn)]
    database.close()
    return found


def test_a_service_says_where_it_is_and_how_open(service):
    with client_of(service) as client:
        assert client.get("/readyz").json()["ready"]
        answer = client.post("/v1/classify", json=PRICING)

    assert answer.json()["predictions"][0]["primary"] == "pricing"
    said = service.said()
    assert f"try: curl -s {client.base_url!s}".rstrip("/") in said
    assert "OPEN: no API key exists" in said


def test_the_link_that_a_start_prints_opens_the_sign_in(service):
    with client_of(service) as client:
        link = service.wait_until_it_says("sign in, once and within 15 minutes: ")
        answer = client.get(link)

    assert link.startswith(f"{client.base_url!s}".rstrip("/") + "/login?link=")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_logs_are_json_lines_that_hold_no_text(service):
    with client_of(service) as client:
        client.post("/v1/messages", json={"text": "canary-text price", "subject": "canary-subject"})
    service.stop()

    lines = [line for line in service.said().splitlines() if line.startswith("{")]
    assert {"request"} <= {json.loads(line)["event"] for line in lines}
    assert "canary" not in service.said()


def test_no_library_leaves_an_id_or_reports_home(tmp_path, service):
    """The import of onnxruntime is enough for both, unless it is told not to."""
    with client_of(service) as client:
        client.post("/v1/classify", json=PRICING)
    service.stop()

    assert not (tmp_path / ".cache").exists()


def test_a_closed_service_asks_for_a_key(tmp_path, environ):
    key = Cli(tmp_path).json("keys", "create", "gateway")["key"]
    with Inlet("serve", environ=environ, folder=tmp_path) as running, client_of(running) as client:
        without = client.post("/v1/classify", json=PRICING)
        with_key = client.post(
            "/v1/classify", json=PRICING, headers={"authorization": f"Bearer {key}"}
        )

    assert (without.status_code, with_key.status_code) == (401, 200)
    assert '-H "authorization: Bearer $INLET_API_KEY"' in running.said()
    assert "OPEN" not in running.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_and_what_was_acknowledged_is_stored(tmp_path, service, number):
    acknowledged = []
    stopped = threading.Event()

    def post(client):
        while not stopped.is_set():
            try:
                answer = client.post("/v1/messages", json=PRICING)
            except httpx2.HTTPError:
                return
            acknowledged.append(answer.json()["id"])

    with client_of(service) as client, ThreadPoolExecutor(4) as pool:
        posting = [pool.submit(post, client) for _ in range(4)]
        while len(acknowledged) < 20 and not all(one.done() for one in posting):
            stopped.wait(0.01)
        code = service.stop(number)
        stopped.set()

    assert code == 0
    assert len(acknowledged) >= 20
    assert set(acknowledged) <= stored_ids(tmp_path)
    assert "Traceback" not in service.said()


def test_requests_that_were_taken_are_answered_before_the_end(tmp_path, environ):
    """A body that is still on its way when the signal comes is waited for."""
    with Inlet("serve", environ=environ, folder=tmp_path) as running:
        port = int(running.wait_until_it_listens().rpartition(":")[2])
        body = json.dumps(PRICING).encode()
        head = (
            b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body)
        )
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(head)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")  # the body is waited for
            running.process.send_signal(signal.SIGTERM)
            running.wait_until_it_says("Shutting down")
            connection.sendall(body)
            answer = connection.recv(65_536)

        assert answer.startswith(b"HTTP/1.1 201 ")
        assert running.process.wait(STOP_S) == 0


def test_an_attempt_in_flight_is_finished_and_recorded_before_the_end(tmp_path, environ):
    release = threading.Event()
    with Receiver(held(release, status(200))) as receiver:
        add_endpoints(tmp_path, receiver)
        with Inlet("serve", environ=environ, folder=tmp_path) as running:
            with client_of(running) as client:
                assert len(client.post("/v1/messages", json=PRICING).json()["deliveries"]) == 1
            receiver.wait_for(1, timeout_s=60)
            running.process.send_signal(signal.SIGTERM)
            running.wait_until_it_says("Shutting down")
            release.set()
            code = running.process.wait(STOP_S)

    assert code == 0
    assert deliveries(tmp_path) == [("delivered", 1)]


def test_a_second_signal_ends_the_service_at_once(tmp_path, environ):
    with Receiver(held(threading.Event(), b"")) as receiver:
        add_endpoints(tmp_path, receiver)
        with Inlet("serve", environ=environ, folder=tmp_path) as running:
            with client_of(running) as client:
                client.post("/v1/messages", json=PRICING)
            receiver.wait_for(1, timeout_s=60)
            running.process.send_signal(signal.SIGTERM)
            running.wait_until_it_says("Shutting down")

            assert running.stop(signal.SIGTERM, timeout_s=5) == -signal.SIGTERM


def test_a_signal_while_the_service_is_put_together_ends_it_in_peace(tmp_path, environ):
    with Inlet("serve", environ=environ, folder=tmp_path) as running:
        deadline_s = 60
        while not (tmp_path / "data").exists() and deadline_s > 0:
            threading.Event().wait(0.005)
            deadline_s -= 0.005
        code = running.stop()

    assert code == 0
    assert "Traceback" not in running.said()


def test_metrics_tell_what_came_of_attempts(tmp_path, environ):
    with Receiver(status(204)) as receiver:
        add_endpoints(tmp_path, receiver)
        with (
            Inlet("serve", environ=environ, folder=tmp_path) as running,
            client_of(running) as client,
        ):
            client.post("/v1/messages", json=PRICING)
            receiver.wait_for(1, timeout_s=60)
            running.wait_until_it_says('"event": "attempt"')
            metrics = client.get("/metrics").text

    assert 'inlet_delivery_attempts_total{result="delivered"} 1.0' in metrics.splitlines()


def test_a_port_in_use_is_told_before_anything_is_loaded(tmp_path, environ):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        ended = run_inlet("serve", "--port", str(port), environ=environ, cwd=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.decode() == (
        f"error: cannot listen on 127.0.0.1 port {port}: Address already in use; "
        "set INLET_HOST and INLET_PORT, or give --host and --port\n"
    )
    assert not (tmp_path / "data").exists()


def test_the_usual_port_in_use_is_passed_over_and_said(tmp_path, environ):
    del environ["INLET_PORT"]
    with ExitStack() as held:
        with suppress(OSError):  # whatever else has it will do
            held.enter_context(socket.create_server(("127.0.0.1", 8080)))
        running = held.enter_context(Inlet("serve", environ=environ, folder=tmp_path))

        url = running.wait_until_it_listens()

    taken = int(url.rpartition(":")[2])
    assert 8080 < taken <= 8090
    assert running.said().startswith(f"port 8080 is in use; taking {taken}\n")


def test_a_port_of_the_settings_is_not_changed_for_another(tmp_path, environ):
    with socket.create_server(("127.0.0.1", 0)) as other:
        environ["INLET_PORT"] = str(other.getsockname()[1])

        ended = run_inlet("serve", environ=environ, cwd=tmp_path)

    assert ended.returncode == 1
    assert b"Address already in use" in ended.stderr


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_told(tmp_path, environ, host):
    ended = run_inlet("serve", "--host", host, environ=environ, cwd=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.decode().startswith(f"error: cannot listen on {host} port 0: ")
    assert ended.stderr.count(b"\n") == 1


def test_a_port_that_does_not_exist_is_a_usage_error(tmp_path, environ):
    ended = run_inlet("serve", "--port", "70000", environ=environ, cwd=tmp_path)

    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


def test_a_spoilt_artifact_is_not_served_and_its_file_is_named(tmp_path, artifacts, environ):
    version = (artifacts / "CURRENT").read_text().split()[0]
    root = shutil.copytree(artifacts, tmp_path / "artifacts")
    network = root / version / "model.onnx"
    network.write_bytes(network.read_bytes() + b"\0")

    ended = run_inlet("serve", environ={**environ, "INLET_ARTIFACTS": str(root)}, cwd=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.decode() == (
        f"error: {network}: its SHA-256 is not the manifest's; restore the file, "
        "or go back to another version with `inlet models rollback`\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_variable_that_no_setting_has_stops_what_would_run_for_long(tmp_path, environ, command):
    ended = run_inlet(command, environ={**environ, "INLET_PROT": "80"}, cwd=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr == b"error: INLET_PROT is not a setting: did you mean INLET_PORT?\n"


def test_a_worker_delivers_beside_a_service_that_only_takes_messages_in(tmp_path, environ):
    with Receiver(status(204)) as receiver:
        add_endpoints(tmp_path, receiver)
        apart = {**environ, "INLET_RUN_WORKER": "false"}
        with Inlet("serve", environ=apart, folder=tmp_path) as running:
            with client_of(running) as client:
                client.post("/v1/messages", json=PRICING)
                assert client.get("/readyz").json()["worker"] == "off"
            assert receiver.requests == []
            with Inlet("worker", environ=environ, folder=tmp_path) as worker:
                worker.wait_until_it_says("delivering; stop with Ctrl-C")
                receiver.wait_for(1, timeout_s=60)
                code = worker.stop(signal.SIGINT)

    assert code == 0
    assert deliveries(tmp_path) == [("delivered", 1)]
    assert "Traceback" not in worker.said()
