"""Which addresses of the network are the public internet, whatever their notation."""

import ipaddress
from urllib.parse import unquote

# What ipaddress calls global in some versions of Python, or nowhere: the metadata services of two clouds, 6to4 relays,
# protocol assignments, documentation.
_SPECIAL_V4 = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")))
_SPECIAL_V6 = (ipaddress.IPv6Network("3fff::/20"),)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out; ipaddress knows the exceptions within
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "onion", "test", "invalid")


def is_public(address: str) -> bool:
    """Whether a numeric address is of the public internet. Raises ValueError for what is none."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF) if parsed in _NAT64 else None
        parsed = parsed.ipv4_mapped or parsed.sixtofour or embedded or parsed
    special = _SPECIAL_V4 if parsed.version == 4 else _SPECIAL_V6
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not any(parsed in network for network in special)
        and (parsed.version == 4 or parsed in _PUBLIC_V6)
    )


def is_public_host(host: str) -> bool:
    """Whether a host of a link can be one that everybody reaches, as far as its name tells; nothing is asked."""
    host = unquote(host).strip("[]").rstrip(".").lower()  # as browsers read it
    try:
        return is_public(host)
    except ValueError:
        last = host.rpartition(".")[2]
        # Browsers read `0x7f.1` and `2130706433` as numeric addresses (WHATWG URL, host parsing).
        is_numeric = last.isdigit() or last.startswith("0x")
        return "." in host and not is_numeric and last not in _PRIVATE_NAMES
