"""SQLSTATEs and their HTTP statuses."""

import pytest

from rowgate.errors import Refusal, status_of
from rowgate.response import refuse


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [
        ("08006", 503), ("09000", 500), ("0L000", 403), ("0P000", 403), ("21000", 500), ("22023", 400), ("22P02", 400),
        ("23502", 400), ("23503", 409), ("23505", 409), ("25006", 405), ("25001", 500), ("28000", 403), ("2D000", 500),
        ("38000", 500), ("39000", 500), ("3B000", 500), ("40001", 500), ("42883", 404), ("42P01", 404), ("42P17", 500),
        ("42703", 400), ("53300", 503), ("53400", 500), ("54001", 500), ("55000", 500), ("57014", 500), ("57P01", 503),
        ("58000", 500), ("F0000", 500), ("HV000", 500), ("P0001", 400), ("P0002", 500), ("XX000", 500), ("0A000", 400),
        ("PT418", 418), ("PT200", 200), ("PT000", 500), ("PT199", 500), ("PT600", 500), ("PTY10", 500),
    ],
)  # fmt: skip
def test_what_a_function_of_the_database_raises(sqlstate: str, status: int) -> None:
    assert status_of(sqlstate, anonymous=False, in_function=True) == status


@pytest.mark.parametrize(
    ("sqlstate", "status"), [("54001", 400), ("54000", 400), ("21000", 400), ("55000", 400), ("53300", 503)]
)
def test_limits_that_the_request_itself_ran_into(sqlstate: str, status: int) -> None:
    assert status_of(sqlstate, anonymous=False) == status


def test_what_depends_on_more_than_the_code() -> None:
    assert status_of("42501", anonymous=True) == 401
    assert status_of("42501", anonymous=False) == 403
    assert (
        status_of("21000", anonymous=False, message="UPDATE requires a WHERE clause", in_function=True) == 400
    )
    assert status_of("22023", anonymous=False, message='role "x" does not exist') == 401


def test_a_refusal_has_four_keys_sorted_and_compact() -> None:
    answer = refuse(Refusal(404, "PGRST205", 'no "tëble"', ["x"], headers=(("X-A", "b"),)))
    assert (
        answer.body == '{"code":"PGRST205","details":["x"],"hint":null,"message":"no \\"tëble\\""}'.encode()
    )
    assert answer.headers == (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Proxy-Status", "PostgREST; error=PGRST205"),
        ("X-A", "b"),
    )
    assert (
        refuse(Refusal(400, "X", "half a \ud800")).body
        == b'{"code":"X","details":null,"hint":null,"message":"half a ?"}'
    )
