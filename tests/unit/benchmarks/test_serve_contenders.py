import json

from tests.benchmarks.serve_contenders import by_probability, by_sign
from tests.benchmarks.serve_process import kib_in


def test_probabilities_count_from_one_half():
    said = {"intents:demo_request": 0.5, "intents:pricing": 0.49, "intents:support": 0.9}
    said |= {"intents:churn_risk": 0.0, "intents:other": 0.0, "urgency:high": 1.0}

    assert by_probability(json.dumps(said).encode()) == {"demo_request", "support"}


def test_of_an_embedding_the_signs_of_the_intents_count():
    body = json.dumps({"data": [{"embedding": [0.2, -0.1, -0.5, 0.7, -0.1, 0.9]}]}).encode()

    assert by_sign(body) == {"demo_request", "churn_risk"}


def test_memory_is_read_by_its_name():
    status = "Name:\tpython\nPss_Anon:  99 kB\nPss:   1234 kB\n"

    assert kib_in(status, "Pss:") == 1234
    assert kib_in(status, "VmRSS:") == 0
