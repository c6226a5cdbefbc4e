"""Two people at the same moment: a tenant keeps an administrator, a link makes one member, a limit holds."""

import threading

import pytest
from django.db import connection

from tenants import administrators, invitations, membership
from tenants.audit import PORTAL, Actor
from tenants.invitations import InvitationError, MembershipError
from tenants.models import Tenant, User
from tenants.roles import Role
from tests.factories import make_member, make_tenant, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*calls):
    """Run calls in threads that start together; return what each raised (None = nothing)."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        barrier.wait()
        try:
            call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_administrators_who_remove_each_other_leave_one():
    acme = make_tenant()
    first, second = (make_member(acme, f"{name}@acme.example", Role.ADMIN) for name in ("ann", "ben"))
    raised = at_once(lambda: membership.remove(PORTAL, first), lambda: membership.remove(PORTAL, second))
    assert sorted(type(error).__name__ for error in raised) == ["MembershipError", "NoneType"]
    assert acme.members.count() == 1


def test_one_link_opened_twice_makes_one_member():
    acme = make_tenant()
    token = invitations.invite(PORTAL, acme, email="nina@acme.example").link.split("/")[-2]
    person = {"name": "Nina", "password": "four quiet green rivers"}
    raised = at_once(*[lambda: invitations.accept(token, **person)] * 3)
    assert [type(error) for error in raised].count(InvitationError) == 2
    assert (acme.members.count(), User.objects.count()) == (1, 1)


def test_the_last_seat_is_taken_once():
    acme = make_tenant(max_members=1)
    raised = at_once(
        *(
            lambda name=name: invitations.invite(PORTAL, acme, email=f"{name}@acme.example")
            for name in ("ann", "ben", "cid")
        )
    )
    assert [type(error) for error in raised].count(MembershipError) == 2
    assert Tenant.objects.get().invitations.count() == 1


def test_two_system_administrators_who_disable_each_other_leave_one():
    first, second = (make_user(f"{name}@portal.example", is_system_administrator=True) for name in ("ann", "ben"))
    raised = at_once(
        lambda: administrators.set_enabled(Actor(label="ann", user=first), second, False),
        lambda: administrators.set_enabled(Actor(label="ben", user=second), first, False),
    )
    assert [type(error).__name__ for error in raised].count("AdministratorError") == 1
    assert administrators.exist()


def test_the_first_link_opened_twice_makes_one_system_administrator():
    token = administrators.first_administrator_link().split("/")[-2]
    person = {"name": "Nina", "password": "four quiet green rivers"}
    raised = at_once(
        *(
            lambda name=name: administrators.accept_first(token, email=f"{name}@portal.example", **person)
            for name in ("ann", "ben")
        )
    )
    assert [type(error) for error in raised].count(InvitationError) == 1
    assert User.objects.count() == 1
