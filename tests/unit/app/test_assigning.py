import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.routing.assigning import Choice, PoolState, Wish, choose, who_is_available
from app.routing.calendars import Calendar
from app.routing.owners import Absence, Owner, Pool

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()
OFFICE = {day: ((9 * 60, 17 * 60),) for day in range(5)}
CALENDARS = {
    name: Calendar(name=name, zone=zone, hours=OFFICE)
    for name, zone in {
        "berlin": "Europe/Berlin",  # 13:00, open
        "boston": "America/New_York",  # 07:00, opens in two hours
        "denver": "America/Denver",  # 05:00, opens in four
    }.items()
}
AWAY = (Absence(TODAY, TODAY),)


def an_owner(name, **facts):
    return Owner(id=name, name=name.title(), **facts)


def a_pool(*names, **facts):
    weights = {name: 1.0 for name in names}
    return replace(Pool(name="sales", weights=weights), **facts)


def ask(owners, pool=None, *, state=None, **wish):
    people = {owner.id: owner for owner in owners}
    return choose(
        pool or a_pool(*people),
        people,
        CALENDARS,
        wish=Wish(**{"at": NOW, **wish}),
        state=state or PoolState(),
    )


def in_turn(owners, pool, messages, *, state=None, **wish):
    """Name an owner for each of many messages, keeping the credits as a database would."""
    state = state or PoolState()
    credit, named = dict(state.credits), []
    for _ in range(messages):
        choice = ask(owners, pool, state=replace(state, credits=credit), **wish)
        credit |= choice.credits
        named.append(choice.owner)
    return named, credit


ANA, BEN, CEM = (an_owner(name) for name in ("ana", "ben", "cem"))


def test_turns_are_spread_smoothly_by_weight():
    pool = a_pool(weights={"ana": 5.0, "ben": 1.0, "cem": 1.0})

    named, credit = in_turn([ANA, BEN, CEM], pool, 7)

    assert named == ["ana", "ana", "ben", "ana", "cem", "ana", "ana"]
    assert credit == {"ana": 0.0, "ben": 0.0, "cem": 0.0}


def test_shares_follow_the_weights_within_one_turn():
    rng = random.Random(5)
    for _ in range(20):
        owners = [an_owner(f"o{number}") for number in range(rng.randint(1, 8))]
        weights = {owner.id: rng.choice([0.1, 0.5, 1.0, 2.0, 3.0, 7.0]) for owner in owners}
        pool, total = a_pool(weights=weights), sum(weights.values())
        named, _ = in_turn(owners, pool, 300)

        for messages in (7, 50, 300):
            counts = Counter(named[:messages])
            for name, weight in weights.items():
                assert abs(counts[name] - messages * weight / total) <= 1


def test_who_comes_back_neither_starves_nor_is_flooded():
    weights = {"ana": 2.0, "ben": 1.0, "cem": 1.0}
    pool, away = a_pool(weights=weights), replace(ANA, absences=AWAY)
    before, credit = in_turn([ANA, BEN, CEM], pool, 11)
    during, credit = in_turn([away, BEN, CEM], pool, 501, state=PoolState(credits=credit))
    after, _ = in_turn([ANA, BEN, CEM], pool, 40, state=PoolState(credits=credit))

    assert "ana" in before
    assert "ana" not in during
    assert abs(Counter(during)["ben"] - 250.5) <= 2
    assert "ana" in after[:3]
    assert abs(Counter(after)["ana"] - 20) <= 2


def test_nobody_waits_for_ever_however_people_come_and_go():
    rng = random.Random(6)
    owners = [an_owner(f"o{number}") for number in range(6)]
    pool = a_pool(weights={owner.id: float(rng.randint(1, 4)) for owner in owners})
    total, credit = sum(pool.weights.values()), {}
    waited = Counter()
    for _ in range(5000):
        here = [owner for owner in owners if rng.random() < 0.6]
        gone = [replace(owner, absences=AWAY) for owner in owners if owner not in here]
        (named,), credit = in_turn(here + gone, pool, 1, state=PoolState(credits=credit))
        waited.update(owner.id for owner in here)
        waited[named] = 0
        assert all(abs(kept) <= 2 * total for kept in credit.values())
        assert max(waited.values()) <= 3 * total


def test_credits_of_other_weights_are_forgotten_within_a_round():
    named, _ = in_turn([ANA, BEN], a_pool("ana", "ben"), 6, state=PoolState(credits={"ana": -900}))

    assert "ana" in named


