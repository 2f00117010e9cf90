"""A second demonstration in one directory is noticed before it spoils the first one's demo.env."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from submeter.cli.demo import read_url, refuse_second
from submeter.core.problem import Refused
from submeter.settings import Settings


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def settings_with(directory: Path, url: str) -> Settings:
    (directory / "demo.env").write_text(f"SUBMETER_URL={url}\nSUBMETER_ANON_KEY=x\n")
    return replace(Settings(), data_dir=directory)


def test_a_demo_that_answers_is_not_joined_by_another(tmp_path: Path, served: str) -> None:
    with pytest.raises(Refused) as caught:
        refuse_second(settings_with(tmp_path, served))

    assert caught.value.problem.code == "SRV103"
    assert served in caught.value.problem.detail


def test_one_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    refuse_second(settings_with(tmp_path, "http://127.0.0.1:9"))


def test_no_file_no_demo(tmp_path: Path) -> None:
    assert read_url(tmp_path / "demo.env") is None
    refuse_second(replace(Settings(), data_dir=tmp_path))
