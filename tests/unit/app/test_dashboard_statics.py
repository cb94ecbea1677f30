import gzip
import hashlib
from importlib.resources import files

import pytest

from app.dashboard.statics import Statics, accepts_gzip, load_statics, static_file

VENDORED = {  # as their makers released them; static/vendor/README.md names the releases
    "htmx.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
MOST_BYTES = 54_000  # of 60,000 for everything: the rest is for the page itself


@pytest.fixture(scope="module")
def statics():
    return load_statics()


def test_an_address_changes_with_the_bytes_and_only_with_them():
    one, same, other = (static_file("app.css", raw) for raw in (b"a{}", b"a{}", b"b{}"))

    assert one.address == same.address == f"app.{hashlib.sha256(b'a{}').hexdigest()[:8]}.css"
    assert other.address != one.address


def test_a_file_is_found_at_its_address_alone(statics):
    path = statics.path("app.css")

    found = statics.find(path.removeprefix("/static/"))

    assert found.name == "app.css"
    assert gzip.decompress(found.gzipped) == found.raw
    assert statics.find("app.css") is None
    assert statics.find("app.00000000.css") is None


def test_a_file_that_is_not_there_is_a_mistake_that_shows(statics):
    with pytest.raises(KeyError):
        statics.path("missing.css")


def test_only_what_a_page_loads_is_served(statics):
    names = {file.name for file in statics.files}

    assert {"app.css", "app.js", "charts.js", "icon.svg", *VENDORED} <= names
    assert {name.rpartition(".")[2] for name in names} == {"css", "js", "svg"}


def test_two_files_of_one_name_would_hide_each_other(statics):
    assert len({file.name for file in statics.files}) == len(statics.files)


def test_what_others_made_is_as_they_released_it():
    folder = files("app.dashboard") / "static" / "vendor"
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in VENDORED}

    assert digests == VENDORED
    assert all((folder / f"{name}.LICENSE").is_file() for name in ("htmx", "uplot"))


def test_all_files_together_are_light(statics):
    weights = {file.name: len(file.gzipped) for file in statics.files}

    assert sum(weights.values()) <= MOST_BYTES, weights


def test_no_file_loads_anything_from_elsewhere(statics):
    own = [file for file in statics.files if file.name not in VENDORED]
    text = "".join(file.raw.decode() for file in own).replace("http://www.w3.org/2000/svg", "")

    assert [word for word in ("http:", "https:", "url(", "@import", "eval(") if word in text] == []


def test_a_folder_without_files_serves_none():
    assert Statics([]).find("app.css") is None


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity, br", False),
        ("x-gzip-like", False),
        ("gzip;q=1.0, br", True),
    ],
)
def test_gzip_goes_to_whoever_takes_it(accepted, taken):
    assert accepts_gzip(accepted) is taken
