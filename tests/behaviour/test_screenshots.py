"""The pictures of the pages that docs/ shows: all of them are there, and small."""

from tests.screenshots import MAX_BYTES, OUT, SHOTS, file_name, page
from tests.support_looks import LOOKS


def test_the_page_of_the_pictures_is_up_to_date():
    kept = OUT.with_suffix(".md").read_text(encoding="utf-8")

    assert page(OUT.name) == kept, "run `python -m tests.screenshots`"


def test_every_page_has_its_picture_in_every_look():
    assert {file.name for file in OUT.iterdir()} == {
        file_name(shot, look) for shot in SHOTS for look in LOOKS
    }


def test_no_picture_is_large():
    assert {file.name for file in OUT.iterdir() if file.stat().st_size >= MAX_BYTES} == set()
