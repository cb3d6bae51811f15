"""`paramcalc check` and `diff` from the outside: exit codes, formats, configuration, baselines."""

import json
import subprocess
import xml.etree.ElementTree as ET

import pytest

from paramcalc.cli import run

SPEC = "input: [128]\nlayers:\n  - Dense: 64\n"  # 8,256 params


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with one model in it."""
    (tmp_path / "model.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return tmp_path


def check(capsys, *args):
    code = run(["check", *args])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(("limit", "code"), [("8256", 0), ("8255", 1), ("1M", 0), ("nonsense", 2)])
def test_the_exit_code_says_how_it_went(folder, capsys, limit, code):
    """0 within, 1 over, 2 bad usage; equal passes."""
    assert check(capsys, "model.yaml", "--max-params", limit)[0] == code


@pytest.mark.parametrize("format_", ["text", "json", "github", "junit", "sarif", "markdown"])
def test_the_format_never_changes_the_exit_code(folder, capsys, format_):
    """1 in every format."""
    code, out, _ = check(capsys, "model.yaml", "--max-params", "1k", "--format", format_)
    assert code == 1
    assert "8,256" in out


def test_the_report_says_by_how_much_and_which_layers(folder, capsys):
    """What a person needs to act."""
    _, out, _ = check(capsys, "model.yaml", "--max-params", "8k")
    assert "by 256" in out
    assert "the largest layers: dense 8,256" in out
    assert "0 passed, 1 over budget, 0 broken" in out


def test_a_limit_that_is_no_number_is_named_as_the_option(folder, capsys):
    """Not as the key of a budget, which nobody wrote."""
    code, _, err = check(capsys, "model.yaml", "--max-layer-params", "5X")
    assert code == 2
    assert "Invalid value for '--max-layer-params': 'X' is not a unit of a count" in err


def test_nothing_to_check_is_not_a_pass(folder, capsys):
    """No budget anywhere, or no configuration at all: exit code 2."""
    assert check(capsys, "model.yaml")[0] == 2
    assert check(capsys)[0] == 2


@pytest.mark.parametrize("given", [["--against", "", "--max-increase", "0"], ["--config", ""]])
def test_an_empty_value_is_not_as_if_nothing_was_said(folder, capsys, given):
    """A variable of CI that is not set: `--against "$BASE"`."""
    code, _, err = check(capsys, "model.yaml", "--max-params", "1M", *given)
    assert (code, "--max-increase needs" in err) == (2, False)


def test_a_specs_own_budget_counts(folder, capsys):
    """`budget:` in the file."""
    (folder / "model.yaml").write_text(SPEC + "budget: {params: 8k}\n")
    assert check(capsys, "model.yaml")[0] == 1


def test_no_limit_loosens_another(folder, capsys):
    """A spec's own budget holds, whatever the flags or the configuration allow."""
    (folder / "model.yaml").write_text(SPEC + "budget: {params: 8k}\n")
    assert check(capsys, "model.yaml", "--max-params", "1M")[0] == 1


CONFIG = '[[tool.paramcalc.checks]]\nfiles = ["*.yaml", "!broken.yaml"]\nparams = "{limit}"\n'


@pytest.mark.parametrize(("limit", "code"), [("9k", 0), ("8k", 1)])
def test_the_configuration_is_found_upward(folder, capsys, monkeypatch, limit, code):
    """From a folder below; excluded files are left out."""
    (folder / "pyproject.toml").write_text(CONFIG.format(limit=limit))
    (folder / "broken.yaml").write_text("layers: [")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert check(capsys)[0] == code


