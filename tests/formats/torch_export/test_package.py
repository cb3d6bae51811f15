"""Which archives are exported programs, and what is said of the others."""

import base64
import io
import json
import pickle
import zipfile

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from tests.formats.torch_export.programs import archived, programs

TWO = {
    entry.replace("model.json", f"{name}.json").replace("model_", f"{name}_"): text
    for name, program in (("encoder", "encoder"), ("decoder", "residual"))
    for entry, text in programs()[program]["entries"].items()
}


def error(content, **options):
    with pytest.raises(InputError) as caught:
        summarize(paramcalc.load(content, name="m.pt2", **options))
    assert str(caught.value).startswith("m.pt2: ")
    return str(caught.value).removeprefix("m.pt2: ")


def changed(name="residual", **parts):
    """An archive with parts of the program replaced."""
    entries = dict(programs()[name]["entries"])
    program = json.loads(entries["archive/models/model.json"])
    entries["archive/models/model.json"] = json.dumps(program | parts)
    return archived(entries)


def test_one_of_several_models_is_chosen_by_name():
    several = archived(TWO)
    assert error(several) == "the archive holds 2 models: encoder, decoder; choose one: --set model=encoder"
    assert paramcalc.load(several, sets={"model": "decoder"}).name == "Residual"
    assert "there is no model 'decode' in it; did you mean 'decoder'?" in error(several, sets={"model": "decode"})


def test_a_program_has_no_variables():
    assert "--set gives d, but an exported program has no variables" in error(archived(TWO), sets={"d": 3})


@pytest.mark.parametrize("root", ["", "model/"])
@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("data/aotinductor/model/a.so", "this is a package of AOTInductor"),
        ("executorch/model.pte", "this is a package of ExecuTorch"),
        ("extra/notes", "an archive of PyTorch without a model in it"),
    ],
)
def test_what_else_such_an_archive_holds_is_named(root, entry, what):
    assert error(archived({f"{root}archive_format": "pt2", f"{root}{entry}": ""})).startswith(what)


def test_a_program_of_executorch_is_named():
    assert "this is a program of ExecuTorch" in error(b"\x18\x00\x00\x00ET12" + bytes(64))


@pytest.mark.parametrize("major", [6, 9])
def test_another_schema_is_refused(major):
    message = error(changed(schema_version={"major": major, "minor": 2}, torch_version="9.9"))
    assert message == (
        f"an exported program of PyTorch 9.9 with schema {major}.2; paramcalc reads those of PyTorch 2.5 to 2.13 "
        "(schemas 7 and 8)"
    )
    assert error(changed(schema_version={"major": major, "minor": 2}, graph_module=3)).endswith("(schemas 7 and 8)")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`, got `array`"),
        ("[" * 100_000, "Expected `object`, got `array`"),
        ('{"graph_module":' * 5_000, "nested too deep"),
        ('{"graph_module":{"graph":{"outputs":[' + "{}," * 100_000 + "{}]}}}", "made of empty objects"),
        ('{"schema_version":{"major":8,"minor":1}}', "missing required field `graph_module`"),
        ("\ufeff{}", "malformed"),
    ],
)
def test_what_is_no_program_is_refused(text, what):
    assert what in error(archived({"a/archive_format": "pt2", "a/models/model.json": text}))


def test_nothing_but_json_is_read(monkeypatch):
    """Weights may be any size, and hold anything."""
    entries = dict(programs()["residual"]["entries"])
    content = archived(
        entries | {"archive/data/weights/weight_0": "x" * 1000, "archive/data/sample_inputs/model.pt": ""}
    )
    opened = []
    real = zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile, "open", lambda self, entry, *rest: opened.append(entry) or real(self, entry, *rest)
    )
    paramcalc.load(content)
    assert {entry.filename.rpartition(".")[2] for entry in opened} == {"json"}


def test_a_compressed_program_is_read_as_well():
    assert paramcalc.load(archived(programs()["residual"]["entries"], zipfile.ZIP_DEFLATED)).name == "Residual"


def test_a_bomb_is_not_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/archive_format", "pt2")
        archive.writestr("a/models/model.json", b" " * 9 * 2**20)
    assert "a/models/model.json is larger than 8 MiB, the limit" in error(file.getvalue())


def test_an_old_archive_without_its_state_dict_says_less_than_pytorch_knows():
    assert paramcalc.load(archived(programs("2.5")["residual"]["entries"])).warnings == [
        "written by PyTorch 2.5.1+cu124, and its weights were taken out: it may not say which of them are tied, or "
        "have those that nothing reads"
    ]


STATE = "serialized_state_dict.pt"


def test_an_old_archive_says_in_its_state_dict_what_is_tied_and_what_nothing_reads():
    entries = programs("2.6")["tied"]["entries"]
    model = paramcalc.load(archived(entries))
    assert not model.warnings
    assert len(model.tied) == 1
    less = paramcalc.load(archived({name: entry for name, entry in entries.items() if name != STATE}))
    assert len(less.warnings) == 1
    assert not less.tied


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a/data.pkl": base64.b64encode(b"N.").decode()}, f"{STATE} is no state_dict"),
        ({"a/data.pkl": base64.b64encode(pickle.dumps({1: None})).decode()}, f"{STATE} has a key that is no text"),
        ({"a/data.pkl": base64.b64encode(pickle.dumps({"w": 1})).decode()}, f"{STATE}: 'w' is no ordinary tensor"),
        ({"a/data.pkl": base64.b64encode(b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R.").decode()}, "os.system"),
        ({"b": 3}, "the archive has 0 files data.pkl where PyTorch writes one"),
        ("no archive", "a broken archive: File is not a zip file"),
    ],
)
def test_a_state_dict_that_is_none_is_refused(state, message):
    assert message in error(archived(programs("2.6")["tied"]["entries"] | {STATE: state}))
