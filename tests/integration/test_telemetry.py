import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["app.main", "models.network", "training.ranges"])
def test_nothing_is_reported_home_and_no_device_id_is_written(tmp_path, module):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    subprocess.run([sys.executable, "-c", f"import {module}"], env=environ, check=True, timeout=120)

    assert [path.name for path in tmp_path.rglob("*")] == []
