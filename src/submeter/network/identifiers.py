"""What markets call a supply point: shape and check digits of each scheme.

Sources. NMI: AEMO, National Metering Identifier procedure (10 characters without I and O, an optional
eleventh as checksum). ICP: Electricity Industry Participation Code, schedule 11.1 (`yyyyyyyyyyxxccc`); the
checksum is a CRC of 12 bits. MPAN: the MPAN core of the Balancing and Settlement Code (primes, modulo 11).
MPRN of Great Britain: two check digits, modulo 11; eleven digits are an Irish MPRN, of which no published
check was found. MIRN: ten or eleven digits that begin with 5; likewise. SDP and the operator's own
identifiers have no rule beyond the characters that the database takes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from submeter.core.problem import Problem, Refused

__all__ = [
    "SCHEMES",
    "canonical",
    "icp_checksum",
    "mpan_check_digit",
    "mprn_check_digits",
    "nmi_checksum",
    "problem_with",
]

_PRIMES = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_ICP_POLYNOMIAL = 0x180F


def nmi_checksum(nmi: str) -> str:
    """The eleventh character of a ten-character NMI.

    Character codes; every second one from the right doubled; all decimal digits summed; up to the next ten.
    """
    codes = (ord(c) * (2 if i % 2 == 0 else 1) for i, c in enumerate(reversed(nmi)))
    total = sum(int(digit) for code in codes for digit in str(code))
    return str(-total % 10)


def icp_checksum(icp: str) -> str:
    """The last three characters of an ICP, from its first twelve: CRC-12 of polynomial 0x180F, in hex."""
    bits = int.from_bytes(icp.encode("ascii"), "big") << 12
    for place in range(12 + 8 * len(icp) - 1, 11, -1):
        if bits >> place & 1:
            bits ^= _ICP_POLYNOMIAL << (place - 12)
    return f"{bits:03X}"


def mpan_check_digit(core: str) -> str:
    """The thirteenth digit of an MPAN core, from its first twelve."""
    return str(sum(int(digit) * prime for digit, prime in zip(core, _PRIMES, strict=True)) % 11 % 10)


def mprn_check_digits(number: str) -> str:
    """The last two digits of a British MPRN, from those before: weights falling to 1, modulo 11."""
    total = sum(int(digit) * weight for weight, digit in enumerate(reversed(number), start=1))
    return f"{total % 11:02d}"


def _nmi(value: str) -> tuple[str, str, str]:
    return value[:10], value[10:], nmi_checksum(value[:10]) if len(value) == 11 else ""


def _icp(value: str) -> tuple[str, str, str]:
    return value, value[12:], icp_checksum(value[:12])


def _mpan(value: str) -> tuple[str, str, str]:
    core = value[-13:]
    return core, core[12], mpan_check_digit(core[:12])


def _mprn(value: str) -> tuple[str, str, str]:
    if len(value) == 11:
        return value, "", ""
    return value, value[-2:], mprn_check_digits(value[:-2])


def _unchecked(value: str) -> tuple[str, str, str]:
    return value, "", ""


@dataclass(frozen=True, slots=True)
class _Scheme:
    shape: re.Pattern[str]
    looks: str
    split: Callable[[str], tuple[str, str, str]]
    """A well-shaped value -> canonical form, check characters given, check characters computed."""
    compact: bool = True
    """Spaces and hyphens are decoration."""


_OWN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}")
_TABLE = {
    "nmi": _Scheme(
        re.compile(r"[A-HJ-NP-Z0-9]{10}[0-9]?"), "10 letters and digits, or 11 with checksum", _nmi
    ),
    "mirn": _Scheme(re.compile(r"5[0-9]{9,10}"), "10 or 11 digits beginning with 5", _unchecked),
    "icp": _Scheme(
        re.compile(r"[0-9]{10}[A-Z]{2}[0-9A-F]{3}"),
        "15 characters: 10 digits, 2 letters, 3 of checksum",
        _icp,
    ),
    "mpan": _Scheme(
        re.compile(r"(?:[0-9]{2}[0-9A-Z]{6})?[0-9]{13}"), "13 digits, or 21 with the top line", _mpan
    ),
    "mprn": _Scheme(
        re.compile(r"[0-9]{6,10}|10[0-9]{9}"), "6 to 10 digits, or 11 beginning with 10 in Ireland", _mprn
    ),
    "sdp": _Scheme(_OWN, "1 to 40 letters, digits and . / _ -", _unchecked, compact=False),
    "own": _Scheme(_OWN, "1 to 40 letters, digits and . / _ -", _unchecked, compact=False),
}
SCHEMES = tuple(_TABLE)
"""The schemes known here, in lower case."""


_BLANKS = " \t\n\r\f\v"


def _tidy(rules: _Scheme, text: str) -> str:
    """Without decoration; empty if there is any character that no identifier has."""
    if not text.isascii():
        return ""
    if not rules.compact:
        return text.strip(_BLANKS)
    return re.sub(f"[{_BLANKS}-]", "", text).upper()


def problem_with(scheme: str, text: str) -> Problem | None:
    """Why `text` is no identifier of the scheme, or None if it is one (NET101 to NET103)."""
    rules = _TABLE.get(scheme.lower())
    if rules is None:
        return Problem("NET101", "Unknown scheme of identifiers", scheme, "One of " + ", ".join(SCHEMES))
    value = _tidy(rules, text)
    if not rules.shape.fullmatch(value):
        return Problem(
            "NET102", "Not the shape of such an identifier", f"{scheme.upper()} {text!r}", rules.looks
        )
    _, given, computed = rules.split(value)
    if given == computed:
        return None
    hint = f"The check is {computed}, not {given}: compare with the bill or the meter"
    return Problem("NET103", "The check digits do not fit", f"{scheme.upper()} {text!r}", hint)


def canonical(scheme: str, text: str) -> str:
    """The one spelling under which an identifier is stored and found.

    An NMI loses its checksum, an MPAN its top line, both their spaces. Raises Refused (NET101 to NET103).
    """
    problem = problem_with(scheme, text)
    if problem is not None:
        raise Refused(problem)
    rules = _TABLE[scheme.lower()]
    return rules.split(_tidy(rules, text))[0]
