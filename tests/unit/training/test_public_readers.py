import pytest
from support_public import write_public_data

from models.labels import INTENTS
from training.errors import DatasetError
from training.public.readers import FOLDS, NAMES, tasks_of
from training.public.tasks import OUT_OF_SCOPE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_public_data(tmp_path_factory.mktemp("public"))


def texts(examples):
    return {example.text for example in examples}


@pytest.mark.parametrize("name", NAMES)
def test_every_task_can_be_read(folder, name):
    tasks = list(tasks_of(name, folder))

    assert {task.name for task in tasks} == {name}
    assert len(tasks) == (FOLDS if name.startswith("nlupp") else 1)
    assert all(task.train and task.test for task in tasks)


def test_every_tenth_message_of_banking77_is_held_out(folder):
    (task,) = tasks_of("banking77", folder)

    assert (len(task.train), len(task.validation), len(task.test)) == (27, 3, 12)


def test_messages_out_of_scope_are_trained_on_only_where_the_task_says_so(folder):
    (without,) = tasks_of("clinc150", folder)
    (with_them,) = tasks_of("clinc150-oos", folder)

    assert OUT_OF_SCOPE not in without.head.labels
    assert OUT_OF_SCOPE in with_them.head.labels
    assert len(with_them.train) - len(without.train) == 2
    assert len(without.strangers) == len(with_them.strangers) == 2
    assert with_them.test == without.test


def test_a_fold_is_trained_on_and_all_others_are_asked(folder):
    tasks = list(tasks_of("nlupp-banking", folder, folds=3))

    assert [task.fold for task in tasks] == [0, 1, 2]
    assert {len(task.train) for task in tasks} == {12}
    assert {len(task.test) for task in tasks} == {228}
    ids = [{example.id for example in task.train} for task in tasks]
    assert not ids[0] & ids[1]
    assert not ids[0] & {example.id for example in tasks[0].test}


def test_a_message_of_several_labels_keeps_them_all(folder):
    (task,) = tasks_of("nlupp-hotels", folder, folds=1)

    assert {len(example.labels[INTENTS]) for example in task.test} == {0, 1, 2}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"banking77 cannot be read .*train\.csv"):
        list(tasks_of("banking77", tmp_path))


def test_a_file_of_another_form_is_refused_without_showing_it(folder, tmp_path):
    path = tmp_path / "hwu64"
    path.mkdir()
    for part in ("train", "valid", "test"):
        (path / f"{part}.jsonl").write_text('{"words": "secret"}\n', encoding="utf-8")

    with pytest.raises(DatasetError) as error:
        list(tasks_of("hwu64", tmp_path))

    assert "secret" not in str(error.value)
