"""A worker that dies while it reads thousands of numbers: another goes on where it stopped, and nothing is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.harness import Sandbox
from tests.servers import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
KILLED = 137
THOUSANDS = 3000

SEED = """
import os
from sms.models import PhoneNumber
from tests import factories
cast = factories.make_cast()
own = factories.make_account(cast.acme, sid=os.environ["SID"], auth_token=os.environ["TOKEN"])
cast.configuration.account = own
cast.configuration.save()
factories.make_pool(cast.trunk, cast.acme, "+13035550000", "+13035552999")
"""
READ = """
from sms.mirror import reading
from sms.models import AccountReading
# Whoever comes next finds the lease of the one that died at its end.
AccountReading.objects.update(lease_until=None)
reading.work()
"""
COUNT = """
import json
from sms.models import AccountReading, PhoneNumber, TwilioNumber
row = AccountReading.objects.filter(account__tenant__slug="acme").exclude(started_at=None).first()
verified = PhoneNumber.objects.exclude(verified_at=None).count()
gone = TwilioNumber.objects.exclude(gone_at=None).count()
print(json.dumps([TwilioNumber.objects.count(), gone, row.part if row else "", row.done if row else 0, verified]))
"""


class Machine:
    """A data folder of its own, on which programs run one after the other."""

    def __init__(self, folder: Path, **environment: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self._environment = inherited | {"VAR_DIR": str(folder), "DEBUG": "1"} | environment

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        environment = self._environment | environment
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)

    def python(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("shell", "--no-imports", "-c", code, **environment)

    def counted(self) -> Any:
        return json.loads(self.python(COUNT).stdout.splitlines()[-1])


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
def account(sandbox: Sandbox) -> dict[str, Any]:
    """An account with three thousand numbers, some of them in a service."""
    account = sandbox.account(friendly_name="Acme Inc.")
    bulk = {"first": "+13035550000", "count": THOUSANDS}
    sandbox.control("POST", f"/accounts/{account['sid']}/numbers/bulk", bulk)
    numbers = [f"+1303555{index:04d}" for index in range(1200)]
    sandbox.control("POST", f"/accounts/{account['sid']}/services", {"numbers": numbers})
    return account


@pytest.fixture
def machine(tmp_path: Path, sandbox: Sandbox, account: dict[str, Any]) -> Machine:
    machine = Machine(tmp_path / "var", SANDBOX_URL=sandbox.url, SID=account["sid"], TOKEN=account["auth_token"])
    for done in (machine.run("migrate", "--verbosity", "0"), machine.python(SEED)):
        assert done.returncode == 0, done.stderr
    return machine


def test_three_thousand_numbers_are_read_whole_however_often_the_reader_dies(
    machine: Machine,
) -> None:
    assert machine.python(READ, FAILPOINTS="mirror.page_kept:crash:hit=2").returncode == KILLED
    assert machine.counted() == [2000, 0, "numbers", 2000, 1]
    # The last page is kept, then the next worker dies before it can go on to what follows.
    assert machine.python(READ, FAILPOINTS="mirror.page_kept:crash").returncode == KILLED
    assert machine.counted() == [3000, 0, "codes", 3000, 2]
    read = machine.python(READ)
    assert read.returncode == 0, read.stderr
    assert machine.counted() == [3000, 0, "", 3000, 2]
    members = "from sms.models import TwilioNumber; print(TwilioNumber.objects.exclude(service=None).count())"
    assert machine.python(members).stdout.split()[-1] == "1200"
