import json

import numpy as np
import pytest
from support_model import temporary_folder, tiny_artifact, tiny_dataset
from support_probe import ByWord, example, examples
from typer.testing import CliRunner

from training import probe
from training.probes import KINDS, Sizes, run_probes
from training.probes.shares import Share, drop_of

SMALL = Sizes(disguised=10, long_ends=2, hidden=3, fillers=2, named=4)


def test_every_probe_is_run_and_gives_plain_json():
    found = run_probes(ByWord(), examples(), 1, sizes=SMALL)

    assert tuple(found) == KINDS
    assert json.loads(json.dumps(found)) == found
    assert found["robustness"]["perturbations"]["T1 capitals"]["messages"] == 10
    assert found["long_text"]["messages"] == 3
    assert found["fairness"]["messages"] == 4


def test_the_same_seed_finds_the_same():
    first, second, other = (
        run_probes(ByWord(), examples(), seed, sizes=SMALL) for seed in (1, 1, 2)
    )

    assert first == second
    assert first != other


@pytest.mark.parametrize("test", [[], [example("a", "hello", "billing")]], ids=["none", "foreign"])
def test_data_without_high_intents_are_not_probed(test):
    assert run_probes(ByWord(), test, 1) == {}


def run(*args):
    root, version = tiny_artifact()
    tiny_dataset()
    data = temporary_folder() / "rows.jsonl"
    options = ("--root", root, "--data", data, "--most", 2, *args)
    result = CliRunner().invoke(probe.app, [version, *map(str, options)])
    return result.exit_code, result.stdout, " ".join(result.output.split())


def test_the_command_prints_a_table_for_each_probe():
    code, _, said = run()

    assert code == 0
    for told in ("T1 capitals", "T12 after 400", "2 short wishes in 5,000", "Latin American, male"):
        assert told in said


def test_the_command_can_run_one_probe_and_print_json():
    code, out, _ = run("--only", "robustness", "--json")

    assert code == 0
    assert list(json.loads(out)) == ["robustness"]


def test_an_unknown_probe_is_refused_by_name():
    code, _, said = run("--only", "speed")

    assert code == 1
    assert "not 'speed'" in said


def test_a_share_has_the_interval_of_wilson():
    share = Share(81, 263)  # Newcombe 1998, table I

    assert [round(end, 4) for end in share.interval] == [0.2553, 0.3662]
    assert Share(0, 10).interval[0] == 0.0
    assert (Share(0, 0).ratio, Share(0, 0).interval) == (None, None)


def test_a_drop_counts_the_points_lost_and_covers_them():
    before, cases = np.ones(200, np.int64), np.ones(200, np.int64)
    after = np.array([0] * 20 + [1] * 180)

    drop = drop_of(before, after, cases, seed=1)

    assert drop.points == 10.0
    assert 5.0 < drop.interval[0] < 10.0 < drop.interval[1] < 15.0
