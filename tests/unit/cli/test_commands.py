"""Commands are imported when they are asked for, and all are there."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from submeter.cli import app
from submeter.cli.commands import MODULES, Commands


def test_the_command_line_begins_with_none_of_what_its_commands_need() -> None:
    heavy = ("numpy", "psycopg", "uvicorn", "rowgate")
    told = f"import sys, submeter.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", MODULES)
def test_each_command_is_there_under_its_name(name: str) -> None:
    assert Commands()[name].name == name


def test_a_misspelt_command_is_told_its_neighbour() -> None:
    done = CliRunner().invoke(app, ["tarif"])
    assert done.exit_code == 2
    assert "Did you mean 'tariff'?" in done.output


def test_commands_stay() -> None:
    with pytest.raises(TypeError, match="stays"):
        del Commands()["db"]
