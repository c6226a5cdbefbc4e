"""Workers whose process dies while they release a held text or give a conversation on: it happens once all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
KILLED = 137

SEED = """
from rules.models import RuleSet
from sms.models import Conversation, Delivery
from tenants import clock
from tenants.models import Group
from tests import factories
cast = factories.make_cast()
group = factories.make_group(cast.acme, "Sales", cast.bob)
Group.objects.update(escalate_minutes=5, escalate_member=cast.sam)
end = {"kind": "group", "id": group.id.hex, "label": "Sales"}
rule = {"id": "1" * 32, "name": "All", "conditions": [{"kind": "all_numbers"}], "targets": [end]}
RuleSet.objects.create(tenant=cast.acme, kind="inbound", version=1, document={"rules": [rule]})
talk = factories.make_conversation(cast.acme, "+12025550101", "+12025550199")
late = factories.make_conversation(
    cast.acme, "+12025550101", "+12025550198", assigned_group=group, answer_due_at=clock.in_seconds(-1)
)
text = factories.make_inbound(
    cast.configuration, ours="+12025550101", theirs="+12025550199", state="routed", conversation=talk
)
Delivery.objects.create(tenant=cast.acme, message=text, kind="hold", label="Mon 09:00")
"""
# Whoever comes next finds the leases of those who died at their end.
WORK = """
from sms import delivering, handing_over
from sms.models import Delivery
from tenants import clock
Delivery.objects.filter(state="delivering").update(due_at=clock.in_seconds(-1))
delivering.work()
handing_over.escalate_due()
"""
COUNT = """
import json
from sms.models import Conversation, Delivery
from tenants.models import AuditEntry
deliveries = list(Delivery.objects.order_by("position").values_list("kind", "state"))
given = [str(row.assigned_to or "") for row in Conversation.objects.order_by("their_address")]
print(json.dumps([deliveries, given, AuditEntry.objects.filter(action="sms.conversation.escalated").count()]))
"""


class Machine:
    """A data folder of its own, on which programs run one after the other."""

    def __init__(self, folder: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self._environment = inherited | {"VAR_DIR": str(folder), "DEBUG": "1"}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        environment = self._environment | environment
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    def python(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("shell", "--no-imports", "-c", code, **environment)

    def counted(self) -> Any:
        return json.loads(self.python(COUNT).stdout.splitlines()[-1])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    for done in (machine.run("migrate", "--verbosity", "0"), machine.python(SEED)):
        assert done.returncode == 0, done.stderr
    return machine


def test_wherever_workers_are_killed_each_thing_happens_once(machine: Machine) -> None:
    for place in ("deliver.claimed", "hold.before_commit"):
        assert machine.python(WORK, FAILPOINTS=f"{place}:crash").returncode == KILLED
        assert machine.counted() == [[["hold", "delivering"]], ["", ""], 0]
    # The text is placed, then the worker dies before it can say so.
    assert machine.python(WORK, FAILPOINTS="deliver.done:crash").returncode == KILLED
    assert machine.counted()[0] == [["hold", "delivered"], ["group", "pending"]]
    assert machine.python(WORK, FAILPOINTS="escalate.before_commit:crash").returncode == KILLED
    assert machine.counted() == [[["hold", "delivered"], ["group", "delivered"]], ["", ""], 0]
    for _ in range(2):
        assert machine.python(WORK).returncode == 0
        assert machine.counted() == [[["hold", "delivered"], ["group", "delivered"]], ["Sam", ""], 1]
