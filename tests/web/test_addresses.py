"""Addresses and ranges in the one spelling that conditions are judged by."""

import pytest

from authsec.web.addresses import read_address, read_network


def test_an_ipv4_client_is_itself_on_a_server_of_both_families() -> None:
    assert str(read_address("::ffff:192.0.2.1")) == "192.0.2.1"
    assert str(read_network("::ffff:192.0.2.0/120")) == "192.0.2.0/24"


def test_a_zone_belongs_to_the_machine_that_wrote_it() -> None:
    assert str(read_address("fe80::1%eth0")) == "fe80::1"
    with pytest.raises(ValueError, match="zone"):
        read_network("fe80::%eth0/64")


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "10.0.0.0/8", "::1%"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_address(text)