@pytest.mark.parametrize(
    ("format_", "shown"),
    [
        ("text", "CANNOT JUDGE paramcalc.yaml\n             paramcalc.yaml:3:5: check 1: unknown key 'parms'"),
        ("json", '"line": 3'),
        ("github", "::error file=paramcalc.yaml,line=3,col=5,title=paramcalc::check 1: unknown key 'parms'"),
        ("junit", 'name="paramcalc.yaml" time="0"><error message="paramcalc.yaml:3:5: check 1: unknown key'),
        ("sarif", '"startLine": 3'),
        ("markdown", "<code>paramcalc.yaml</code>"),
    ],
)
def test_a_mistake_in_the_configuration_is_reported_like_one_in_a_model(folder, capsys, format_, shown):
    """On its line, where CI looks: an empty report would say nothing to who broke it."""
    (folder / "paramcalc.yaml").write_text("# ours\nchecks:\n  - {files: '*.yaml', parms: 1M}\n")
    code, out, err = check(capsys, "--format", format_)
    assert (code, shown in out, err) == (2, True, "")
    (folder / "paramcalc.yaml").write_text("checks: [")
    assert check(capsys, "--format", format_, "-o", "report")[0] == 2
    assert "paramcalc.yaml" in (folder / "report").read_text()


def test_a_glob_that_matches_no_file_is_broken(folder, capsys):
    """A gate that finds nothing must not pass."""
    (folder / "paramcalc.yaml").write_text("checks:\n  - {files: 'models/*.yaml', params: 1M}\n")
    code, out, _ = check(capsys)
    assert code == 2
    assert "no file matches this glob" in out


def test_a_file_that_is_called_like_a_glob_hides_no_other(folder, capsys):
    """A pull request could add one: the gate would look at nothing else."""
    (folder / "*.yaml").write_text("input: [2]\nlayers: [Flatten]\n")
    code, out, _ = check(capsys, "*.yaml", "--max-params", "1k")
    assert code == 1
    assert "ok           *.yaml" in out
    assert "OVER BUDGET  model.yaml" in out


def test_an_exclusion_on_the_command_line_is_not_passed_over(folder, capsys):
    """Only a configuration has them; here it is a glob without a file."""
    code, out, _ = check(capsys, "model.yaml", "!m*.yaml", "--max-params", "1M")
    assert code == 2
    assert "no file matches this glob" in out


def test_a_glob_without_a_file_hides_no_other_check(folder, capsys):
    """In a configuration and on the command line."""
    (folder / "paramcalc.yaml").write_text(
        "checks: [{files: [no/*.yaml, model.yaml], params: 1k}, {files: '*.yaml', params: 1M}]"
    )
    code, out, _ = check(capsys)
    assert (code, "0 passed, 1 over budget, 1 broken" in out) == (2, True)
    code, out, _ = check(capsys, "no/*.yaml", "model*.yaml")
    assert (code, "0 passed, 1 over budget, 1 broken" in out) == (2, True)


def test_a_file_of_two_checks_is_one_model_held_to_both(folder, capsys):
    """Each says its own; a file is counted once."""
    (folder / "paramcalc.yaml").write_text(
        "checks: [{files: model.yaml, params: 8k, name: small, message: Ask the team.},"
        " {files: '*.yaml', macs: 1k, name: quick, message: Use fewer.}, {files: model.yaml, params: 1M}]"
    )
    code, out, _ = check(capsys)
    assert code == 1
    assert "by 256 (+3.2%) (check 'small')" in out
    assert "MACs: 8,192 is over the budget of 1,000 by 7,192 (+719.2%) (check 'quick')" in out
    assert out.index("Ask the team.") < out.index("Use fewer.")
    assert "0 passed, 1 over budget, 0 broken" in out


def test_named_files_are_held_to_the_configuration(folder, capsys):
    """Those that no check is about have the other limits only, and without any cannot pass."""
    (folder / "paramcalc.yaml").write_text("checks: [{files: model.yaml, params: 8k}]")
    (folder / "other.yaml").write_text(SPEC)
    assert check(capsys, "model.yaml")[0] == check(capsys, str(folder / "model.yaml"))[0] == 1
    assert check(capsys, "model.yaml", "--max-params", "1M")[0] == 1
    assert check(capsys, "other.yaml", "--max-params", "1M")[0] == 0
    assert check(capsys, "other.yaml")[0] == 2
    assert check(capsys, "other.yaml", "--config", "paramcalc.yaml")[0] == 2
    for config in ("paramcalc.yaml", "./paramcalc.yaml", str(folder / "paramcalc.yaml")):
        assert check(capsys, "--config", config)[1].startswith("OVER BUDGET  model.yaml\n")


