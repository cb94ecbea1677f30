"""What is wrong in a policy file, told with its line and how to mend it."""

import pytest
from support_policy import WHOLE, load

from app.errors import ConfigError

DAY = "needs a day such as 2026-12-25"
UNREAD = "this value cannot be read: put texts in quotes, write days as 2026-12-25"
HOURS = 'needs hours such as "09:00-12:30, 13:30-18:00"'
DURATION = "needs a duration such as 90s, 30m, 4h or 2d, up to 366d"
COMPARISON = 'needs a comparison in quotes, such as ">= 3" or "< 20", or a number'
INSTANT = "needs an instant with its offset, such as 2026-11-26T10:00:00+01:00"
EITHER = "either a text for the model, or intents, signals and language"


def fault(tmp_path, text):
    """The line of the fault, and what is said of it."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    place, _, problem = caught.value.detail.partition(": ")
    assert place.startswith(f"{tmp_path / 'policy.yaml'}:")
    return int(place.rpartition(":")[2]), problem


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        # calendars
        ("Europe/Berlin", "Berlin", "unknown time zone 'Berlin': did you mean 'Europe/Berlin'?"),
        (
            "Europe/Berlin",
            "Europe/Berln",
            "unknown time zone 'Europe/Berln': did you mean 'Europe/Berlin'?",
        ),
        (
            "Europe/Berlin",
            "UTC+1:00",
            "unknown time zone 'UTC+1:00': it is one of the IANA database, Europe/Berlin",
        ),
        (
            "Europe/Berlin",
            "../passwd",
            "unknown time zone '../passwd': it is one of the IANA database, Europe/Berlin",
        ),
        ("zone:", "zones:", "unknown key 'zones': did you mean 'zone'?"),
        (
            "mon-thu:",
            "monday:",
            "needs a day or a range of days such as mon-thu: mon, tue, wed, thu, fri, sat, sun",
        ),
        ("mon-thu:", "mon-fri:", "fri stands here twice"),
        (
            "13:30-18:00,",
            "12:00-18:00,",
            "hours overlap: let each begin when the one before has ended",
        ),
        (
            "09:00-16:00",
            "22:00-06:00",
            "ends before it begins: hours past midnight stand in two days, to 24:00 and from 00:00",
        ),
        ("09:00-16:00", "09:00-24:30", HOURS),
        ("09:00-16:00", "09:60-16:00", HOURS),
        ("09:00-16:00", "9-16", HOURS),
        ('"13:30-18:00, 09:00-12:30"', '""', "needs 1 to 200 printable characters"),
        ("[2026-12-25, 01-01]", "[2026-13-25]", UNREAD),
        ("[2026-12-25, 01-01]", "[!!timestamp x]", UNREAD),
        ("[2026-12-25, 01-01]", "[!!bool x]", UNREAD),
        ("[2026-12-25, 01-01]", "[!!int '']", UNREAD),
        (
            "[2026-12-25, 01-01]",
            "[02-30]",
            "needs a day such as 2026-12-25, or 12-25 for every year",
        ),
        ("[2026-12-25, 01-01]", "[2026-02-30]", UNREAD),
        (
            "[2026-12-25, 01-01]",
            "[2026-12-25T00:00:00Z]",
            "needs a day such as 2026-12-25, or 12-25 for every year",
        ),
        ("[2026-12-25, 01-01]", "[01-01, 01-01]", "stands here twice"),
        # owners
        ("name: Ben", "nam: Ben", "unknown key 'nam': did you mean 'name'?"),
        (
            "ana@example.com",
            "Ana <ana@example.com>",
            "needs an address such as ana@example.com, without a name around it",
        ),
        (
            "languages: [pt, en]",
            "languages: [PT]",
            "needs a language of two small letters, such as de",
        ),
        ("languages: [pt, en]", "languages: [no]", "needs a text; put it in quotes"),
        ("languages: [pt, en]", "languages: [pt, pt]", "'pt' stands here twice"),
        (
            "[BR, .pt]",
            "[south america]",
            "needs a country such as br, or the end of a domain such as gov.uk",
        ),
        (
            "calendar: berlin\n    capacity",
            "calendar: berln\n    capacity",
            "unknown calendar 'berln': did you mean 'berlin'?",
        ),
        ("capacity: 20", "capacity: 0", "needs a whole number from 1 to 10000"),
        ("capacity: 20", "capacity: 2.5", "needs a whole number from 1 to 10000"),
        ("capacity: 20", "capacity: true", "needs a whole number from 1 to 10000"),
        (
            "2026-12-21..2027-01-03",
            "2027-01-03..2026-12-21",
            "ends before it begins: put the earlier day first",
        ),
        (
            "2026-12-21..2027-01-03",
            "2026-12-21 to 2027-01-03",
            "needs days such as 2026-12-21..2027-01-03",
        ),
        (
            "2026-12-21..2027-01-03",
            "2026-12-21..2026-12-22..2026-12-23",
            "needs days such as 2026-12-21..2027-01-03",
        ),
        ("left: 2027-06-30", "left: soon", DAY),
        # pools
        ("{ana: 2, ben: 1}", "{ann: 2}", "unknown owner 'ann': did you mean 'ana'?"),
        ("{ana: 2, ben: 1}", "{ana: 0}", "needs a share over 0; leave out who is to get nothing"),
        ("{ana: 2, ben: 1}", "{ana: -1}", "needs a number from 0 to 1000"),
        ("{ana: 2, ben: 1}", "{ana: .inf}", "needs a number from 0 to 1000"),
        ("{ana: 2, ben: 1}", "{}", "needs at least one owner"),
        ("owners: [ben]", "owners: []", "needs at least one value"),
        ("owners: [ben]", "owners: [ben, ben]", "'ben' stands here twice"),
        ("owners: [ben]", "owners: [zoe]", "unknown owner 'zoe': known are ana, ben"),
        ("fallback: ben", "fallback: bent", "unknown owner 'bent': did you mean 'ben'?"),
        ("sticky: account", "sticky: owner", "unknown value 'owner': known are account, contact"),
        ("sticky: account, ", "", "needs `sticky: contact` or `sticky: account` beside it"),
        ("sticky_days: 30", "sticky_days: 0", "needs a whole number from 1 to 3650"),
        # clocks
        ("within: 1h", "within: 60", DURATION),
        ("within: 1h", "within: 0m", DURATION),
        ("within: 1h", "within: 367d", DURATION),
        ("within: 1h", "within: 1h30m", DURATION),
        ("within: 1h", "within: [1h]", "needs a single value"),
        (
            "remind_at: 0.75",
            "remind_at: 1",
            "at 1 the time is over: needs a share under 1, or 0 for no reminder",
        ),
        ("remind_at: 0.75", "remind_at: 75", "needs a number from 0 to 1"),
        ("{within: 30m}", "{}", "missing within"),
        (
            "{within: 30m}, {pool: leads",
            "{within: 30m}, {pool: lead",
            "unknown pool 'lead': did you mean 'leads'?",
        ),
        (
            "[{within: 30m}",
            "[" + ", ".join(["{within: 30m}"] * 10),
            "needs at most 10 levels; the last one repeats by itself",
        ),
        ("[managers]", "managers", "needs a list"),
        # playbooks
        ('"Offer two times."', '""', "needs 1 to 1000 printable characters"),
        ('"Offer two times."', "[a]", "needs a single value"),
        # conditions
        (
            "{urgency: high, buyer",
            "{urgent: high, buyer",
            "unknown signal 'urgent': did you mean 'urgency'?",
        ),
        (
            "{urgency: high, buyer",
            "{urgency: hi, buyer",
            "unknown label of urgency 'hi': did you mean 'high'?",
        ),
        (
            "channel: [email, chat]",
            "channel: [mail]",
            "unknown channel 'mail': did you mean 'email'?",
        ),
        ("channel: [email, chat]", "channel: []", "needs at least one value"),
        (
            "language: de\n      account",
            "language: german\n      account",
            "needs a language of two small letters, such as de",
        ),
        ("{known: true, name", "{known: 1, name", "needs true or false"),
        ('messages: ">= 3"', 'messages: "=> 3"', COMPARISON),
        ('messages: ">= 3"', "messages: true", COMPARISON),
        ('messages: ">= 3"', "messages: -3", COMPARISON),
        ("score: 20", "score: [20]", "needs a single value"),
        (
            "calendar: berlin, open",
            "calendar: london, open",
            "unknown calendar 'london': known are berlin",
        ),
        ("open: false", "open: shut", "needs true or false"),
        ("calendar: berlin, open: false", "calendar: berlin", "missing open"),
        ("{title: [", "{titel: [", "unknown key 'titel': did you mean 'title'?"),
        ("country: DE", "country: NO", "needs a text; put it in quotes"),
        (
            "      channel: [email, chat]",
            "      chanel: [email, chat]",
            "unknown key 'chanel': did you mean 'channel'?",
        ),
        # rules
        (
            "priority: urgent",
            "priority: asap",
            "unknown priority 'asap': known are high, low, normal, urgent",
        ),
        ("pool: sales\n", "pool: sale\n", "unknown pool 'sale': did you mean 'sales'?"),
        (
            "clock: hour\n    playbook",
            "clock: day\n    playbook",
            "unknown clock 'day': known are hour",
        ),
        (
            "playbook: demo",
            "playbook: educatonal",
            "unknown playbook 'educatonal': did you mean 'educational'?",
        ),
        ("of: account", "of: company", "unknown value 'company': known are account, contact"),
        ("every: 7d", "every: week", DURATION),
        ("history: 5", "history: 21", "needs a whole number from 0 to 20"),
        (
            "message.routed, pool: leads",
            "message.routed, history: 2",
            "unknown key 'history': known are clock, endpoints, event, playbook, pool, "
            "priority, route",
        ),
        # examples
        (
            "expect: {route: sales}",
            "expect: {}",
            "needs at least one of route, rule, event, priority, pool, clock, endpoints",
        ),
        (
            "expect: {route: sales}",
            "expect: {roote: sales}",
            "unknown key 'roote': did you mean 'route'?",
        ),
        (
            "rule: wants to buy",
            "rule: wants to by",
            "unknown rule 'wants to by': did you mean 'wants to buy'?",
        ),
        ("pool: ~", "pool: lead", "unknown pool 'lead': did you mean 'leads'?"),
        (
            "name: made up",
            "name: a director asks for prices",
            "the name 'a director asks for prices' is taken",
        ),
        ("    channel: chat", "    language: en", EITHER),
        ("    text: What is it?\n", "", EITHER),
        (
            "    channel: chat",
            "    channel: fax",
            "unknown channel 'fax': known are chat, community_post, email, sms, "
            "social_dm, web_form",
        ),
        ("at: 2026-11-26T10:00:00+01:00", "at: 2026-11-26T10:00:00", INSTANT),
        ("at: 2026-11-26T10:00:00+01:00", "at: 2026-11-26", INSTANT),
        ("support: 0.5", "suport: 0.5", "unknown intent 'suport': did you mean 'support'?"),
        ("support: 0.5", "support: 1.5", "needs a number from 0 to 1"),
        ("    signals: {urgency: high}", "    signals: {urgency: [high]}", "needs a single value"),
        (
            "{email: Ada@Mail.Acme.de",
            "{mail: Ada@Mail.Acme.de",
            "unknown key 'mail': did you mean 'email'?",
        ),
        (
            "{known: true, score: 62}",
            "{known: true, messages: 0}",
            "who is known has written before, and nobody else",
        ),
        ("score: 62", "score: 101", "needs a number from 0 to 100"),
    ],
)
def test_a_fault_is_told_with_its_line_and_a_mend(tmp_path, good, bad, expected):
    assert WHOLE.count(good) == 1, "the case must name one place"
    first = WHOLE[: WHOLE.index(good)].count("\n") + 1
    text = WHOLE.replace(good, bad)

    line, problem = fault(tmp_path, text)

    assert problem == expected
    assert line == first


def test_a_folder_of_time_zones_is_none(tmp_path):
    _, problem = fault(tmp_path, WHOLE.replace("Europe/Berlin", "Europe"))

    assert problem.startswith("unknown time zone 'Europe': ")


def test_a_rule_that_asks_for_nothing_is_refused(tmp_path):
    start, end = WHOLE.index("    intents: {pricing"), WHOLE.index("    route: sales")

    line, problem = fault(tmp_path, WHOLE[:start] + WHOLE[end:])

    assert (line, problem) == (
        WHOLE[:start].count("\n"),
        "needs intents or when: what always holds stands under otherwise",
    )


def test_conditions_that_ask_for_nothing_are_refused(tmp_path):
    start, end = WHOLE.index("    when:"), WHOLE.index("    route: sales")

    _, problem = fault(tmp_path, WHOLE[:start] + "    when: {}\n" + WHOLE[end:])

    assert problem == "needs at least one condition"


def test_a_name_of_a_part_that_is_not_there_says_so(tmp_path):
    text = """\
version: 1
rules: [{name: a, intents: {pricing: model}, route: a, endpoints: [], event: a.b, pool: sales}]
otherwise: {route: inbox, endpoints: [], event: message.routed}
"""

    assert fault(tmp_path, text) == (2, "unknown pool 'sales': there is none in this file")


@pytest.mark.parametrize(
    ("part", "entry", "most", "expected"),
    [
        (
            "rules:\n",
            "  - {name: n%d, intents: {pricing: model}, route: a, endpoints: [], event: a.b}\n",
            1_000,
            "needs 1 to 1,000 rules",
        ),
        (
            "examples:\n",
            "  - {name: n%d, expect: {route: a}}\n",
            1_000,
            "needs at most 1,000 examples",
        ),
    ],
)
def test_a_file_has_a_bound(tmp_path, part, entry, most, expected):
    text = WHOLE.replace(part, part + "".join(entry % number for number in range(most)))

    assert fault(tmp_path, text)[1] == expected


def test_a_file_of_more_than_a_megabyte_is_not_read(tmp_path):
    assert fault(tmp_path, "#" * 1_000_001) == (1, "is longer than 1,000,000 bytes")
