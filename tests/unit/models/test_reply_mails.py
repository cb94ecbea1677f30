"""Mails of our own, as many programs in many languages write them: replies/*.txt.

A case is `%% name`, the mail, then `%% newest`, `%% signature` and so on with what is expected;
what is not named is expected to be empty. `%% mail` begins the mail where a subject stands first.
"""

from collections import Counter
from pathlib import Path

import pytest

from models.text.reply import split_reply

FOLDER = Path(__file__).parent / "replies"
SECTIONS = (
    "mail",
    "subject",
    "newest",
    "signature",
    "disclaimer",
    "header",
    "inner signature",
    "flags",
)


def read_cases(path):
    """Read a file of cases: (name, section -> text)."""
    cases = []
    for block in path.read_text(encoding="utf-8").split("%% ")[1:]:
        title, _, body = block.partition("\n")
        if title not in SECTIONS:
            cases.append((f"{path.stem}: {title}", {"mail": body}))
        else:
            cases[-1][1][title] = body
    return cases


CASES = [case for path in sorted(FOLDER.glob("*.txt")) for case in read_cases(path)]


def parts_of(reply):
    return {
        "newest": reply.newest,
        "signature": reply.signature,
        "disclaimer": reply.disclaimer,
        "header": reply.forwarded_header,
        "inner signature": reply.forwarded_signature,
        "flags": " ".join(name for name in ("forwarded", "fallback") if getattr(reply, name)),
    }


def bare(text):
    """Lines without space at their ends: editors take it away."""
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_each_part_of_a_mail_is_found(name, case):
    reply = split_reply(case["mail"], subject=case.get("subject", "").strip())

    expected = {part: bare(case.get(part, "")) for part in parts_of(reply)}
    assert {part: bare(text) for part, text in parts_of(reply).items()} == expected


def whole_lines(*texts):
    return Counter(
        " ".join(line.strip(" >").split()) for text in texts for line in text.split("\n")
    )


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_every_line_of_a_mail_is_in_one_part(name, case):
    reply = split_reply(case["mail"], subject=case.get("subject", "").strip())

    parts = [text for part, text in parts_of(reply).items() if part != "flags"]
    found = whole_lines(*parts, reply.quoted) - whole_lines("")
    if not reply.fallback:
        found.pop("", None)
        expected = whole_lines(case["mail"])
        expected.pop("", None)
        assert found == expected


def test_there_are_cases_in_many_languages():
    gmail = {name.split()[2].rstrip(",") for name, _ in CASES if name.startswith("gmail: gmail")}

    assert len(CASES) >= 100
    assert len(gmail) >= 24