def test_a_file_named_twice_is_checked_once(folder, capsys):
    assert "1 passed," in check(capsys, "model.yaml", "./model.yaml", "mod*.yaml", "--max-params", "1M")[1]


def test_the_configuration_itself_is_no_model(folder, capsys):
    """Whatever its globs name."""
    (folder / "paramcalc.yaml").write_text("checks: [{files: '*.yaml', params: 1M}]")
    assert check(capsys)[0] == 0


@pytest.mark.parametrize(
    ("own", "configured", "flags", "code"),
    [
        ("size: 33023 B", "params: 1M", [], 1),
        ("size: 33023 B, dtype: int8", "params: 1M", [], 0),
        ("dtype: int4", "size: 33023 B", [], 1),
        ("size: 1 MB, dtype: int4", "size: 33023 B", [], 1),
        ("size: 33023 B", "size: 1 MB, dtype: int4", [], 1),
        ("params: 1M", "size: 33023 B", ["--dtype", "int8"], 0),
        ("params: 1M", "size: 33023 B, dtype: float32", ["--dtype", "int8"], 1),
        ("params: 1M", "layers: {dense: {size: 33023 B}}", ["--dtype", "int8"], 0),
        ("params: 1M", "layers: {dense: {size: 33023 B, dtype: float32}}", ["--dtype", "int8"], 1),
        ("params: 1M", "params: 1M", ["--dtype", "int8", "--max-size", "8255 B"], 1),
    ],
)
def test_a_dtype_is_that_of_its_own_budget(folder, capsys, own, configured, flags, code):
    """A spec that names one does not loosen the limits of others; --dtype is for those that name none."""
    (folder / "model.yaml").write_text(f"{SPEC}budget: {{{own}}}\n")
    (folder / "paramcalc.yaml").write_text(f"checks: [{{files: model.yaml, {configured}}}]")
    assert check(capsys, *flags)[0] == code


@pytest.mark.parametrize("limit", ["params", "size", "macs", "peak_memory", "layers"])
def test_what_is_unknown_never_passes(folder, capsys, limit):
    """Neither MACs of a dimension that is not known, nor anything of a partial model."""
    unknown = "input: [null, 8]\nlayers:\n  - {LSTM: 4, name: rnn}\n"
    lambda_ = "input: [8]\nlayers:\n  - {type: Lambda, name: odd}\n  - Dense: 3\n"
    value = {"size": "1 TB", "peak_memory": "1 TB", "layers": "{rnn: {macs: 1T}}"}.get(limit, "1T")
    for text, known in ((unknown, limit in ("params", "size")), (lambda_, False)):
        (folder / "model.yaml").write_text(f"{text}budget: {{{limit}: {value}}}\n")
        assert check(capsys, "model.yaml")[0] == (0 if known else 2)


def test_a_broken_budget_says_where_it_stands(folder, capsys):
    (folder / "model.yaml").write_text(SPEC + "budget: {parms: 8k}\n")
    code, out, _ = check(capsys, "model.yaml", "--max-params", "1M")
    assert code == 2
    assert "model.yaml:4:10: budget: unknown key 'parms'; did you mean 'params'?" in out


def test_the_worst_outcome_decides_and_a_broken_file_hides_no_other(folder, capsys):
    """2 before 1; every file is reported."""
    (folder / "broken.yaml").write_text("input: [4]\nlayers: [Dens]\n")
    code, out, _ = check(capsys, "model.yaml", "broken.yaml", "--max-params", "1k")
    assert code == 2
    assert "0 passed, 1 over budget, 1 broken" in out


def test_exit_zero_forgives_only_what_is_over(folder, capsys):
    """What cannot be judged still exits 2."""
    assert check(capsys, "model.yaml", "--max-params", "1", "--exit-zero")[0] == 0
    assert check(capsys, "nowhere.yaml", "--max-params", "1", "--exit-zero")[0] == 2


