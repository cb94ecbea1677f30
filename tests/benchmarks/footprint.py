"""What an installation weighs and how soon it works: python -m tests.benchmarks.footprint [--json].

Installs the project into a fresh environment as an operator does, without extras, and measures
there: the size of site-packages, the time to the first webhook, the memory of a running service.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

from tests.support_service import ROOT, Inlet, environ_of

AIM_MB = 350  # of site-packages, and of resident memory
AIM_S = 5.0  # from the start of an installed `inlet demo` to its first webhook
CLASSIFICATIONS = 100
ONLY_FOR_TRAINING = ("torch", "transformers", "sklearn", "datasets", "onnx", "matplotlib")
TEXTS = (
    "Could you show us the product next week?",
    "Was kostet Ihre Lösung für 60 Arbeitsplätze im Jahr?",
    "Exports are down again. " * 40,
)
_INSTALL_S, _DEMO_S = 1_800, 120
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What was measured; sizes in MB of a million bytes."""

    install_s: float
    site_packages_mb: float
    first_demo_s: float  # nothing cached, bytecode aside
    best_demo_s: float
    resident_mb: float
    resident_peak_mb: float
    present: tuple[str, ...]  # what only training needs and is there all the same
    classified_elsewhere: str  # the label that `inlet classify` gave in another folder


def measure(folder: Path) -> Footprint:
    """Install and try everything in a folder."""
    started = time.monotonic()
    python = _install(folder / "venv")
    install_s = time.monotonic() - started
    inlet = python.with_name("inlet")
    demos = [_time_to_first_webhook(inlet, folder) for _ in range(3)]
    resident_mb, peak_mb = _resident_mb(inlet, folder)
    return Footprint(
        install_s=round(install_s, 1),
        site_packages_mb=_size_mb(_site_packages(python)),
        first_demo_s=round(demos[0], 2),
        best_demo_s=round(min(demos), 2),
        resident_mb=resident_mb,
        resident_peak_mb=peak_mb,
        present=_present(python, folder),
        classified_elsewhere=_classified(inlet, folder),
    )


def _install(venv: Path) -> Path:
    """Make an environment with what `pip install .` brings, and nothing else; its Python."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=_INSTALL_S)
    python = venv / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ROOT / "constraints.txt"
    subprocess.run([*pip, "--constraint", constraints, ROOT], check=True, timeout=_INSTALL_S)
    return python


def _site_packages(python: Path) -> Path:
    return next((python.parent.parent / "lib").glob("python3*/site-packages"))


def _size_mb(folder: Path) -> float:
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return round(sum(sizes) / _BYTES_PER_MB, 1)


def _time_to_first_webhook(inlet: Path, folder: Path) -> float:
    """Seconds from the start of the process until a verified webhook is shown."""
    started = time.monotonic()
    with Inlet(
        "demo", "--exit", environ=_environ(folder), folder=folder, command=[str(inlet)]
    ) as demo:
        demo.wait_until_it_says("signature verified", timeout_s=_DEMO_S)
        shown = time.monotonic() - started
        if demo.process.wait(_DEMO_S) != 0:
            raise SystemExit(demo.said())
    return shown


def _resident_mb(inlet: Path, folder: Path) -> tuple[float, float]:
    """Resident memory of a service that has classified: now, and at its highest."""
    environ = {**_environ(folder), "INLET_PORT": "0"}
    with Inlet("serve", environ=environ, folder=folder, command=[str(inlet)]) as service:
        url = service.wait_until_it_listens()
        with httpx2.Client(base_url=url, timeout=60, trust_env=False) as client:
            for number in range(CLASSIFICATIONS):
                text = TEXTS[number % len(TEXTS)]
                client.post("/v1/classify", json={"text": text}).raise_for_status()
        lines = Path(f"/proc/{service.pid}/status").read_text().splitlines()
        facts = dict(line.split(":", 1) for line in lines)
        service.stop()
    return _mb_of(facts["VmRSS"]), _mb_of(facts["VmHWM"])


def _mb_of(kibibytes: str) -> float:
    return round(int(kibibytes.split()[0]) * 1_024 / _BYTES_PER_MB, 1)


def _present(python: Path, folder: Path) -> tuple[str, ...]:
    """What of the training's libraries can be found."""
    program = (
        "import importlib.util, json, sys; "
        "print(json.dumps([n for n in sys.argv[1:] if importlib.util.find_spec(n)]))"
    )
    command = [python, "-c", program, *ONLY_FOR_TRAINING]
    found = subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_DEMO_S)
    return tuple(json.loads(found.stdout))


def _classified(inlet: Path, folder: Path) -> str:
    """What the installed command says in a folder that has nothing to do with the project."""
    ended = subprocess.run(
        [inlet, "classify", "--json", TEXTS[0]],
        cwd=folder,
        env=_environ(folder),
        check=True,
        capture_output=True,
        timeout=_DEMO_S,
    )
    return str(json.loads(ended.stdout)["primary"])


def _environ(folder: Path) -> dict[str, str]:
    """An operator's environment, in which only what is installed can be imported."""
    return {name: value for name, value in environ_of(folder).items() if name != "PYTHONPATH"}


def missed(footprint: Footprint) -> list[str]:
    """The aims that are missed."""
    aims = {
        "site-packages": footprint.site_packages_mb < AIM_MB,
        "resident memory": footprint.resident_mb < AIM_MB,
        "time to the first webhook": footprint.best_demo_s < AIM_S,
        "no training library": not footprint.present,
    }
    return [aim for aim, met in aims.items() if not met]


def main() -> int:
    """Measure, and say which aims are missed; exit code 1 where one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inlet-footprint-") as folder:
        footprint = measure(Path(folder))
    if given.json:
        print(json.dumps(asdict(footprint)))  # noqa: T201
    else:
        table = Table("what", "measured")
        for name, value in asdict(footprint).items():
            table.add_row(name.replace("_", " "), str(value))
        Console().print(table)
    for aim in missed(footprint):
        Console(stderr=True).print(f"missed: {aim}", style="bold red")
    return 1 if missed(footprint) else 0


if __name__ == "__main__":
    sys.exit(main())
