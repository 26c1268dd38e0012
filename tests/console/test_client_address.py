"""The client's address comes from the connection, or from proxies that the installation trusts."""

import pytest

from authsec.console.middleware import client_address

PROXIES = ["10.0.0.0/8", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        # A stranger's own header counts for nothing.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        # What the client wrote stands left of what the proxy added.
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8::1", "2001:470::7", "2001:470::7"),
        ("", "198.51.100.1", None),
        # The same client, as a server on both families and a link of this machine write it.
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_counts_only_as_far_as_proxies_are_trusted(
    remote: str, forwarded: str, expected: str | None
) -> None:
    assert client_address(remote, forwarded, PROXIES) == expected


def test_without_trusted_proxies_the_header_is_ignored() -> None:
    assert client_address("203.0.113.9", "198.51.100.1", []) == "203.0.113.9"