def test_github_annotates_the_line_of_the_layer(folder, capsys):
    """Dense stands on line 3."""
    _, out, _ = check(capsys, "model.yaml", "--max-layer-params", "1k", "--format", "github")
    assert "::error file=model.yaml,line=3,col=5,title=layer dense::" in out


NESTED = """input: [8]
blocks:
  wide:
    layers:
      - ReLU
      - {Dense: 64, name: inner}
layers:
  - Dense: 8
  - repeat: 2
    layers:
      - wide
  - {Dense: 2, name: last}
"""
KERAS = """{"class_name": "Sequential", "config": {"name": "m", "layers": [
 {"class_name": "InputLayer", "config": {"batch_shape": [null, 8], "name": "i"}},
 {"class_name": "Dense",
  "config": {"name": "small", "units": 2}},
 {"class_name": "Dense",
  "config": {"name": "large", "units": 90}}
]}, "keras_version": "3.9.0"}
"""


@pytest.mark.parametrize(
    ("text", "args", "line"),
    [
        (NESTED, ["--max-params", "1"], 6),
        (NESTED, ["--max-layer-params", "4k"], 6),
        (SPEC + "  - {Dense: 1, name: x}\nbudget:\n  layers:\n    x: {params: 1}\n", [], 4),
        (SPEC + "budget:\n  layers:\n    'd*': {params: 1}\n", [], 3),
        (SPEC + "budget:\n  layers:\n    'no*': {params: 1}\n", [], 4),
        (SPEC + "budget: {size: 3}\n", [], 4),
        (KERAS, ["--max-params", "1"], 5),
        (KERAS, ["--max-layer-params", "10"], 3),
        ("input: [null, 8]\nlayers:\n  - Dense: 500\n  - {LSTM: 1}\n", ["--max-macs", "1"], 3),
        ("input: [4]\nlayers:\n  - Dense: 3\n  - Dens: 3\n", ["--max-params", "1"], 4),
    ],
)
def test_an_annotation_stands_where_there_is_something_to_change(folder, capsys, text, args, line):
    """At the layer, in a block too; for a whole model at the layer that weighs the most; else at the budget."""
    (folder / "model.yaml").write_text(text)
    out = check(capsys, "model.yaml", *args, "--format", "github")[1]
    assert f"::error file=model.yaml,line={line}," in out


def test_growth_is_annotated_at_the_layer_that_grew(repository, capsys):
    """Which is a line of the pull request, as the largest layer need not be."""
    (repository / "model.yaml").write_text(SPEC + "  - {Dense: 1, name: more}\n")
    out = check(capsys, "model.yaml", "--against", "HEAD", "--max-increase", "0", "--format", "github")[1]
    assert "::error file=model.yaml,line=4," in out
    assert "%0Asince the baseline: more +65 (added)" in out