def test_an_owner_without_weight_has_no_turn_while_others_are_there():
    pool = a_pool(weights={"ana": 0.0, "ben": 1.0, "cem": 1.0})
    state = PoolState(credits={"ben": -1.0, "cem": -1.0})

    assert ask([ANA, BEN, CEM], pool, state=state).owner == "ben"
    assert ask([ANA, BEN, CEM], pool, not_to=frozenset({"ben", "cem"})).owner == "ana"


def test_the_same_facts_name_the_same_owner():
    state = PoolState(credits={"ana": 0.5, "ben": 0.5})

    assert ask([ANA, BEN], state=state) == ask([ANA, BEN], state=state)
    assert ask([ANA, BEN], state=state).owner == "ana"


def test_whoever_is_away_or_has_left_or_is_full_is_never_named_while_somebody_else_can_be():
    rng = random.Random(7)
    for _ in range(3000):
        owners = [a_random_owner(rng, f"o{number}") for number in range(rng.randint(1, 5))]
        names = [owner.id for owner in owners]
        outside = [a_random_owner(rng, "boss")] if rng.random() < 0.5 else []
        fallback = rng.choice([None, *names, *(owner.id for owner in outside)])
        state = PoolState(
            credits={name: rng.uniform(-3, 3) for name in names},
            load={name: rng.randint(0, 3) for name in names},
            sticky=rng.choice([None, None, *names]),
        )
        not_to = frozenset(rng.sample(names, rng.randint(0, len(names))))
        pool = a_pool(*names, fallback=fallback, sticky="account")
        choice = ask(
            owners + outside, pool, state=state, not_to=not_to, language="de", domain="acme.at"
        )

        judge(choice, owners + outside, pool, state, not_to)


def a_random_owner(rng, name):
    days = [TODAY + timedelta(days=rng.randint(-2, 2)) for _ in range(2)]
    return an_owner(
        name,
        languages=rng.choice([frozenset(), frozenset({"de"}), frozenset({"pt"})]),
        territories=rng.choice([frozenset(), frozenset({"at"}), frozenset({"br"})]),
        calendar=rng.choice([None, *CALENDARS]),
        capacity=rng.choice([None, 0, 1, 2, 3]),
        absences=rng.choice([(), (), (Absence(min(days), max(days)),)]),
        left=rng.choice([None, None, None, days[0]]),
    )


def judge(choice, owners, pool, state, not_to):
    """Hold a choice against the rules, each read off the owners' facts anew."""
    away = {
        owner.id
        for owner in owners
        if any(a.first <= TODAY <= a.last for a in owner.absences)
        or (owner.left is not None and owner.left <= TODAY)
    }
    able = {owner.id for owner in owners if owner.id in (*pool.weights, pool.fallback)} - away
    members = able & set(pool.weights)
    fresh = members - not_to
    roomy = {
        owner.id
        for owner in owners
        if owner.capacity is None or state.load.get(owner.id, 0) < owner.capacity
    }
    assert (choice.owner is None) == (not able)
    if choice.owner is None:
        return
    assert choice.owner in able
    assert choice.owner not in not_to or not able - not_to
    if state.sticky in fresh:
        assert choice.owner == state.sticky
        assert choice.credits == {}
    elif fresh & roomy:
        assert choice.owner in fresh & roomy
        assert set(choice.credits) <= fresh & roomy
    elif pool.fallback in able - not_to:
        assert choice.owner == pool.fallback


@pytest.mark.parametrize(
    ("owner", "at", "named"),
    [
        ({"absences": (Absence(TODAY, TODAY),)}, NOW, False),
        ({"absences": (Absence(date(2026, 11, 26), date(2026, 11, 27)),)}, NOW, True),
        ({"left": TODAY}, NOW, False),
        ({"left": date(2026, 11, 26)}, NOW, True),
        # 23:30 UTC is the next day in Berlin, and the same one in Boston
        ({"left": date(2026, 11, 26), "calendar": "berlin"}, NOW.replace(hour=23), False),
        ({"left": date(2026, 11, 26), "calendar": "boston"}, NOW.replace(hour=23), True),
        ({"absences": AWAY, "calendar": "berlin"}, NOW.replace(hour=23), True),
        ({"absences": AWAY, "calendar": "boston"}, NOW.replace(hour=23), False),
    ],
)
def test_days_of_absence_and_leaving_are_days_of_the_owners_own_zone(owner, at, named):
    assert ask([an_owner("ana", **owner)], at=at).owner == ("ana" if named else None)


