"""The small disk: full when it is filled, and gone afterwards."""

import errno

import pytest

from tests.support.small_disk import MEGABYTE, NoDiskError, SmallDisk, disk_or_skip


@pytest.fixture
def disk(tmp_path):
    with disk_or_skip(tmp_path / "disk", 4) as made:
        yield made


def test_a_filled_disk_takes_nothing_until_it_is_freed(disk):
    file = disk.folder / "file"
    file.write_bytes(bytes(MEGABYTE))
    disk.fill()
    with pytest.raises(OSError, match="No space left") as full:
        file.write_bytes(bytes(2 * MEGABYTE))
    assert full.value.errno == errno.ENOSPC
    disk.free()
    disk.free()
    file.write_bytes(bytes(2 * MEGABYTE))


def test_some_room_can_be_left(tmp_path, disk):
    with SmallDisk(tmp_path / "other", 4, leaving=MEGABYTE) as other:
        other.fill()
        (other.folder / "file").write_bytes(bytes(MEGABYTE // 2))
        with pytest.raises(OSError, match="No space left"):
            (other.folder / "more").write_bytes(bytes(MEGABYTE))


def test_what_was_in_it_is_gone_afterwards(tmp_path, disk):
    with SmallDisk(tmp_path / "other", 4) as other:
        (other.folder / "file").write_text("for now")
        assert f" {other.folder} tmpfs " in mounts()
    assert f" {other.folder} tmpfs " not in mounts()
    assert not (other.folder / "file").exists()


def test_a_disk_that_cannot_be_mounted_says_why(tmp_path, disk):
    with pytest.raises(NoDiskError, match="mount"), SmallDisk(tmp_path / "none", -1):
        pass


def mounts():
    with open("/proc/mounts") as file:
        return file.read()
