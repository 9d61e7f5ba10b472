"""Which addresses each subnet of a VPC gets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

MOST_ZONES = 6
"""No region has more availability zones."""

LARGEST_PREFIX = 24
"""A VPC may be as small as /28, but cut into sixteen its subnets must still be /28, the smallest AWS takes.
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""

SMALLEST_PREFIX = 16
"""https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""

_PIECES = 16
_PRIVATE_RANGES = tuple(
    IPv4Network(range_)
    for range_ in (
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598, which AWS takes too
    )
)


@dataclass(frozen=True, kw_only=True)
class AddressPlan:
    """A VPC's range cut into sixteen equal pieces: the first eight for private subnets, the others for public ones.

    A zone's piece depends on nothing but its number, so adding a zone later moves no subnet.

    Args:
        cidr: range of the VPC, for example ``10.0.0.0/16``.
        zones: number of availability zones (1 to 6).

    Raises:
        ValueError: the range is not a private IPv4 network from /16 to /24, or ``zones`` is out of range.
    """

    cidr: str
    zones: int

    def __post_init__(self) -> None:
        vpc_range(self.cidr)
        if not 1 <= self.zones <= MOST_ZONES:
            raise ValueError(f"zones must be between 1 and {MOST_ZONES}, got {self.zones}")

    @property
    def private(self) -> tuple[str, ...]:
        """Range of each zone's private subnet."""
        return self._pieces(first=0)

    @property
    def public(self) -> tuple[str, ...]:
        """Range of each zone's public subnet."""
        return self._pieces(first=_PIECES // 2)

    def _pieces(self, *, first: int) -> tuple[str, ...]:
        pieces = list(vpc_range(self.cidr).subnets(prefixlen_diff=(_PIECES - 1).bit_length()))
        return tuple(str(piece) for piece in pieces[first : first + self.zones])


def vpc_range(cidr: str) -> IPv4Network:
    """Return ``cidr`` as a network a VPC can have and that leaves room for its subnets.

    Raises:
        ValueError: it is no such network; the message says what it must be.
    """
    rule = (
        f"a VPC needs a private IPv4 range from /{SMALLEST_PREFIX} to /{LARGEST_PREFIX}, "
        f"for example 10.0.0.0/16 (got {cidr!r})"
    )
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"{rule}: {error}") from error
    if not SMALLEST_PREFIX <= network.prefixlen <= LARGEST_PREFIX:
        raise ValueError(rule)
    if not any(network.subnet_of(private) for private in _PRIVATE_RANGES):
        raise ValueError(rule)
    return network
