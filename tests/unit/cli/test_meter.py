"""What `submeter meter export` does when nobody reads on."""

import subprocess
import sys

ENDLESS = "from submeter.cli.output import write; write((b'x' * 10_000 for _ in range(100_000)), None)"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    assert process.stdout.read(5) == b"xxxxx"
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
