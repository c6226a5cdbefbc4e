"""Every request that sms/twilio makes is one that Twilio describes, and so is every answer of the sandbox to it."""

import importlib
import inspect
import pkgutil

import pytest

import sms.twilio
from tests.contract import scenario
from tests.contract.description import assert_agree
from tests.contract.scenario import ASKS_NOTHING, CALLS, PLACES

pytestmark = pytest.mark.once


def public_functions() -> set[str]:
    """Return module.function of everything that the rest of the product may call."""
    found = set()
    for part in pkgutil.iter_modules(sms.twilio.__path__):
        module = importlib.import_module(f"sms.twilio.{part.name}")
        for name, value in inspect.getmembers(module, inspect.isfunction):
            if value.__module__ == module.__name__ and not name.startswith("_"):
                found.add(f"{part.name}.{name}")
    return found


def test_each_public_function_is_called_here_or_asks_nothing():
    assert public_functions() == CALLS.keys() | ASKS_NOTHING
    assert not CALLS.keys() & ASKS_NOTHING


@pytest.mark.django_db
@pytest.mark.parametrize("region", PLACES)
@pytest.mark.parametrize("name", CALLS)
def test_what_a_function_asks_is_described(name, region, cast, running_sandbox, recorder, settings):
    settings.SANDBOX_URL = running_sandbox.url
    scene = scenario.make(running_sandbox, cast.acme, region)
    recorder.read()
    CALLS[name](scene)
    asked = recorder.read()
    assert asked, f"{name} asked Twilio nothing: call it in scenario.py so that it does, or name it in ASKS_NOTHING"
    assert_agree(asked)
    assert not [entry["unknown_parameters"] for entry in asked if entry["unknown_parameters"]]
    if name != "accounts.check_account":
        assert {_place(entry["path"]) for entry in asked} == {PLACES[region]}


def _place(path: str) -> tuple[str, str]:
    """Return region and edge of the host that was asked."""
    labels = path.split("/")[1].split(".")
    return (labels[2], labels[1]) if len(labels) == 5 else ("", "")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"accounts.check_account", "numbers.number_page"}))
def test_a_standard_api_key_is_enough(name, cast, running_sandbox, recorder, settings):
    """What no such key may do is asked with the Auth Token."""
    settings.SANDBOX_URL = running_sandbox.url
    scene = scenario.make(running_sandbox, cast.acme)
    scenario.use_key(scene)
    recorder.read()
    CALLS[name](scene)
    assert_agree(recorder.read())


def test_no_request_of_the_library_leaves_the_border_unrecorded():
    """The library is reached only through the two clients that go where `rest_url` says."""
    sources = {
        part.name: inspect.getsource(importlib.import_module(f"sms.twilio.{part.name}"))
        for part in pkgutil.iter_modules(sms.twilio.__path__)
    }
    assert {name for name, source in sources.items() if "rest_url(" in source} == {"client", "sender"}
    senders = {name for name, source in sources.items() if "session.send(" in source or "session.post(" in source}
    assert senders == {"client", "sender"}
    assert {name for name, source in sources.items() if " Client(" in source} == {"client", "sender"}