def test_in_github_actions_the_table_goes_to_the_step_summary(folder, capsys, monkeypatch):
    """Appended, whatever the format."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "step.md"))
    check(capsys, "model.yaml", "--max-params", "1k")
    assert "| ❌ | <code>model.yaml</code> | 8,256 | params: 8,256 is over" in (folder / "step.md").read_text()


def test_junit_counts_failures_and_errors(folder, capsys):
    """Well-formed, a test case a file."""
    _, out, _ = check(capsys, "model.yaml", "nowhere.yaml", "--max-params", "1k", "--format", "junit")
    suite = ET.fromstring(out).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")


def git(*args):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *args], check=True, capture_output=True)


@pytest.fixture
def repository(folder):
    """The model committed, then grown to 16,512 parameters."""
    git("init", "-q", ".")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    (folder / "model.yaml").write_text(SPEC.replace("64", "128"))
    return folder


@pytest.mark.parametrize(("allowed", "code"), [("params:100%", 0), ("params:8256", 0), ("params:8255", 1), ("1%", 1)])
def test_growth_since_a_revision_is_judged(repository, capsys, allowed, code):
    """Read through git, from 8,256 to 16,512."""
    assert check(capsys, "model.yaml", "--against", "HEAD", "--max-increase", allowed)[0] == code


def test_a_new_model_is_no_error(repository, capsys):
    """There is no baseline to grow from: a notice."""
    (repository / "new.yaml").write_text(SPEC)
    code, out, _ = check(capsys, "new.yaml", "--against", "HEAD", "--max-increase", "0")
    assert code == 0
    assert "new:" in out


def test_a_revision_that_does_not_exist_is_one_error(repository, capsys):
    """Not one a file, and not a pass."""
    code, out, err = check(capsys, "model.yaml", "--against", "nowhere", "--max-increase", "0")
    assert (code, out, err) == (2, "", "'nowhere' is not a revision of this repository\n")


def test_a_baseline_that_is_broken_is_no_pass_and_hides_no_other_finding(folder, capsys):
    """Where nothing is held against it, it is a notice."""
    (folder / "old").mkdir()
    (folder / "old" / "model.yaml").write_text("layers: [")
    code, out, _ = check(capsys, "model.yaml", "--against", "old", "--max-increase", "0", "--max-params", "1k")
    assert code == 2
    assert "the baseline cannot be read: " in out
    assert "by 7,256" in out
    code, out, _ = check(capsys, "model.yaml", "--against", "old", "--max-params", "1M")
    assert code == 0
    assert "note: the baseline cannot be read" in out


def test_a_baseline_that_is_not_there_cannot_be_compared_with(folder, capsys):
    """Whatever kind of baseline its name means."""
    for name in ("old.json", "old/", "old"):
        assert check(capsys, "model.yaml", "--against", name, "--max-increase", "0")[0] == 2


MANIFEST = {
    "format": "layers-model",
    "modelTopology": {
        "keras_version": "2.4.0",
        "model_config": {
            "class_name": "Sequential",
            "config": {
                "name": "s",
                "layers": [
                    {"class_name": "Dense", "config": {"name": "d", "units": 3, "batch_input_shape": [None, 4]}}
                ],
            },
        },
    },
}


@pytest.mark.parametrize(
    ("weights", "code"),
    [
        ([("d/kernel", [4, 3]), ("d/bias", [3])], 0),
        ([("d/kernel", [4000, 3]), ("d/bias", [3])], 2),
        ([("d/kernel", [4, 3]), ("d/bias", [3]), ("e/kernel", [4000, 3])], 2),
        ([("d/kernel", [4, 3])], 2),
    ],
)
def test_a_file_that_contradicts_itself_cannot_be_judged(folder, capsys, weights, code):
    """Its layers are within budget, but its list of weights is another model's."""
    listed = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in weights]
    (folder / "model.json").write_text(
        json.dumps(MANIFEST | {"weightsManifest": [{"paths": ["a"], "weights": listed}]})
    )
    found, out, _ = check(capsys, "model.json", "--max-params", "20")
    assert (found, "contradicts itself" in out) == (code, code == 2)


@pytest.mark.parametrize("command", ["summary", "explain", "convert", "check"])
def test_a_mistake_in_a_budget_is_one_in_every_command(folder, capsys, command):
    (folder / "model.yaml").write_text("input: [4]\nlayers: [{Dense: 3}]\nbudget: {parms: 5}\n")
    assert run([command, "model.yaml"]) == 2
    said = capsys.readouterr()
    assert "model.yaml:3:10: budget: unknown key 'parms'; did you mean 'params'?" in said.out + said.err


def test_the_baseline_is_read_with_the_same_vars(repository, capsys):
    """Else `--set` alone would be growth."""
    spec = "vars: {d: 4}\ninput: [8]\nlayers: [{Dense: $d}]\n"
    (repository / "model.yaml").write_text(spec)
    git("commit", "-aqm", "vars")
    assert check(capsys, "model.yaml", "--set", "d=99", "--against", "HEAD", "--max-increase", "0")[0] == 0


