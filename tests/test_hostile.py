"""Any bytes end in a model or in a clear error: a table of hostile files, large ones made here, and random ones."""

import os
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from tests.each import each

HERE = Path(__file__).parent / "data" / "hostile"
ROWS = [line.split("\t") for line in (HERE / "expected.tsv").read_text("utf-8").splitlines()[1:]]
GOOD = b"input: [4]\nlayers:\n  - Dense: 3\n"
SECONDS = 2.0


def outcome(source: object, name: str | None = None) -> tuple[str, str]:
    """`("ok 15", "")` or `("refused", the error)`; anything else is raised."""
    try:
        return f"ok {summarize(paramcalc.load(source, name=name)).totals.params}", ""
    except InputError as error:
        return "refused", str(error)


def test_every_hostile_file_has_a_verdict():
    files = {path.name for path in HERE.iterdir()} - {"expected.tsv"}
    assert files == {name for name, *_ in ROWS}
    assert len(files) >= 150


FORBIDDEN = {"exec", "os.system", "subprocess.Popen", "socket.connect", "shutil.rmtree"}


def is_suspicious(event, arguments):
    """Whether an event of Python's is one that no file may cause: code that runs, or a file that is written."""
    if event == "open":
        return bool(arguments[1]) and bool(set(str(arguments[1])) & set("wax+"))
    return event in FORBIDDEN


@pytest.fixture
def suspicious(tmp_path, monkeypatch):
    """The suspicious events since the test began; it runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    seen = []
    watching = True
    sys.addaudithook(lambda event, arguments: watching and is_suspicious(event, arguments) and seen.append(event))
    yield seen
    watching = False  # no hook can be removed


@each("name, verdict, words", ROWS, lambda name, *_: name)
def test_each_hostile_file_ends_as_it_should(suspicious, tmp_path, name, verdict, words):
    """In time, in a few lines; and nothing that it names is run or written."""
    suspicious.clear()
    start = time.process_time()
    got, error = outcome(HERE / name, name)
    assert verdict in ("any", got)
    assert words in error
    assert time.process_time() - start < SECONDS
    assert len(error.splitlines()) <= 24
    assert "\x1b" not in error or name == "keras-name-ansi.json"
    if suspicious:  # a module that is imported runs its code, but only once
        suspicious.clear()
        outcome(HERE / name)
    assert suspicious == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_could_do_is_suspicious(suspicious, tmp_path):
    exec("1 + 1")
    (tmp_path / "written").write_text("x")
    subprocess.run(["true"], check=True)
    assert suspicious == ["exec", "open", "subprocess.Popen"]


def packed(layers: bytes) -> bytes:
    """A few thousand bytes that are an archive of these layers."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b'{"class_name":"Sequential","config":{"layers":[' + layers + b"]}}")
    return file.getvalue()


