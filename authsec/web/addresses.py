"""Network addresses as callers write them, in the one spelling that conditions are judged by."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MAPPED_PREFIX = 96  # RFC 4291 §2.5.5.2


def read_address(text: str) -> IPv4Address | IPv6Address:
    """An address. Raises ValueError.

    A server that listens on both families reports IPv4 clients as ``::ffff:192.0.2.1``: they are the IPv4 address
    that ranges speak of. The zone of ``fe80::1%eth0`` means something on the machine that wrote it only.
    """
    address = ip_address(text.strip())
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def read_network(text: str) -> IPv4Network | IPv6Network:
    """A range, a mapped one as its IPv4 range. Raises ValueError, also for a zone."""
    network = ip_network(text.strip())
    if isinstance(network, IPv6Network):
        if "%" in text:
            raise ValueError("A range has no zone.")
        mapped = network.network_address.ipv4_mapped
        if mapped and network.prefixlen >= MAPPED_PREFIX:
            return IPv4Network((int(mapped), network.prefixlen - MAPPED_PREFIX))
    return network
