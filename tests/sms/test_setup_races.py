"""Two people, or one with two clicks, who set the same thing up at the same moment."""

import time
from collections.abc import Callable, Collection
from typing import Any

import pytest

from sms.models import Configuration, PhoneNumber
from sms.setup import configuring, numbers
from sms.setup.configuring import ConfigurationRefused
from sms.showing import usage
from tenants.audit import PORTAL
from tenants.models import Tenant
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER
from tests.tenants.test_races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THIRD = "+12025550103"


def slowly(work: Callable[..., Any]) -> Callable[..., Any]:
    def after_a_moment(*args: Any, **options: Any) -> Any:
        time.sleep(0.2)
        return work(*args, **options)

    return after_a_moment


def test_of_two_lists_of_numbers_one_holds_whole(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "of_numbers", slowly(usage.of_numbers))
    lists: tuple[Collection[str], ...] = ({OUR_NUMBER}, {OUR_NUMBER, OUR_SECOND_NUMBER, THIRD})

    def typed(wanted: Collection[str]) -> Callable[[], Any]:
        return lambda: numbers.set_pool(PORTAL, cast.trunk, cast.acme, "; ".join(sorted(wanted)))

    assert at_once(*[typed(wanted) for wanted in lists]) == [None, None]
    left = set(PhoneNumber.objects.filter(tenant=cast.acme, released_at=None).values_list("e164", flat=True))
    assert left in lists


def test_a_configuration_saved_twice_at_once_is_made_once(
    cast: factories.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuring, "_free_name", slowly(configuring._free_name))
    tenant, trunk = Tenant.objects.get(pk=cast.acme.pk), factories.make_trunk("New", tenant=cast.acme)

    def click() -> None:
        configuring.add(PORTAL, tenant, trunk=trunk, account_sid=cast.account.account_sid, auth_token="a" * 32)

    raised = at_once(click, click)
    assert sorted(type(error).__name__ for error in raised) == ["ConfigurationRefused", "NoneType"]
    assert Configuration.objects.filter(trunk=trunk).count() == 1
    (refused,) = [error for error in raised if isinstance(error, ConfigurationRefused)]
    assert refused.field == "trunk"