@pytest.mark.parametrize(
    ("increase", "code"),
    [("size:33024 B", 0), ("size:33023 B", 1), ("size:33 KiB", 0), ("size:100%", 0), ("size:0", 1), ("size:33024", 2),
     ("macs:8192", 0), ("trainable_params:0", 1), ("100 %", 0), ("1%%", 2), ("1K%", 2), ("-1%", 2), ("layers:1", 2),
     ("params:", 2), ("params:1%:2", 2)],
)  # fmt: skip
def test_an_increase_has_the_unit_of_what_grows(repository, capsys, increase, code):
    """Bytes of a size, counts of the others, a percentage of any."""
    assert check(capsys, "model.yaml", "--against", "HEAD", "--max-increase", increase)[0] == code


def test_growth_from_nothing_is_growth(repository, capsys):
    """No percentage of zero is anything; unknown MACs on either side are no pass."""
    (repository / "model.yaml").write_text("input: [4]\nlayers: [ReLU]\n")
    git("commit", "-aqm", "empty")
    (repository / "model.yaml").write_text(SPEC)
    assert check(capsys, "model.yaml", "--against", "HEAD", "--max-increase", "1000%")[0] == 1
    (repository / "model.yaml").write_text("input: [null, 4]\nlayers: [{LSTM: 1}]\n")
    code, out, _ = check(capsys, "model.yaml", "--against", "HEAD", "--max-increase", "macs:99%")
    assert (code, "growth of MACs cannot be judged: it is unknown" in out) == (2, True)


def test_a_size_grows_as_the_type_it_is_judged_as(repository, capsys):
    grown = ["model.yaml", "--against", "HEAD", "--max-increase", "size:8256 B"]
    assert check(capsys, *grown)[0] == 1
    assert check(capsys, *grown, "--dtype", "int8")[0] == 0


def test_quiet_says_nothing_when_all_is_well_but_a_file_is_written(folder, capsys):
    """A report of the run before must not stay."""
    assert check(capsys, "model.yaml", "--max-params", "1M", "--quiet") == (0, "", "")
    (folder / "report").write_text("failed")
    assert check(capsys, "model.yaml", "--max-params", "1M", "--quiet", "-o", "report") == (0, "", "")
    assert (folder / "report").read_text() == "1 passed, 0 over budget, 0 broken\n"


def test_a_saved_summary_is_a_baseline(folder, capsys):
    """What `summary --format json` wrote earlier."""
    assert run(["summary", "model.yaml", "--format", "json", "-o", "old.json"]) == 0
    (folder / "model.yaml").write_text(SPEC.replace("64", "128"))
    assert check(capsys, "model.yaml", "--against", "old.json", "--max-increase", "0")[0] == 1


@pytest.mark.parametrize(("fail_on", "code"), [("params:0", 1), ("params:100%", 0), ("macs:1", 1)])
def test_diff_is_a_gate(repository, capsys, fail_on, code):
    """BASE read through git; exit 1 when a number grew by more."""
    assert run(["diff", "HEAD:model.yaml", "model.yaml", "--fail-on", fail_on]) == code
    assert "+8,256" in capsys.readouterr().out


def test_a_diff_of_what_is_unknown_is_no_pass(repository, capsys):
    """Exit code 2, whichever side it is."""
    (repository / "model.yaml").write_text("input: [null, 4]\nlayers: [{LSTM: 3}]\n")
    for sides in (["HEAD:model.yaml", "model.yaml"], ["model.yaml", "HEAD:model.yaml"]):
        assert run(["diff", *sides, "--fail-on", "macs:100%"]) == 2
        assert "growth of MACs cannot be judged" in capsys.readouterr().err


