"""Methods by name: ours, and those it is compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError
from training.loop import Progress
from training.public.answers import Method
from training.public.classical import LinearProbe, LinearSvm
from training.public.learn import Learner
from training.public.recipe import recipe_for
from training.public.setfit import SetFit
from training.public.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What every method is given."""

    base: str
    seed: int
    setfit_python: Path | None = None


def method_of(name: str, task: Task, setup: Setup, on_step: Progress) -> Method:
    """Make a method ready for a task."""
    return _MAKERS[name](task, setup, on_step)


def default_methods(setup: Setup) -> list[str]:
    """All methods that can be run."""
    return [name for name in METHODS if name != "setfit" or setup.setfit_python]


def suits(name: str, task: Task) -> bool:
    """Whether a method is compared on a task: SetFit where there are some messages a label."""
    return name != "setfit" or (task.few and task.kind == "single")


def _inlet(task: Task, setup: Setup, on_step: Progress) -> Method:
    return Learner(setup.base, recipe_for(task), setup.seed, on_step)


def _probe(_task: Task, setup: Setup, _on_step: Progress) -> Method:
    return LinearProbe(setup.base, setup.seed)


def _svm(_task: Task, setup: Setup, _on_step: Progress) -> Method:
    return LinearSvm(setup.seed)


def _setfit(_task: Task, setup: Setup, _on_step: Progress) -> Method:
    if setup.setfit_python is None:
        raise TrainingError("setfit needs --setfit-python, the interpreter that has it")
    return SetFit(setup.setfit_python, setup.base, setup.seed)


_MAKERS: Mapping[str, Callable[[Task, Setup, Progress], Method]] = {
    "svm": _svm,
    "probe": _probe,
    "setfit": _setfit,
    "inlet": _inlet,
}
METHODS = tuple(_MAKERS)
