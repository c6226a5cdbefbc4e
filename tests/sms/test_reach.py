"""When Twilio is asked every 30 seconds, and when its calls are trusted to come."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sms.lists import reach

NOW = datetime(2026, 11, 22, 12)


def ago(**of: float) -> datetime:
    return NOW - timedelta(**of)


@pytest.mark.parametrize(
    ("facts", "polls"),
    [
        ({"address": ""}, True),
        ({"address": "", "signed_at": ago(minutes=1)}, True),
        ({"address": "https://portal.example.com"}, False),
        ({"address": "http://192.168.1.5", "problem": True}, True),
        ({"address": "http://portal.example.com", "problem": True, "signed_at": ago(minutes=1)}, False),
        ({"address": "http://portal.example.com", "problem": True, "signed_at": ago(hours=25)}, True),
        ({"missed_at": ago(minutes=1)}, True),
        ({"missed_at": ago(minutes=1), "signed_at": ago(hours=2)}, True),
        ({"missed_at": ago(hours=2), "signed_at": ago(minutes=1)}, False),
        ({"missed_at": ago(hours=25)}, False),
        ({"problem": True, "missed_at": ago(minutes=1), "signed_at": ago(hours=2)}, True),
    ],
)
def test_polling_begins_and_ends_by_what_is_known(facts: dict[str, Any], polls: bool) -> None:
    known = {"address": "https://portal.example.com", "problem": False, "signed_at": None, "missed_at": None} | facts
    assert reach.must_poll(**known, now=NOW) is polls