def test_diff_as_json_holds_both_sides(repository, capsys):
    """For a program."""
    run(["diff", "HEAD:model.yaml", "model.yaml", "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    assert value["totals"]["params"] == {"base": 8256, "head": 16512, "delta": 8256}
    assert value["changes"][0]["kind"] == "changed"


def test_help_tells_what_passes(capsys):
    """`paramcalc check --help`."""
    assert "Equal passes" in check(capsys, "--help")[1]


LIMITED = SPEC + "budget: {params: 9k, size: 40 KiB}\n"


def test_each_limit_says_whose_it_is(folder, capsys):
    (folder / "model.yaml").write_text(LIMITED)
    (folder / "paramcalc.yaml").write_text("checks: [{files: model.yaml, name: phone, macs: 10k}]")
    code, out, _ = check(capsys, "model.yaml", "--max-layer-params", "9k")
    assert code == 0
    for said in (
        "params: 8,256 of 9,000, 8.3% left (its own budget)",
        "size: 32.2 KiB of 40 KiB, 19.4% left (its own budget)",
        "MACs: 8,192 of 10,000, 18.1% left (check 'phone')",
        "layer params: 8,256 of 9,000, 8.3% left (--max-layer-params)",
    ):
        assert said in out


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("more", [[], ["--columns", "status,file,layer,metric,actual,limit,headroom,set_by"]])
def test_every_line_keeps_to_the_width(folder, capsys, width, more):
    (folder / "model.yaml").write_text(LIMITED)
    (folder / "broken.yaml").write_text("{input: [4], layers: [{Dens: 3}]}")
    out = check(capsys, "model.yaml", "broken.yaml", "--max-macs", "1k", "--width", str(width), *more)[1]
    least = 35 if more else 20  # the outcome, the metric and the number stand in any width
    assert max(map(len, out.splitlines())) <= max(width, least)


def test_columns_are_a_row_for_each_limit(folder, capsys):
    (folder / "model.yaml").write_text(LIMITED)
    out = check(capsys, "model.yaml", "--max-macs", "1k", "--columns", "status,metric,actual,limit,headroom,set_by")[1]
    assert [line.split() for line in out.splitlines()] == [
        ["Metric", "Actual", "Limit", "Left", "Set", "by"],
        ["ok", "params", "8,256", "9,000", "8.3%", "its", "own", "budget"],
        ["ok", "size", "32.2", "KiB", "40", "KiB", "19.4%", "its", "own", "budget"],
        ["OVER", "BUDGET", "MACs", "8,192", "1,000", "-719.2%", "--max-macs"],
        ["0", "passed,", "1", "over", "budget,", "0", "broken"],
    ]


def test_a_column_that_there_is_not_is_answered_with_the_nearest(folder, capsys):
    code, _, err = check(capsys, "model.yaml", "--columns", "metrik")
    assert (code, "did you mean 'metric'" in err) == (2, True)
    assert "--width does nothing" in check(capsys, "model.yaml", "--width", "80", "--format", "json")[2]


def test_depth_sums_what_holds_most_by_blocks(folder, capsys):
    block = "blocks: {b: {layers: [{Dense: 64}, {Dense: 64}]}}\n"
    (folder / "model.yaml").write_text(f"input: [128]\n{block}layers: [b, {{Dense: 2}}]\n")
    assert "the largest layers: b/dense 8,256" in check(capsys, "model.yaml", "--max-params", "1k")[1]
    assert (
        "the largest layers: b 12,416, dense 130"
        in check(capsys, "model.yaml", "--max-params", "1k", "--depth", "1")[1]
    )


def test_colour_is_only_where_it_is_asked_for(folder, capsys):
    assert "\x1b[" not in check(capsys, "model.yaml", "--max-params", "1M")[1]
    assert "\x1b[32mok" in check(capsys, "model.yaml", "--max-params", "1M", "--color", "always")[1]


def test_a_layer_that_no_output_needs_is_named_with_its_line(folder, capsys):
    layers = "  - {Dense: 3, name: unused}\n  - {Dense: 3, inputs: input}\n"
    (folder / "model.yaml").write_text(f"input: [4]\nlayers:\n{layers}")
    code, out, _ = check(capsys, "model.yaml", "--max-params", "1M")
    assert (code, "note: line 3: no output depends on layer 'unused' (Dense)" in out) == (0, True)
