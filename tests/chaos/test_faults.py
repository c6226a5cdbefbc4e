"""The deliberate faults still fit the code: `make chaos` proves that the checker sees what comes of them."""

import subprocess

import pytest

from tests.chaos.deliberate import FAULTS, PATCHES, path_of
from tests.chaos.world import ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.patch)
def test_the_patch_still_applies(fault):
    command = ["git", "apply", "--unidiff-zero", "--check", str(path_of(fault))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_patch_is_used():
    assert {path.stem for path in PATCHES.glob("*.patch")} == {fault.patch for fault in FAULTS}