LARGE = {
    "brackets": (b"[" * 100_000, "nested more than 200 deep"),
    "braces": (b"{" * 100_000, ""),
    "closed brackets": (b"[" * 100_000 + b"]" * 100_000, "nested more than 200 deep"),
    "objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested more than 200 deep"),
    "yaml brackets": (b"a: " + b"[" * 100_000, "nested more than 200 deep"),
    "yaml dashes": (b"- " * 100_000 + b"x", "nested more than 200 deep"),
    "yaml keys": (b"? " * 100_000 + b"x", ""),
    "yaml indents": (b"".join(b" " * i + b"a:\n" for i in range(1000)), "nested more than 200 deep"),
    "million digits": (b"input: [" + b"9" * 1_000_000 + b"]", "1,000,000 digits"),
    "million digits in json": (b'{"input": [' + b"9" * 1_000_000 + b"]}", "more than 18 digits"),
    "million digits, negative": (b"[-" + b"9" * 1_000_000 + b"]", "more than 18 digits"),
    "long text": (b"name: '" + b"x" * 900_000 + b"'", "65,536 characters"),
    "long key": (b'"' + b"x" * 900_000 + b'": 1', ""),
    "colliding keys": (
        b"".join(b"%d: 0\n" % (k * (2**61 - 1)) for k in range(1, 30_000)),
        "a key must be text",
    ),
    "quotes": (b'"' * 900_000, ""),
    "backslashes": (b'{"a": "' + b"\\" * 900_000, "ends in the middle"),
    "anchors": (b"a: [" + b"".join(b"&a%d x, " % i for i in range(60_000)) + b"]", ""),
    "aliases": (b"a: [&a x" + b", *a" * 200_000 + b"]", ""),
    "duplicates": (b"{" + b'"a":1,' * 100_000 + b'"a":1}', "and 1 more"),
    "many keys": (b"{" + b",".join(b'"k%d":1' % i for i in range(60_000)) + b"}", "more"),
    "comments": (b"#\n" * 400_000, "the file is empty"),
    "blanks": (b" " * 900_000, "the file is empty"),
    "newlines": (b"\n" * 900_000 + b"{", ""),
    "random bits": (bytes(i * 7919 % 251 for i in range(900_000)), "this is no text"),
    "NaNs": (b'{"input": [' + b"NaN," * 200_000 + b"1]}", ""),
    "unknown keras layers": (
        b'{"class_name":"Sequential","config":{"layers":['
        + b",".join(b'{"class_name":"X%d","config":{}}' % i for i in range(25_000))
        + b"]}}",
        "",
    ),
    "wrong keras fields": (
        b'{"class_name":"Sequential","config":{"layers":[{"class_name":"InputLayer","config":{"name":"i",'
        b'"batch_input_shape":[null,4]}},'
        + b",".join(b'{"class_name":"Dense","config":{"name":"%d","unit":1}}' % i for i in range(16_000))
        + b"]}}",
        "",
    ),
    "one keras layer with many fields": (
        b'{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{"name":"i",'
        + b",".join(b'"units%d":1' % i for i in range(50_000))
        + b"}}]}}",
        "",
    ),
    "unknown spec fields": (
        b"input: [4]\nlayers:\n - Dense: {" + b", ".join(b"unit%d: 3" % i for i in range(60_000)) + b"}",
        "",
    ),
    "unknown variables among many": (
        b"input: [4]\nlayers:\n"
        + b"".join(b"- Dense: $vv%d\n" % i for i in range(200))
        + b"vars:\n"
        + b"".join(b" v%d: 1\n" % i for i in range(40_000)),
        "there is no variable 'vv0' here; did you mean 'v0'?",
    ),
    "unknown types among many blocks, each with blocks": (
        b"input: [4]\nlayers:\n"
        + b"".join(b"- bb%d\n" % i for i in range(200))
        + b"blocks:\n"
        + b"".join(b" b%d: {blocks: {c: {layers: [ReLU]}}, layers: [c]}\n" % i for i in range(8_000)),
        "there is no layer type 'bb0'; did you mean 'b0'?",
    ),
    "wrong ties among many weights": (
        b"input: [4]\nlayers:\n"
        + b"".join(b"- {Dense: 4, name: d%d}\n" % i for i in range(8_000))
        + b"tied:\n"
        + b"".join(b"- [d0.kernel, dd%d.kernel]\n" % i for i in range(8_000)),
        "there is no weight 'dd0.kernel'; did you mean 'd0.kernel'?",
    ),
    "wide list": (b'{"input": [4], "layers": [' + b"1," * 300_000 + b"1]}", ""),
    "an archive of layers that are none": (packed(b"0," * 1_500_000 + b"0"), "and 180 more"),
    "an archive of lists in lists": (packed(b"[[[]]]," * 440_000 + b"0"), "and 180 more"),
    "an archive of mappings in a field": (
        packed(b'{"class_name":"Dense","config":{"name":"d","x":[' + b'{"a":0},' * 380_000 + b"0]}}"),
        "unknown field 'x'",
    ),
    "an archive of numbers before a wrong one": (
        packed(b'{"class_name":"Reshape","config":{"name":"r","target_shape":[' + b"1," * 1_500_000 + b"[]]}}"),
        ":1:3000109: ",
    ),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_large_hostile_file_is_refused_quickly(case):
    data, words = LARGE[case]
    start = time.process_time()
    got, error = outcome(data, "large")
    took = time.process_time() - start
    assert got == "refused"
    assert words in error or (case == "duplicates" and "duplicate key" in error)
    assert len(error.splitlines()) <= 2 * 20 + 1
    assert took < 2 * SECONDS  # of CPU on a loaded machine; alone each takes less than 1.5 s


def test_a_zip_bomb_costs_its_limit_and_no_more(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("config.json", "w") as entry:
        for _ in range(100):
            entry.write(b" " * 2**20)
    start = time.process_time()
    assert "larger than 3 MiB" in outcome(path)[1]
    assert time.process_time() - start < SECONDS


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(b"")
@example(b"PK\x03\x04")
@example(b"\x89HDF\r\n\x1a\n")
@given(st.binary(max_size=300))
def test_random_bytes_are_a_model_or_an_error(data):
    outcome(data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="abD1-:,.[]{}&*!|>'\"#%@`?<~ \n\t\\u", max_size=80))
def test_random_punctuation_is_a_model_or_an_error(text):
    outcome(text.encode("utf-8", "replace"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([row[0] for row in ROWS if row[1].startswith("ok")]), st.data())
def test_a_damaged_file_is_a_model_or_an_error(name, data):
    content = bytearray((HERE / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    outcome(bytes(content[: cut or None]))


SAMPLE = ["good.yaml", "good.keras", "tag-python.yaml", "duplicate.json", "depth-201.yaml", "pickle-exec.pkl"]


def run(*arguments: str, **options) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "paramcalc", *arguments], capture_output=True, timeout=30, check=False, **options
    )


@pytest.mark.parametrize("name", SAMPLE)
def test_the_command_ends_in_its_documented_exit_code(name):
    done = run("summary", str(HERE / name))
    assert done.returncode == (0 if name.startswith("good") else 2)
    assert b"Traceback" not in done.stderr
    assert bool(done.stdout) == name.startswith("good")


def test_100_000_brackets_do_not_crash_the_process():
    done = run("summary", "-", input=b"a: " + b"[" * 100_000)
    assert done.returncode == 2
    assert b"nested more than 200 deep" in done.stderr


def test_standard_input_that_never_ends_is_left_at_the_limit():
    environment = {**os.environ, "PARAMCALC_MAX_MIB": "1"}
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        done = run("summary", "-", stdin=endless.stdout, env=environment)
        endless.kill()
    assert done.returncode == 2
    assert b"larger than 1 MiB" in done.stderr
