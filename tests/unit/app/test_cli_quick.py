import subprocess
import sys

SAYS = """
import gc
from app.cli.quick import collect_nothing, keep_what_is_there
collect_nothing()
print(gc.isenabled(), gc.get_freeze_count())
keep_what_is_there()
print(gc.isenabled(), gc.get_freeze_count() > 1_000)
"""


def test_what_a_start_made_is_left_out_of_the_collectors_rounds_which_go_on():
    said = subprocess.run(
        [sys.executable, "-c", SAYS], capture_output=True, text=True, timeout=60, check=True
    )

    assert said.stdout.split() == ["False", "0", "True", "True"]
