"""Termination hosts of trunks."""

import pytest

from sms.setup import trunk_hosts


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("acme.pstn.twilio.com", "acme.pstn.twilio.com"),
        (" SIP:Acme.PSTN.twilio.com. ", "acme.pstn.twilio.com"),
        ("pbx.example.net", "pbx.example.net"),
    ],
)
def test_a_host_is_taken_as_pasted(text, host):
    assert trunk_hosts.check_host(text) == host


@pytest.mark.parametrize(
    "text", ["", "acme", "acme_x.twilio.com", "http://acme.twilio.com", "acme.twilio.com:5060", "a b.c", "-a.b.c"]
)
def test_what_is_no_host_is_refused(text):
    with pytest.raises(trunk_hosts.HostError):
        trunk_hosts.check_host(text)


def test_every_ending_of_the_table_raises_no_warning():
    for ending in trunk_hosts.ENDINGS:
        assert trunk_hosts.host_warning(f"acme{ending.suffix}", ending.brand) == ""


def test_an_unknown_host_and_a_foreign_brand_get_a_warning():
    assert "documents" in trunk_hosts.host_warning("pbx.example.net", "twilio")
    assert "documents" in trunk_hosts.host_warning("a.b.pstn.twilio.com", "twilio")
    assert "Interconnect" in trunk_hosts.host_warning("acme.pstn.london-ix.twilio.com", "twilio")
    assert "host of Twilio." in trunk_hosts.host_warning("acme.pstn.dublin.twilio.com", "twilio_interconnect")
