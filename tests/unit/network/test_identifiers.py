"""Identifiers of supply points: published vectors, and that one wrong character is found."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.network.identifiers import (
    SCHEMES,
    canonical,
    icp_checksum,
    mpan_check_digit,
    mprn_check_digits,
    nmi_checksum,
    problem_with,
)


@pytest.mark.parametrize(
    ("nmi", "checksum"),
    [
        ("2001985732", "8"),
        ("2001985733", "6"),
        ("3075621875", "8"),
        ("QAAAVZZZZZ", "3"),
        ("QCDWW00010", "2"),
        ("NAAAMYS582", "6"),
    ],
)
def test_nmi_vectors(nmi: str, checksum: str) -> None:
    assert nmi_checksum(nmi) == checksum
    assert canonical("NMI", nmi + checksum) == canonical("nmi", nmi) == nmi


@pytest.mark.parametrize("icp", ["0000543210NR45E", "0000680207NV1F0"])
def test_icp_vectors_published_by_distributors(icp: str) -> None:
    assert icp_checksum(icp[:12]) == icp[12:]
    assert canonical("icp", icp.lower()) == icp


@pytest.mark.parametrize("mpan", ["2012345678385", "1312345678907"])
def test_mpan_vectors(mpan: str) -> None:
    assert mpan_check_digit(mpan[:12]) == mpan[12]
    assert canonical("mpan", "01 801 100 " + mpan) == mpan
    assert canonical("mpan", f"{mpan[:2]} {mpan[2:6]} {mpan[6:10]} {mpan[10:]}") == mpan


def test_mprn_vector() -> None:
    assert mprn_check_digits("39384244") == "03"
    assert canonical("MPRN", "3938424403") == "3938424403"
    assert canonical("MPRN", "10012345678") == "10012345678"


@pytest.mark.parametrize(
    ("scheme", "text", "code"),
    [
        ("gsrn", "1", "NET101"),
        ("nmi", "2001985732I", "NET102"),
        ("nmi", "QOAAVZZZZZ", "NET102"),
        ("icp", "543210NR45E", "NET102"),
        ("mpan", "201234567838", "NET102"),
        ("mirn", "4201985732", "NET102"),
        ("mprn", "20012345678", "NET102"),
        ("own", "", "NET102"),
        ("nmi", "20019857329", "NET103"),
        ("icp", "0000543210NR45D", "NET103"),
        ("mpan", "2012345678384", "NET103"),
        ("mprn", "3938424404", "NET103"),
    ],
)
def test_refusals(scheme: str, text: str, code: str) -> None:
    problem = problem_with(scheme, text)
    assert problem is not None
    assert problem.code == code
    assert problem.hint
    with pytest.raises(Refused):
        canonical(scheme, text)


def test_every_scheme_takes_something() -> None:
    good = {
        "nmi": "2001985732",
        "mirn": "5201985732",
        "icp": "0000543210NR45E",
        "mpan": "2012345678385",
        "mprn": "3938424403",
        "sdp": "SDP-1",
        "own": "Unit 4/12",
    }
    assert set(good) == set(SCHEMES)
    assert all(canonical(scheme, text) == text for scheme, text in good.items())


_DIGITS = st.text(string.digits, min_size=12, max_size=12)


@given(
    st.text(string.digits + "ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=10, max_size=10),
    st.integers(0, 9),
    st.sampled_from(string.digits),
)
def test_an_nmi_with_one_wrong_digit_is_found(nmi: str, place: int, digit: str) -> None:
    assert problem_with("nmi", nmi + nmi_checksum(nmi)) is None
    wrong = nmi[:place] + digit + nmi[place + 1 :]
    # Doubling the code of a character can leave the sum of digits as it was, so not every pair differs.
    assert (problem_with("nmi", wrong + nmi_checksum(nmi)) is None) == (
        nmi_checksum(wrong) == nmi_checksum(nmi)
    )


@given(_DIGITS, st.integers(0, 11), st.integers(1, 9))
def test_an_icp_with_one_wrong_character_is_always_found(digits: str, place: int, shift: int) -> None:
    icp = digits[:10] + "NR"
    wrong = icp[:place] + (str((int(icp[place]) + shift) % 10) if place < 10 else "Q") + icp[place + 1 :]
    assert problem_with("icp", icp + icp_checksum(icp)) is None
    assert icp_checksum(wrong) != icp_checksum(icp)


@given(_DIGITS, st.integers(0, 11), st.integers(1, 9))
def test_an_mpan_with_one_wrong_digit_differs_modulo_11(core: str, place: int, shift: int) -> None:
    wrong = core[:place] + str((int(core[place]) + shift) % 10) + core[place + 1 :]
    assert problem_with("mpan", core + mpan_check_digit(core)) is None
    # 10 and 0 share a check digit; nothing else does.
    assert mpan_check_digit(wrong) != mpan_check_digit(core) or mpan_check_digit(core) == "0"
