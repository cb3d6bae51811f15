"""The samples of the README and the guide are what the program prints."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from textwrap import dedent, fill

import pytest

from paramcalc.analysis.cards import CARDS
from paramcalc.check.config import read_config
from paramcalc.cli import COMMANDS, cli, run
from paramcalc.formats import FORMATS
from paramcalc.formats.native.entries import COMMON
from paramcalc.formats.native.expressions import CONSTANTS, FUNCTIONS
from paramcalc.formats.native.parser import BLOCK_KEYS, STRUCTURE
from paramcalc.formats.native.spec import KEYS
from paramcalc.metrics import METRICS, OPTIMIZERS
from paramcalc.render.columns import COLUMNS
from paramcalc.summary import DeviceMemory, KVCache, LayerSummary, Memory, Summary, Totals, Training, WeightSummary
from tests import bench
from tests.each import each
from tests.samples import ROOT, blocks_of, is_sample, is_spec, page_rerun, specs_of, workspace
from tests.synthetic import SHAPES

PAGES = {path.name: path for path in (ROOT / "README.md", *sorted((ROOT / "paramcalc" / "guide").glob("*.md")))}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
README = TEXTS["README.md"]
SPECS = [(name, spec) for name, text in TEXTS.items() for spec in specs_of(text)]


@pytest.mark.parametrize("name", PAGES)
def test_the_samples_of_a_page_are_what_the_program_prints(name, request, tmp_path, monkeypatch):
    """`pytest --regenerate` writes the page anew: read what changed."""
    with workspace(tmp_path, monkeypatch, PAGES[name].stem):
        now = page_rerun(TEXTS[name])
    if request.config.getoption("--regenerate"):
        PAGES[name].write_text(now, encoding="utf-8")
    assert now == PAGES[name].read_text(encoding="utf-8"), "`pytest tests/test_readme.py --regenerate` writes it anew"


def test_there_are_samples():
    for name in ("README.md", "language.md"):
        assert any(is_sample(block) for block in blocks_of(TEXTS[name]))
    assert SPECS


@pytest.mark.parametrize(("name", "spec"), SPECS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(SPECS)])
def test_a_spec_can_be_copied_and_keeps_its_budget(name, spec, tmp_path):
    (tmp_path / "model.yaml").write_text(spec, encoding="utf-8")
    limit = [] if "budget:" in spec else ["--max-params", "1B"]
    assert run(["check", str(tmp_path / "model.yaml"), *limit]) == 0


@each("name", PAGES)
def test_a_block_of_yaml_is_a_whole_spec_or_no_spec_at_all(name):
    """A fragment could not be run, so that nobody would see when it stops being true."""
    fragments = [
        block.text
        for block in blocks_of(TEXTS[name])
        if block.language == "yaml" and not is_spec(block) and block.text.startswith("- ")
    ]
    assert fragments == []


def test_the_configuration_can_be_copied_and_turns_red(tmp_path):
    """The steps of the section on budgets, in an empty folder: green as `init` writes the model, red when it grows."""
    [toml] = map(dedent, re.findall(r"```toml\n(.*?tool\.paramcalc.*?)```", README, re.DOTALL))
    (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "models").mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def paramcalc(*words):
        command = [sys.executable, "-m", "paramcalc", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert "paramcalc init models/net.yaml" in README
    assert paramcalc("init", "models/net.yaml").returncode == 0
    assert paramcalc("check").returncode == 0
    model = tmp_path / "models" / "net.yaml"
    model.write_text(model.read_text().replace("128", "4096").replace("200k", "200M"))
    done = paramcalc("check")
    assert done.returncode == 1
    assert "Ask the firmware team before raising this." in done.stdout


GENERATED = {
    ("huggingface.md", "types"): lambda: json.loads(
        (ROOT / "paramcalc/formats/huggingface/families/index.json").read_text(encoding="utf-8")
    ),
    ("summary.md", "columns"): lambda: COLUMNS,
    ("memory.md", "optimizers"): lambda: OPTIMIZERS,
    ("fit.md", "cards"): lambda: CARDS,
}
"""Lists of names in the guide, and where they come from."""


@pytest.mark.parametrize(("name", "label"), GENERATED)
def test_a_list_of_the_guide_is_complete(name, label, request):
    """`pytest --regenerate` writes it anew."""
    begin, end = f"<!-- {label}:begin -->\n", f"<!-- {label}:end -->"
    before, rest = PAGES[name].read_text(encoding="utf-8").split(begin)
    written, after = rest.split(end)
    names = ", ".join(f"`{each}`" for each in GENERATED[name, label]())
    wanted = fill(names, 120, break_on_hyphens=False) + "\n"
    if request.config.getoption("--regenerate"):
        PAGES[name].write_text(before + begin + wanted + end + after, encoding="utf-8")
    else:
        assert written == wanted, "`pytest tests/test_readme.py --regenerate` writes it anew"


def first_column(text):
    """The names in backticks in the first column of the tables of a text."""
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_the_guide_describes_every_key_of_the_json():
    """Section by section, as the schema has them."""
    sections = re.split(r"^## ", TEXTS["json.md"], flags=re.MULTILINE)
    for title, struct in {"The object": Summary, "A row": LayerSummary, "The totals": Totals}.items():
        [section] = [text for text in sections if text.startswith(f"{title}\n")]
        assert sorted(first_column(section)) == sorted(struct.__struct_fields__), title
    tables = re.split(r"^\| Key", TEXTS["memory.md"], flags=re.MULTILINE)[1:]
    for table, struct in zip(tables, (Memory, KVCache, Training, DeviceMemory), strict=True):
        assert sorted(first_column(table)) == sorted(struct.__struct_fields__)
    weights = re.search(r"Each with (.*)", TEXTS["json.md"])[1]
    assert set(WeightSummary.__struct_fields__) <= set(re.findall(r"`(\w+)`", weights))


def test_the_guide_describes_every_key_and_function_of_the_language():
    page = TEXTS["language.md"]
    tables = set(first_column(page))
    assert {*KEYS, *COMMON} <= tables
    blocks = page.partition("| Key of a block |")[2].partition("\n\n")[0]
    assert sorted(first_column(blocks)) == sorted(BLOCK_KEYS)
    listed = re.search(r"^\| functions \|.*", page, re.MULTILINE)[0]
    assert all(f"`{name}`" in listed for name in (*FUNCTIONS, "len"))
    reserved = page.partition("These names are taken")[2].partition("`--set")[0]
    assert all(f"`{name}`" in reserved for name in (*COMMON, *CONSTANTS, *STRUCTURE, "i", "type"))


def test_the_configuration_is_the_same_in_both_languages(tmp_path):
    found = []
    for language, name in {"toml": "pyproject.toml", "yaml": "paramcalc.yaml"}.items():
        [text] = [b.text for b in blocks_of(TEXTS["check.md"]) if b.language == language and "checks" in b.text]
        (tmp_path / name).write_text(text, encoding="utf-8")
        found.append(read_config(str(tmp_path / name)).checks)
    assert found[0] == found[1]


READ = {
    "native": "A spec",
    "keras": "`.keras`",
    "tensorflow": "SavedModel",
    "torch_export": "`.pt2`",
    "torch_checkpoint": "`torch.save`",
    "adapters": "`adapter_config.json`",
    "huggingface": "`config.json`",
    "safetensors": "`.safetensors`",
    "shards": "its index",
    "checkpoint_folder": "folder of shards",
    "pipeline": "pipeline of diffusers",
    "folders": "What cannot be read",
    "gguf": "`.gguf`",
    "numpy_arrays": "`.npz`",
    "unsupported": "What cannot be read",
}
"""Each room of the readers → what the page on files calls its format."""


def test_the_guide_describes_every_format_that_is_read():
    assert {form.reader.partition(".")[0] for form in FORMATS} == READ.keys()
    assert [word for word in READ.values() if word not in TEXTS["files.md"]] == []


@pytest.mark.parametrize("name", ["summary", "explain", "diff", "check", "fit", "sweep"])
def test_the_page_of_a_command_has_every_option_and_format(name):
    page = TEXTS[f"{name}.md"]
    options = [param for param in cli.get_command(None, name).params if param.param_type_name == "option"]
    assert [option.opts[0] for option in options if f"`{option.opts[0]}" not in page] == []
    [format_] = [option.type for option in options if option.name == "format_"]
    named = re.findall(r"`(?:--format )?(\w+)`", page)
    assert [choice for choice in format_.choices if choice not in named] == []


def test_the_guide_describes_every_limit_of_a_budget():
    assert {*METRICS, "dtype", "layers"} <= set(first_column(TEXTS["check.md"]))


def test_every_file_that_is_named_exists():
    for page, text in TEXTS.items():
        for name in re.findall(r"(?<![\w/])(?:specs|tests|paramcalc|docs)/[\w./-]*\w", text):
            assert (ROOT / name).exists(), (page, name)


def test_the_readme_links_to_every_page_of_the_guide():
    assert set(re.findall(r"\]\(paramcalc/guide/(\w+\.md)\)", README)) == PAGES.keys() - {"README.md"}


def test_the_readme_has_every_command_and_every_kind_of_file():
    assert {f"paramcalc {name}" for name in COMMANDS} <= set(re.findall(r"`(paramcalc \w+)[^`]*`", README))
    table = README.partition("## What it reads")[2].partition("\n## ")[0]
    for kind in (
        ".keras",
        ".h5",
        "TensorFlow.js",
        "config.json",
        ".pt2",
        ".safetensors",
        ".gguf",
        "torch.save",
        ".npz",
    ):
        assert kind in table


def test_nothing_names_a_release_before_there_is_one():
    """Snippets that install a version, or use the tag of one, would fail for whoever copies them."""
    released = re.findall(
        r"^## \[([\d.]+)\] - \d{4}", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    for name, text in TEXTS.items():
        for version in re.findall(r"paramcalc@v([\d.]+)|rev: v([\d.]+)|paramcalc==([\d.]+)", text):
            assert set(version) & set(released), (name, version)


def test_the_picture_of_the_benchmark_has_a_row_of_each_thing_it_measures():
    drawn = unescape(" ".join(words_of((ROOT / "tests/bench.svg").read_text(encoding="utf-8")))).replace("\xa0", " ")
    assert "](tests/bench.svg)" in README
    rows = [f"start: {name}" for name in bench.STARTS] + [f"read {name}" for name in bench.MODELS]
    rows += [f"a layer: {shape}" for shape in SHAPES] + ["read YAML", "check 10,000 specs", "summary ResNet50"]
    assert [row for row in rows if row not in drawn] == []


def test_the_pictures_are_what_the_program_draws(request):
    for name in re.findall(r"!\[[^]]*\]\((specs/[^)]*\.svg)\)", README):
        command = [sys.executable, "-m", "paramcalc", "summary", "specs/resnet50.yaml", "--format", "svg"]
        drawn = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        if request.config.getoption("--regenerate"):
            (ROOT / name).write_text(drawn, encoding="utf-8")
        # The words: how rich draws them is for its versions to decide.
        assert words_of((ROOT / name).read_text(encoding="utf-8")) == words_of(drawn)


def words_of(svg):
    return re.findall(r">([^<]*)</text>", svg)