def test_who_had_it_before_has_it_again_only_where_nobody_else_is_there():
    had = frozenset({"ana"})

    assert {ask([ANA, BEN], not_to=had, at=NOW).owner for _ in range(3)} == {"ben"}
    assert ask([ANA, replace(BEN, absences=AWAY)], not_to=had) == Choice(
        owner="ana",
        why="the only one at work with room; everybody who is there had it before",
        credits={"ana": 0.0},
    )


def test_the_fallback_comes_before_those_who_had_it():
    pool = a_pool("ana", "ben", fallback="cem")
    owners, had = [ANA, BEN, CEM], frozenset({"ana", "ben"})

    assert ask(owners, pool, not_to=had) == Choice(
        owner="cem", why="the fallback: everybody else had it before"
    )
    assert ask(owners, pool, not_to=had | {"cem"}).owner == "ana"


def test_the_fallback_takes_what_a_whole_pool_away_cannot():
    ana, pool = replace(ANA, left=TODAY), a_pool("ana", fallback="cem")
    cem = Choice(owner="cem", why="the fallback: everybody else is away or has left")

    assert ask([ana, CEM], pool) == cem
    assert ask([ana, CEM], pool, not_to=frozenset({"cem"})).owner == "cem"
    assert ask([ana, replace(CEM, absences=AWAY)], pool) == Choice(
        owner=None, why="everybody of the pool is away or has left"
    )


@pytest.mark.parametrize(
    ("wish", "owner"),
    [
        ({}, "ana"),
        ({"language": "de"}, "ben"),
        ({"language": "de-AT"}, "ben"),
        ({"language": "PT"}, "ana"),
        ({"domain": "mail.acme.br"}, "ana"),
        ({"domain": "acme.de"}, "ben"),
        ({"domain": "ACME.example"}, "cem"),
        ({"domain": "notacme.example"}, "dan"),
        ({"country": "BR", "domain": "gmail.com"}, "ana"),
        ({"language": "de", "domain": "acme.br"}, "dan"),
        ({"language": "fr"}, "dan"),
    ],
)
def test_language_and_territory_must_fit_where_anybody_fits(wish, owner):
    owners = [
        an_owner("ana", languages=frozenset({"pt"}), territories=frozenset({"br"})),
        an_owner("ben", languages=frozenset({"de"}), territories=frozenset({"de"})),
        an_owner("cem", languages=frozenset({"en"}), territories=frozenset({"acme.example"})),
        an_owner("dan"),
    ]

    assert ask(owners, **wish).owner == owner


def test_where_nobody_fits_the_restriction_is_dropped_and_told():
    ana = replace(ANA, languages=frozenset({"pt"}), territories=frozenset({"br"}))
    ben = replace(BEN, languages=frozenset({"de"}), territories=frozenset({"br"}))

    assert ask([ana, ben], language="de", domain="acme.fr") == Choice(
        owner="ben",
        why="the only one at work with room; nobody who could take it now is for its territory",
        credits={"ben": 0.0},
    )
    assert ask([ana, ben], language="fr").why == (
        "next of 2 at work; nobody who could take it now is for its language"
    )


def test_who_fits_but_has_no_room_is_not_overloaded_while_another_has():
    ana = replace(ANA, languages=frozenset({"de"}), capacity=1)
    ben = replace(BEN, languages=frozenset({"en"}))

    assert ask([ana, ben], state=PoolState(load={"ana": 1}), language="de").owner == "ben"


def test_who_had_the_contact_has_it_again_at_night_and_without_room():
    ben = replace(BEN, calendar="boston", capacity=2, languages=frozenset({"pt"}))
    state, pool = PoolState(load={"ben": 2}, sticky="ben"), a_pool("ana", "ben", sticky="account")

    assert ask([ANA, ben], pool, state=state, language="de") == Choice(
        owner="ben", why="had this account before"
    )
    assert ask([ANA, replace(ben, absences=AWAY)], pool, state=state).owner == "ana"
    assert ask([ANA, replace(ben, left=TODAY)], pool, state=state).owner == "ana"
    assert ask([ANA, ben], pool, state=state, not_to=frozenset({"ben"})).owner == "ana"
    assert ask([ANA, ben], pool, state=replace(state, sticky="zoe")).owner == "ana"


