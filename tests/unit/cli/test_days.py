"""Days as people write them."""

from datetime import date

import pytest
from typer.testing import CliRunner

from submeter.cli import app
from submeter.cli.days import read_day
from submeter.core.problem import Refused


def test_a_day_has_one_form() -> None:
    assert read_day(" 2028-02-29 ") == date(2028, 2, 29)


@pytest.mark.parametrize(
    "text", ["", "01/09/2026", "2026-9-1", "20260901", "2026-W36-2", "2026-02-29", "today"]
)
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_day(text)
    assert refused.value.problem.code == "CLI102"
    assert "2026-09-01" in refused.value.problem.hint


COMMANDS = (
    ("tariff", "rate", "A"), ("tariff", "compare", "A"), ("tariff", "preview", "A", "B"),
    ("tariff", "assign", "A", "B"), ("tariff", "import", "file.csv"), ("meter", "chart", "R"),
    ("meter", "export", "R"), ("intervals", "check"), ("intervals", "findings"), ("intervals", "estimate"),
    ("readings", "consumption", "R"),
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_all_commands_say_the_same_of_a_day_that_is_none(words: tuple[str, ...]) -> None:
    """Before they ask for anything else."""
    said = CliRunner().invoke(app, [*words, "--from", "01/09/2026"])
    assert (said.exit_code, said.stderr.splitlines()[0].partition(": ")[0]) == (2, "error CLI102"), (
        said.output
    )


@pytest.mark.parametrize("words", [("tariff", "show", "A"), ("tariff", "export", "A")], ids=" ".join)
def test_so_do_those_that_take_one_day(words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(app, [*words, "--on", "1 Sep"])
    assert (said.exit_code, said.stderr.splitlines()[0].partition(": ")[0]) == (2, "error CLI102"), (
        said.output
    )
