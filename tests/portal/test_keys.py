"""The keys of a fresh installation, and where its broker's socket lies."""

import os
import stat
import threading

from portal import keys


def test_two_first_starts_agree_on_one_file(tmp_path):
    folder, together, seen = tmp_path / "data", threading.Barrier(8), []

    def start():
        together.wait()
        seen.append(keys.local_secrets(folder))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all(one == seen[0] for one in seen)
    assert [path.name for path in folder.iterdir()] == ["secrets.env"]


def test_the_file_is_for_its_owner_whatever_the_mask(tmp_path):
    before = os.umask(0)
    try:
        keys.local_secrets(tmp_path / "data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data" / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_every_installation_has_its_own_keys(tmp_path):
    one, other = keys.local_secrets(tmp_path / "one"), keys.local_secrets(tmp_path / "other")
    assert not set(one.values()) & set(other.values())


def test_a_socket_fits_a_unix_address_however_deep_the_folder(tmp_path):
    deep = tmp_path / ("very-" * 30 + "deep")
    assert len(os.fsencode(keys.socket_path(deep))) < 107
    assert keys.socket_path(deep) == keys.socket_path(deep)
    assert keys.socket_path(deep) != keys.socket_path(deep / "er")
    assert keys.socket_path(tmp_path / "a").parent == tmp_path / "a"
