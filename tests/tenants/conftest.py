"""What tests of tenants stand on."""

import re

import pytest


@pytest.fixture(autouse=True)
def no_second_factor_for_root(settings):
    """Let Root in by password; the tests of the second factor ask for it again."""
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False


@pytest.fixture
def root(cast, client):
    """A client signed in as the system administrator."""
    client.force_login(cast.root)
    return client


@pytest.fixture
def alice(cast, client):
    """A client signed in as Acme's administrator."""
    client.force_login(cast.alice.user)
    return client


@pytest.fixture
def mail_is_set_up(settings):
    settings.MAIL_IS_SET_UP = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def link_in(text):
    """Return the path of the invitation link in a page or a mail."""
    found = re.search(r"https?://[^/\s\"<]+(/invitation/[^\s\"<]+/)", text)
    assert found, "no invitation link"
    return found[1]


@pytest.fixture(name="link_in")
def link_in_fixture():
    return link_in
