"""The bench runs, over its own database, and its measurements are of the right thing."""

import sys
from pathlib import Path

import pytest
from bench import rowgate
from bench.kinds import KINDS


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A program that is started as PostgREST would be, on the same environment."""
    program = tmp_path / "postgrest"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rowgate.cli "$@"\n')
    program.chmod(0o755)
    return program


@pytest.mark.skipif(sys.platform != "linux", reason="the bench reads /proc and waits with epoll")
def test_every_column_is_measured(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTGREST", str(stand_in))
    monkeypatch.setattr("bench.measure.WARM_UP_S", 0.1)
    monkeypatch.setattr("bench.kind.DISTINCT", 20)
    kinds = [part for kind in KINDS for part in ("--kind", kind.name)]
    assert (
        rowgate.main([*kinds, "--seconds", "0.1", "--turns", "1", "--connections", "4", "--workers", "2"])
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    for kind in KINDS:
        found = [line.removeprefix(kind.name).split() for line in lines if line.startswith(f"{kind.name} ")]
        own, rival, judged = found
        assert [own[0], rival[0]] == ["rowgate", "PostgREST"]
        assert all(float(word) > 0 for word in own[1:6] + rival[1:6])
        assert judged[-1] == "met"
