import random
import time
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_time import growth

from models.text.reply import Reply, split_reply

QUOTED = "\n\nOn Mon, 3 Mar 2025 at 09:14, Lena <lena@inlet.example> wrote:\n\n> When?\n"
# Short lines of every kind, so that a few of them make many forms of mails.
LINES = [
    *("", "", "Sixty, please", "When could we see it?", "> When?", ">", ">> Sure"),
    *("On Mon, 3 Mar 2025 at 09:14, Lena <lena@inlet.example> wrote:", "Lena wrote:"),
    *("From: Lena <lena@inlet.example>", "Sent: Monday", "To: Mo", "Subject: Seats"),
    *("-----Original Message-----", "---------- Forwarded message ---------", "-- ", "____", "---"),
    *(
        "Sent from my iPhone",
        "Kind regards,",
        "Thanks,",
        "Mo Farrow",
        "+44 20 7946 0958",
        "PS: one",
    ),
    "This message is confidential. If you received it in error, delete it.",
    "CAUTION: This email originated from outside of the organization.",
]


def parts_of(reply):
    return (
        *(reply.newest, reply.quoted, reply.signature, reply.disclaimer),
        *(reply.forwarded_header, reply.forwarded_signature),
    )


def lines_in(*texts):
    """Lines with text, without quote marks: those of a forwarded mail are taken off."""
    lines = (line.strip("> \t") for text in texts for line in text.split("\n"))
    return Counter(line for line in lines if line)


def test_the_newest_text_of_a_mail_without_history_is_the_mail():
    assert split_reply(" Sixty, please \n") == Reply(newest="Sixty, please")


def test_the_text_that_a_provider_found_is_used_and_split_further():
    text = "Sechzig." + QUOTED

    reply = split_reply(text, stripped="Sixty.\n\nKind regards,\nMo Farrow")

    assert reply.newest == "Sixty."
    assert reply.signature == "Kind regards,\nMo Farrow"
    assert reply.quoted == f"Sechzig.\n\n{QUOTED.strip()}"  # what they left out is not lost


@pytest.mark.parametrize("stripped", ["", " \n"])
def test_a_provider_that_found_nothing_is_not_believed(stripped):
    assert split_reply("Sixty." + QUOTED, stripped=stripped) == split_reply("Sixty." + QUOTED)


def test_a_provider_that_cut_what_was_forwarded_away_is_not_believed():
    text = "FYI\n\n---------- Forwarded message ---------\nFrom: A <a@b.example>\n\nA demo, please."

    reply = split_reply(text, stripped="FYI")

    assert reply.newest == "FYI\n\nA demo, please."
    assert reply.forwarded


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\u2028"])
def test_nothing_splits_into_nothing(text):
    assert split_reply(text) == Reply(newest="")


@pytest.mark.parametrize("subject", ["Fwd: Seats", "WG: Seats", "[ext] TR : Seats", "转发：Seats"])
def test_a_subject_tells_a_forwarded_mail(subject):
    text = "For you\n\nFrom: A <a@b.example>\nSent: Monday\nTo: Mo\nSubject: Seats\n\nSixty seats."

    assert split_reply(text, subject=subject).newest == "For you\n\nSixty seats."
    assert split_reply(text, subject="Re: " + subject).newest == "For you"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\f"])
def test_line_ends_of_any_kind_are_line_ends(end):
    assert split_reply(("Sixty." + QUOTED).replace("\n", end)).newest == "Sixty."


def test_more_than_a_mail_can_have_is_kept_as_one_piece():
    history = "> yes\n" * 20_000

    reply = split_reply("Sixty.\n\nLena wrote:\n" + history + "and more\n")

    assert reply.newest == "Sixty."
    assert reply.quoted.endswith("> yes\nand more")


def test_every_line_goes_to_exactly_one_part_and_text_is_never_lost():
    order = random.Random(20261126)
    for _ in range(1_500):
        text = "\n".join(order.choices(LINES, k=order.randint(1, 14)))
        reply = split_reply(text, subject=order.choice(["", "Fwd: x"]))

        assert bool(reply.newest) == bool(text.strip()), text
        if reply.fallback:
            assert reply.newest == text.strip()
        else:
            assert lines_in(*parts_of(reply)) == lines_in(text), text


def test_every_short_mail_of_three_lines_gives_text():
    for lines in product(LINES[1::2], repeat=3):
        text = "\n".join(lines)

        assert bool(split_reply(text).newest) == bool(text.strip()), text


@given(st.text(max_size=200))
def test_any_text_gives_text(text):
    reply = split_reply(text, stripped=text[:20], subject=text[:10])

    assert bool(reply.newest) == bool(text.strip())


HOSTILE = [
    "On Mon, Apr 2, 2012 at 6:26 PM, Ann wrote\nto me: it\n",
    "On Mon, Apr 2, 2012 at 6:26 PM Ann <ann@example.com> wrote:\n",
    "On Mon, Apr 2, 2012 at 6:26 PM ",
    "2024-01-01 10:00 a@b.c:\n",
    *(">", "> a\n", "> a\nb\n", "a ", "a\n", "\n", " \n", " ", "\t", "\r", "<", ":", "@", "("),
    *("-- \n", "---\n", "_", "- ", "* x\n", "Sent from my iPhone\n", "PS: a\n", "Thanks,\n"),
    "Lena <lena@inlet.example\n> wrote:\n",
    "From: a\nTo: b@c.d\n",
    "From: a\nx\nx\nx\nx\n",
    "To: a@b.c\n" * 8 + "x\n" * 9,
    "-----Original Message-----\n\n",
    "Begin forwarded message:\n\n> From: a@b.c\n> Subject: x\n>\n",
    "Kind regards,\nAnn Smith\n\n",
    "Ann Smith\nCEO\n+44 20 7946 0958\n\n",
    "This message is confidential. If you received it in error, delete it.\n\n",
    *("\ufdfa", "e\u0301\u0301\u0301", "schrieb ", "www.", "\ud800", "dr. ", "wrote " * 60 + "\n"),
]


LINEAR = 2.6  # times as long for twice the text; in quadratic time it would be four


def seconds(text):
    """The best of three times, in seconds of CPU."""
    times = []
    for _ in range(3):
        started_s = time.process_time()
        split_reply(text)
        times.append(time.process_time() - started_s)
    return min(times)


@pytest.mark.parametrize("unit", HOSTILE, ids=lambda unit: ascii(unit[:30]))
def test_any_text_is_split_in_time_proportional_to_it(unit):
    """Below the limit on lines, where every line is looked at."""
    lines = 2_400 // max(1, unit.count("\n"))
    once = unit * (lines if "\n" in unit else 2**17 // len(unit))

    assert growth(split_reply, once, once * 2, at_most=LINEAR) <= LINEAR


@pytest.mark.parametrize("unit", HOSTILE, ids=lambda unit: ascii(unit[:30]))
def test_a_mebibyte_of_anything_is_split_at_once(unit):
    assert seconds(unit * (2**20 // len(unit))) < 1.5  # of CPU; the slowest took 0.1
