"""Where results go: pipes that close, disks that are full, files that are links, streams that are not there."""

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

SPEC = '{"input": [4], "layers": [{"Dense": 3}], "budget": {"params": 1}}'
COMMANDS = [
    "summary m.json",
    "summary m.json --format csv",
    "check m.json",
    "check m.json --format sarif",
    "diff m.json m.json",
    "explain m.json",
    "convert m.json",
    "--help",
    "check --help",
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    Path("m.json").write_text(SPEC)
    return tmp_path


def start(command, **options):
    given = {"stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-m", "paramcalc", *command.split()], **given)


def finish(command, **options):
    with start(command, **options) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_that_nobody_reads_is_quiet(command):
    """`| head`: what shells call 141."""
    reading, writing = os.pipe()
    os.close(reading)
    code, _, err = finish(command, stdout=writing)
    os.close(writing)
    assert (code, err) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize("command", COMMANDS[:1] + COMMANDS[-1:])
def test_a_full_disk_behind_stdout_is_an_error(command):
    with open("/dev/full", "wb") as full:
        code, _, err = finish(command, stdout=full)
    assert code == 2
    assert b"no space left on device" in err


def test_a_file_past_what_may_be_written_leaves_the_old_one_whole(folder):
    """Nothing is left beside it either."""
    Path("old.svg").write_text("old")
    limit = 512

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    code, _, err = finish("summary m.json --format svg -o old.svg", preexec_fn=limited, env=environment)
    assert (code, err) == (2, b"cannot write old.svg: file too large\n")
    assert Path("old.svg").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == ["m.json", "old.svg"]


def test_a_link_is_followed_and_permissions_stay():
    Path("real").write_text("old")
    os.chmod("real", 0o640)
    os.symlink("real", "link")
    assert finish("summary m.json -o link")[0] == 0
    assert os.path.islink("link")
    assert "Dense" in Path("real").read_text()
    assert stat.S_IMODE(os.stat("real").st_mode) == 0o640


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".", b"is a directory"),
        ("no/such", b"no such file or directory"),
        ("m.json/x", b"not a directory"),
        ("loop", b"too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_written_is_an_error(path, why):
    os.symlink("loop", "loop")
    code, _, err = finish(f"check m.json --max-params 1k -o {path}")
    assert code == 2
    assert why in err


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1"])
def test_stdout_by_its_path_is_stdout(path):
    """As a pipe; and a file that it is appended to is not replaced."""
    code, out, _ = finish(f"convert m.json -o {path}", stdout=subprocess.PIPE)
    assert (code, b"Dense" in out) == (0, True)
    Path("log").write_text("before\n")
    with open("log", "ab") as log:
        assert finish(f"convert m.json -o {path}", stdout=log)[0] == 0
    assert Path("log").read_text().startswith("before\n")
    assert "Dense" in Path("log").read_text()


def test_a_named_pipe_is_written_to():
    os.mkfifo("fifo")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("fifo").read_text()))
    reader.start()
    assert finish("convert m.json -o fifo")[0] == 0
    reader.join()
    assert "Dense" in read[0]


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_change_no_exit_code(closed):
    """And no file that is opened becomes stdout in their place."""

    def close():
        for number in closed:
            os.close(number)

    command = [sys.executable, "-m", "paramcalc", "check", "m.json", "-o", "report"]
    assert subprocess.run(command, preexec_fn=close, check=False).returncode == 1
    assert Path("report").read_text().startswith("OVER BUDGET")


def test_ctrl_c_while_a_file_is_read_is_quiet(folder):
    """Not even half a report."""
    with start("check m.json - -o report", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b" " * 1_000_000)  # more than a pipe holds: it is being read
        process.stdin.flush()
        for _ in range(50):  # Python may miss one between two reads of a pipe
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
                break
        assert process.returncode == 130
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")
    assert [path.name for path in folder.iterdir()] == ["m.json"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_end_from_outside_leaves_no_half_file(folder, number):
    """CI cancels a job with the first of these. The layers are a second's work, written piece by piece."""
    Path("m.yaml").write_text("input: [8]\nlayers:\n- repeat: 90000\n  layers: [{Dense: $(8 + i % 7)}]\n")
    Path("report").write_text("old")
    with start("summary m.yaml --format json -o report", stdout=subprocess.PIPE) as process:
        while len(list(folder.iterdir())) < 4 and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(number)
        assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 128 + number
    assert sorted(path.name for path in folder.iterdir()) == ["m.json", "m.yaml", "report"]
    assert Path("report").read_text() == "old"


@pytest.mark.parametrize("command", ["diff m.json other.json", "explain m.json", "check m.json --format markdown"])
def test_a_terminal_without_our_signs_gets_others(command):
    """The arrows, deltas and crosses of reports too."""
    Path("other.json").write_text(SPEC.replace("3", "5"))
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    _, out, _ = finish(command, stdout=subprocess.PIPE, env=environment)
    assert b"\\u" not in out
    assert b"\\x" not in out


def test_formats_for_programs_are_utf_8_on_any_terminal():
    """A number of a character would be another name, or no XML."""
    Path("m.json").write_text(SPEC.replace('{"Dense": 3}', '{"Dense": 3, "name": "层😀"}'))
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    for command in ("summary m.json --format svg", "check m.json --format junit", "explain m.json --format json"):
        _, out, _ = finish(command, stdout=subprocess.PIPE, env=environment)
        assert "层😀" in out.decode()


@pytest.mark.parametrize(("count", "shown"), [(60, True), (3, False)])
def test_a_bar_shows_how_far_many_checks_are_on_a_terminal_only(count, shown):
    """It is on stderr: the report is as ever."""
    names = " ".join(f"{index}.json" for index in range(count))
    for name in names.split():
        Path(name).write_text(SPEC)
    terminal, end = os.openpty()
    code, out, _ = finish(f"check {names}", stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    seen = b""
    with suppress(OSError):  # how a terminal says that nobody writes to it any more
        while data := os.read(terminal, 4096):
            seen += data
    os.close(terminal)
    assert code == 1
    assert (b"Checking" in seen and b"100%" in seen) == shown
    assert b"Checking" not in out
    assert finish(f"check {names}", stdout=subprocess.PIPE)[2] == b""
