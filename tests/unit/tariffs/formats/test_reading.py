"""Files of any kind: which it is, in any usual encoding."""

from datetime import date

import pytest

from submeter.metering.model import FileError
from submeter.tariffs.formats.reading import read_plans

TABLE = "plan_code,component_code,kind,rate,invoice_text\nP,S,supply,1,Café\n"
FIRST = date(2026, 7, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    (plan,) = read_plans(TABLE.encode(encoding), FIRST).plans
    assert plan.components[0].name == "Café"


def test_urdb_is_told_by_its_first_letter() -> None:
    (plan,) = read_plans(b' {"name": "A b", "energyratestructure": [[{"rate": 1}]]}', FIRST).plans
    assert plan.code == "A-B"


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"%PDF-1.7", b"a,b\n1,2\n"])
def test_what_is_neither_is_refused(data: bytes) -> None:
    with pytest.raises(FileError) as refused:
        read_plans(data)
    assert refused.value.problem.code == "TRF216"
