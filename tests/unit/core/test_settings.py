"""Settings: defaults, then the file, then the environment; and the secret that is made once."""

import stat
from pathlib import Path

import pytest

from submeter.core.problem import Problem, Refused
from submeter.settings import Settings, load_settings

LONG = "0123456789" * 4


def refusal(directory: Path, text: str = "", **environ: str) -> Problem:
    (directory / "submeter.toml").write_text(text)
    with pytest.raises(Refused) as refused:
        load_settings(environ, directory)
    return refused.value.problem


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    found = load_settings({}, tmp_path)
    assert (found.host, found.port, found.database_url) == ("127.0.0.1", 8000, None)
    assert found.data_dir == tmp_path / ".submeter"
    assert not found.data_dir.exists()


def test_the_environment_wins_over_the_file_and_our_names_over_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "submeter.toml").write_text('port = 1000\nhost = "0.0.0.0"\nSUBMETER_DEFAULT_ESCO = "ACME"\n')
    found = load_settings({}, tmp_path)
    assert (found.port, found.host, found.default_esco) == (1000, "0.0.0.0", "ACME")
    assert load_settings({"PORT": "2000"}, tmp_path).port == 2000
    assert load_settings({"PORT": "2000", "SUBMETER_PORT": "3000"}, tmp_path).port == 3000
    assert load_settings({"DATABASE_URL": "postgresql:///a"}, tmp_path).database_url == "postgresql:///a"
    assert load_settings({"SUBMETER_DB_BIN_DIR": "/opt/bin"}, tmp_path).db_bin_dir == Path("/opt/bin")
    assert load_settings({"SUBMETER_PORT": ""}, tmp_path).port == 1000


def test_an_unknown_name_offers_the_nearest(tmp_path: Path) -> None:
    near = refusal(tmp_path, 'databse_url = "x"\n')
    assert (near.code, near.hint) == ("SET101", "Did you mean 'database_url'?")
    far = refusal(tmp_path, "zzz = 1\n")
    assert "data_dir" in far.hint


@pytest.mark.parametrize(
    "text", ['port = "many"', "port = 70000", "port = true", "host = 1", 'jwt_secret = "short"']
)
def test_a_value_that_does_not_fit_is_refused(tmp_path: Path, text: str) -> None:
    found = refusal(tmp_path, text)
    assert found.code == "SET102"
    assert '"short"' not in found.detail
    assert "'short'" not in found.detail


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "port 1").code == "SET103"


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    secret = settings.get_jwt_secret()
    kept = settings.data_dir / "jwt-secret"
    assert len(secret) >= 43
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert load_settings({}, tmp_path).get_jwt_secret() == secret
    assert load_settings({"SUBMETER_JWT_SECRET": LONG}, tmp_path).get_jwt_secret() == LONG
    assert {path.name for path in settings.data_dir.iterdir()} == {"jwt-secret", ".gitignore"}


def test_a_secret_file_that_was_cut_short_or_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "jwt-secret").write_text("short\n")
    with pytest.raises(Refused, match="SET102"):
        Settings(data_dir=tmp_path).get_jwt_secret()
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="SET104"):
        Settings(data_dir=tmp_path / "file").get_jwt_secret()
