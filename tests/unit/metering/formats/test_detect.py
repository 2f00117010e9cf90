"""Files are recognised by what is in them, and what is not recognised is told how near it came."""

import pytest

from submeter.core.problem import Refused
from submeter.metering.formats import detect as module
from submeter.metering.formats.detect import FORMATS, Fit, Format, detect, format_named
from submeter.metering.model import FileError

HEADS = {
    "nem12": "100,NEM12,202604201300,MDA1,Ret1\n200,",
    "nem13": '"100","nem13",202604201300,MDA1,Ret1\n250,',
    "eiep3": "HDR,ICPHH,10.0,SNDR,BHLF,RCPT,21/04/2026,21:11:04,000,96,202604,E,I\n",
    "green-button": '<?xml version="1.0"?>\n<feed><entry><UsagePoint xmlns="http://naesb.org/espi"/>',
    "meters": "site_identifier,meter_code,meter_register,meter_type_code,meter_status_code,direction_indicator\n",
    "reads": "Read Date;Reading;Register;Meter;Site\n",
    "half-hourly": "MPAN,Date," + ",".join(f"HH{n}" for n in range(1, 49)) + "\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_each_format_is_recognised(name: str) -> None:
    assert detect(HEADS[name].encode()).name == name
    assert detect(b"\xef\xbb\xbf\r\n" + HEADS[name].replace("\n", "\r\n").encode()).name == name


def test_all_formats_are_looked_at() -> None:
    assert [one.name for one in FORMATS] == list(HEADS)
    assert format_named("eiep3").title == "EIEP3"


def test_a_table_without_a_clock_is_recognised_and_refused_by_its_reader() -> None:
    assert detect(b"serial,timestamp,kWh\nS1,2026-06-01 00:00,1\n").name == "half-hourly"


@pytest.mark.parametrize(
    ("head", "code", "hint"),
    [
        ("", "MTR142", ""),
        (" \r\n", "MTR142", ""),
        ("hello\n", "MTR140", "none"),
        (
            "site_identifier,meter_code,meter_register,meter_read\n",
            "MTR140",
            "readings: columns are missing: read_date",
        ),
        ("MPAN,Date,HH1,HH2,HH3\n", "MTR140", "half-hourly"),
        ("<rss></rss>", "MTR140", "Green Button"),
        ("100,NEM11,1\n", "MTR140", "NEM12"),
    ],
)
def test_what_is_not_recognised_is_told_the_nearest(head: str, code: str, hint: str) -> None:
    with pytest.raises(FileError) as refused:
        detect(head.encode())
    assert refused.value.problem.code == code
    assert hint in refused.value.problem.hint


def test_what_fits_two_formats_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = Format("greedy", "anything", lambda head: Fit(1), lambda stream: iter(()))
    monkeypatch.setattr(module, "FORMATS", (*FORMATS, greedy))
    with pytest.raises(FileError) as refused:
        detect(HEADS["nem12"].encode())
    assert refused.value.problem.code == "MTR141"
    assert refused.value.problem.detail == "nem12, greedy"


def test_a_format_by_a_wrong_name() -> None:
    with pytest.raises(Refused) as refused:
        format_named("nem14")
    assert refused.value.problem.code == "MTR155"
