from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli.checks.machine import (
    clocks_seen,
    file_system_of,
    kind_seen,
    room_seen,
    stored_seen,
    sync_seen,
    threads_seen,
)
from app.cli.checks.seen import Seen, together

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
store:/data /mnt/our\\040data nfs4 rw 0 0
/dev/vdb /mnt/our\\040data/local xfs rw 0 0
"""


def seconds(number):
    return timedelta(seconds=number)


def test_clocks_that_go_alike_are_in_order():
    clocks = {"the database": (NOW, NOW + seconds(4)), "the disk": (NOW, NOW - seconds(4))}

    assert clocks_seen(clocks) == Seen("as the database and the disk has it")


@pytest.mark.parametrize(("by", "told"), [(90, "90 s ahead of"), (-7, "7 s behind")])
def test_a_clock_that_goes_otherwise_fails_and_is_named(by, told):
    seen = clocks_seen({"the database": (NOW, NOW + seconds(by)), "the disk": (NOW, NOW)})

    assert (seen.detail, seen.ok) == (f"the database is {told} our clock", False)
    assert "timedatectl set-ntp true" in seen.mend


def test_a_message_stored_later_than_now_means_a_clock_that_was_set_back():
    seen = stored_seen(NOW, NOW + seconds(3_600))

    assert (seen.detail, seen.ok) == ("the newest message is 3600 s ahead of our clock", False)


@pytest.mark.parametrize("newest", [None, NOW, NOW - timedelta(days=400), NOW + seconds(1)])
def test_messages_of_the_past_say_nothing_of_the_clock(newest):
    assert stored_seen(NOW, newest) == Seen("")


@pytest.mark.parametrize(
    ("wanted", "cores", "quota", "detail"),
    [
        (0, 4, "", "4 for 4 cores"),
        (2, 4, "max 100000\n", "2 for 4 cores"),
        (2, 16, "200000 100000\n", "2 for 16 cores, of which this container may use 2.0"),
        (1, 16, "50000 100000\n", "1 for 16 cores, of which this container may use 0.5"),
    ],
)
def test_threads_that_fit_are_in_order(wanted, cores, quota, detail):
    assert threads_seen(wanted, cores, quota) == Seen(detail)


@pytest.mark.parametrize(
    ("wanted", "cores", "quota", "fit"),
    [(8, 4, "", 4), (0, 16, "200000 100000\n", 2), (0, 4, "50000 100000\n", 1)],
)
def test_more_threads_than_cores_are_a_hint(wanted, cores, quota, fit):
    seen = threads_seen(wanted, cores, quota)

    assert seen.ok
    assert seen.mend == f"more threads than cores wait for each other: INLET_THREADS={fit}"


def test_room_is_told_and_too_little_fails():
    assert room_seen(200) == Seen("200 MB free")
    assert not room_seen(199).ok


def test_a_slow_disk_is_a_hint():
    assert sync_seen(2.25) == Seen("a write is on the disk in 2.2 ms")
    assert sync_seen(80.0).ok
    assert "a faster disk" in sync_seen(80.0).mend


def test_a_networks_disk_fails_and_memory_is_a_hint():
    assert (kind_seen("nfs4").ok, kind_seen("tmpfs").ok) == (False, True)
    assert kind_seen("tmpfs").mend
    assert kind_seen("ext4") == Seen("")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/inlet", "ext4"),
        ("/tmp", "tmpfs"),
        ("/tmpfiles", "ext4"),
        ("/mnt/our data/inlet", "nfs4"),
        ("/mnt/our data/local/inlet", "xfs"),
    ],
)
def test_a_folder_is_on_what_is_mounted_nearest_above_it(folder, kind):
    assert file_system_of(Path(folder), MOUNTS) == kind


def test_a_later_mount_on_one_place_covers_the_first():
    assert file_system_of(Path("/tmp/x"), MOUNTS + "/dev/vdc /tmp ext4 rw 0 0\n") == "ext4"


def test_without_mounts_nothing_is_known():
    assert file_system_of(Path("/tmp"), "") == ""


def test_what_was_seen_is_told_together():
    seen = together(Seen("a"), Seen("", "mend b", ok=False), Seen("c", "mend c"))

    assert seen == Seen("a; c", "mend b; mend c", ok=False)
