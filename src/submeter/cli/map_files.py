"""Column maps in files, as `submeter import --columns` and `submeter columns keep` take them."""

from pathlib import Path

from submeter.core.problem import Refused
from submeter.metering.column_maps import looks_like_file
from submeter.metering.formats.column_map import ColumnMap, read_map
from submeter.metering.problems import no_map_file


def map_at(path: Path) -> ColumnMap:
    """The map in a file. Raises Refused: MTR197 where there is none, MTR190, MTR191 where it cannot be."""
    try:
        return read_map(path.read_text("utf-8-sig"))
    except OSError as error:
        raise Refused(no_map_file(f"{path}: {error.strerror or error}")) from error
    except UnicodeDecodeError as error:
        raise Refused(no_map_file(f"{path}: {error.reason}")) from error


def map_named(said: str) -> str | ColumnMap:
    """What `--columns` names: the map in a file, or the name of one that is kept."""
    return map_at(Path(said)) if looks_like_file(said) else said
