from tests.benchmarks.serve_figures import Rate
from tests.benchmarks.stored_fill import contacts, sender
from tests.benchmarks.stored_table import Row, change


def row(rows, clients, per_s):
    rate = Rate(per_s=per_s, p50_ms=1.0, p99_ms=2.0, answers=1, failed=0)
    return Row(
        database="sqlite",
        rows=rows,
        clients=clients,
        rate=rate,
        delivered_per_s=1.0,
        drained_s=0.0,
        memory_mb=1.0,
        start_s=1.0,
    )


def test_a_change_is_told_against_the_fewest_rows_with_as_many_clients():
    found = [row(1_000, 1, 10.0), row(1_000, 8, 40.0), row(10_000, 8, 30.0)]

    assert [change(one, found) for one in found] == [0.0, 0.0, -0.25]


def test_new_messages_come_from_people_who_wrote_before():
    known = {sender(number, 100) for number in range(100)}

    assert len(known) == contacts(100) == 20
    assert sender(7, 100) in known
    assert sender(0, 100) == "person0@company0.com"