def test_those_at_work_come_before_those_who_are_not():
    boston, berlin = replace(ANA, calendar="boston"), replace(BEN, calendar="berlin")

    assert {ask([boston, berlin], state=PoolState(credits={"ana": n})).owner for n in (0, 1)} == {
        "ben"
    }


def test_where_nobody_is_at_work_it_is_whoever_will_be_first_by_turns():
    denver = replace(ANA, calendar="denver")
    boston = [replace(BEN, calendar="boston"), replace(CEM, calendar="boston")]

    named, _ = in_turn([denver, *boston], a_pool("ana", "ben", "cem"), 4)

    assert named == ["ben", "cem", "ben", "cem"]
    assert ask([denver, *boston]).why == "nobody is at work: the first to be"


def test_who_begins_an_absence_or_leaves_before_opening_is_not_the_first_to_be_at_work():
    night = NOW.replace(hour=22)  # 17:00 in Boston, 15:00 in Denver
    tomorrow = TODAY + timedelta(days=1)
    ana, ben, cem = (replace(owner, calendar="boston") for owner in (ANA, BEN, CEM))
    cem = replace(cem, calendar="berlin", absences=(Absence(date(2026, 12, 1), date(2026, 12, 2)),))
    ana = replace(ana, absences=(Absence(tomorrow, tomorrow),))

    assert ask([ana, ben], at=night).owner == "ben"
    assert ask([replace(ana, absences=(), left=tomorrow), ben], at=night).owner == "ben"
    assert ask([ana, ben, cem], at=night).owner == "cem"


def test_where_nobody_has_room_it_is_the_fallback_or_else_the_least_loaded():
    ana, ben, cem = (replace(owner, capacity=n) for owner, n in ((ANA, 10), (BEN, 2), (CEM, 1)))
    state = PoolState(load={"ana": 11, "ben": 3, "cem": 1})
    pool = a_pool("ana", "ben", "cem")

    assert ask([ana, ben, cem], replace(pool, fallback="ben"), state=state) == Choice(
        owner="ben", why="the fallback: nobody has room"
    )
    assert ask([ana, ben, cem], pool, state=state) == Choice(
        owner="cem", why="nobody has room: the least loaded", credits={"cem": 0.0}
    )
    cem = replace(cem, absences=AWAY)
    assert ask([ana, ben, cem], replace(pool, fallback="cem"), state=state).owner == "ana"


def test_owners_that_the_policy_does_not_know_are_passed_over():
    assert ask([ANA], a_pool("zoe", "ana", fallback="yan")).owner == "ana"


def test_everybodys_state_is_told_with_what_keeps_them():
    absences = (Absence(TODAY, TODAY), Absence(date(2026, 11, 26), date(2026, 11, 29)))
    owners = [
        an_owner("ana", calendar="berlin", capacity=20),
        an_owner("ben", calendar="boston"),
        an_owner("cem", calendar="berlin", absences=absences),
        an_owner("dan", capacity=2),
        an_owner("eve", left=date(2026, 6, 30)),
    ]
    people = {owner.id: owner for owner in owners}
    pool = a_pool("ana", "ben", "cem", "dan", fallback="eve")

    found = who_is_available(pool, people, CALENDARS, at=NOW, load={"dan": 2})

    assert [(one.owner.id, one.available, one.why_not) for one in found] == [
        ("ana", True, None),
        ("ben", False, "not at work now"),
        ("cem", False, "absent until 2026-11-29"),
        ("dan", False, "no room: 2 of 2 messages wait for a reply"),
        ("eve", False, "left on 2026-06-30"),
    ]
    assert [one.opens_at for one in found] == [
        NOW,
        NOW + timedelta(hours=2),
        datetime(2026, 11, 30, 8, tzinfo=UTC),
        NOW,
        None,
    ]


def test_who_is_away_for_good_is_never_at_work_again():
    owner = an_owner("ana", absences=(Absence(TODAY, date.max),))

    (presence,) = who_is_available(a_pool("ana"), {"ana": owner}, CALENDARS, at=NOW, load={})

    assert presence.opens_at is None


def test_absences_that_follow_each_other_are_one():
    days = [TODAY + timedelta(days=n) for n in range(9)]
    absences = (Absence(days[3], days[4]), Absence(days[0], days[2]), Absence(days[6], days[8]))
    owner = replace(ANA, absences=absences)

    assert [owner.absent_until(day) for day in days] == [
        *[days[4]] * 5,
        None,
        *[days[8]] * 3,
    ]
