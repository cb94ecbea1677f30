"""The sizes of STYLE.md, section 4, held for the whole repository."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_MODULE, MAX_FUNCTION, MAX_ARGUMENTS = 300, 60, 6
MAX_TEST_MODULE = 700  # a test module mirrors one source module, its tables of cases included
PROGRAM = ("app", "models", "training")
# What may take more arguments than six, and why.
COMMANDS = ".command"  # typer: each argument is an option on the command line
EXCEPTIONS: dict[str, str] = {}  # "path:function" -> reason; there are none


def modules(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def named(path):
    return str(path.relative_to(ROOT))


def lines_of(function):
    """Lines from the signature to the end; decorators are not counted."""
    return function.end_lineno - function.lineno + 1


def arguments_of(function):
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return len([argument for argument in every if argument.arg not in ("self", "cls")])


def is_command(function):
    decorators = (ast.unparse(decorator).split("(")[0] for decorator in function.decorator_list)
    return any(name.endswith(COMMANDS) for name in decorators)


@pytest.mark.parametrize("path", modules(*PROGRAM, "tests"), ids=named)
def test_a_module_is_small(path):
    most = MAX_TEST_MODULE if path.is_relative_to(ROOT / "tests") else MAX_MODULE
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most


@pytest.mark.parametrize("path", modules(*PROGRAM, "tests"), ids=named)
def test_functions_are_small(path):
    assert {f.name: lines_of(f) for f in functions(path) if lines_of(f) > MAX_FUNCTION} == {}


@pytest.mark.parametrize("path", modules(*PROGRAM), ids=named)
def test_functions_take_few_arguments(path):
    many = {
        f.name: arguments_of(f)
        for f in functions(path)
        if arguments_of(f) > MAX_ARGUMENTS
        and not is_command(f)
        and f"{named(path)}:{f.name}" not in EXCEPTIONS
    }
    assert many == {}
