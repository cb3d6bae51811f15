"""A checkpoint in several files."""

import json
import shutil

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.check.budgets import check_budget, check_growth, parse_budget
from paramcalc.limits import MAX_SHARDS

INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def folder(checkpoints, tmp_path):
    """A copy of the sharded checkpoint, to damage."""
    return shutil.copytree(checkpoints / "sharded", tmp_path / "net")


def total(source):
    return summarize(load(source)).totals.params


def params_of(truth, *files):
    count = 0
    for file in files:
        for shape, *_ in truth[f"sharded/{file}"].values():
            size = 1
            for dim in shape:
                size *= dim
            count += size
    return count


def rewrite(folder, change):
    index = json.loads((folder / INDEX).read_text())
    change(index)
    (folder / INDEX).write_text(json.dumps(index))
    return folder / INDEX


def test_an_index_is_the_model_in_its_files(folder, truth):
    summary = summarize(load(folder / INDEX))
    assert summary.totals.params == params_of(truth, FIRST, SECOND)
    assert summary.details == {"tensors": 16, "files": 2}
    assert not summary.warnings
    assert [row.path for row in summary.layers][:2] == ["model/embed_tokens", "model/layers/0/mlp/up"]


def test_a_folder_is_what_its_index_says_or_its_numbered_files(folder, truth):
    assert total(folder) == params_of(truth, FIRST, SECOND)
    (folder / INDEX).unlink()
    assert total(folder) == params_of(truth, FIRST, SECOND)
    (folder / FIRST).unlink()
    with pytest.raises(InputError, match=f"1 of 2 files are missing: {FIRST}"):
        load(folder)


def test_a_shard_alone_is_itself_and_says_so(folder, truth):
    summary = summarize(load(folder / SECOND))
    assert summary.totals.params == params_of(truth, SECOND)
    assert summary.warnings == ["this is file 2 of 2: the others are not counted"]
    assert (summary.partial, summary.unknown) == (True, ["the other file"])
    assert [found.status for found in check_budget(summary, parse_budget({"size": "1 GiB"}))] == ["broken"]


def test_a_missing_shard_is_named(folder):
    (folder / SECOND).unlink()
    with pytest.raises(InputError, match=f"1 of the 2 files that it names are missing: {SECOND}"):
        load(folder / INDEX)


def test_an_index_without_its_files_says_what_it_knows(folder):
    (folder / FIRST).unlink()
    (folder / SECOND).unlink()
    summary = summarize(load(folder / INDEX))
    size = json.loads((folder / INDEX).read_text())["metadata"]["total_size"]
    assert (summary.totals.size_bytes, summary.partial, summary.details) == (size, True, {"tensors": 16, "files": 2})
    assert summary.warnings == ["none of its 2 files is beside it: it does not say the parameters"]
    assert summary.stated == ["size"]


@pytest.mark.parametrize(
    ("metadata", "budget", "statuses"),
    [
        ({"total_size": 4000}, {"size": "5 kB"}, ["passed"]),
        ({"total_size": 4000}, {"size": "3 kB"}, ["failed"]),
        ({"total_size": 4000}, {"params": "1B"}, ["broken"]),
        ({"total_size": 4000}, {"size": "5 kB", "dtype": "int8"}, ["broken"]),  # it is the size as it is stored
        ({"total_size": 4000}, {"macs": "1B", "size": "5 kB"}, ["broken", "passed"]),
        ({"total_size": 4000}, {"layer_params": "1B"}, ["broken"]),
        ({"total_size": 4000}, {"layers": {"*": {"size": "1 GB"}}}, ["broken"]),
        ({"total_parameters": 1000}, {"params": 1000}, ["passed"]),
        ({"total_parameters": 1000}, {"params": 999}, ["failed"]),
        ({"total_parameters": 1000}, {"size": "1 GB"}, ["broken"]),
        ({"total_parameters": 1000}, {"trainable_params": "1B"}, ["broken"]),
        ({"total_size": 4000, "total_parameters": 1000}, {"params": 1000, "size": "4 kB"}, ["passed", "passed"]),
        ({}, {"size": "1 GB", "params": "1B"}, ["broken"]),
    ],
)
def test_an_index_alone_is_judged_by_what_it_states(metadata, budget, statuses):
    summary = summarize(load(json.dumps({"metadata": metadata, "weight_map": {"a": FIRST}}).encode()))
    assert [found.status for found in check_budget(summary, parse_budget(budget))] == statuses


def test_a_finding_says_that_the_file_states_the_number():
    index = {"metadata": {"total_size": 4000}, "weight_map": {"a": FIRST}}
    [finding] = check_budget(summarize(load(json.dumps(index).encode())), parse_budget({"size": "5 kB"}))
    assert finding.message == "size: 4 kB of 5 kB, 20.0% left, as the file states it"


def test_growth_is_judged_by_what_an_index_states():
    """From a baseline of an index alone to another: of the size, which both state, and not of the parameters."""
    before, now = (
        summarize(load(json.dumps({"metadata": {"total_size": size}, "weight_map": {"a": FIRST}}).encode()))
        for size in (4000, 4100)
    )
    assert [found.status for found in check_growth(now, before, {"size": "1%"})] == ["failed"]
    assert [found.status for found in check_growth(now, before, {"size": "3%"})] == ["passed"]
    assert [found.status for found in check_growth(now, before, {"params": "3%"})] == ["broken"]


def test_an_index_from_standard_input_has_no_files(folder):
    assert summarize(load((folder / INDEX).read_bytes())).partial


def test_an_index_may_say_the_parameters_too():
    index = {"metadata": {"total_size": 40.0, "total_parameters": 10}, "weight_map": {"a": FIRST}}
    summary = summarize(load(json.dumps(index).encode()))
    assert (summary.totals.params, summary.totals.size_bytes) == (10, 40)
    assert not summary.partial
    assert summary.warnings == ["none of its 1 files is beside it: the totals are what the index says"]


def test_another_size_than_the_index_says_is_a_warning(folder):
    path = rewrite(folder, lambda index: index["metadata"].update(total_size=7))
    [warning] = summarize(load(path)).warnings
    assert warning.startswith("the index says that the tensors take 7 bytes, but they take ")


WRONG = [
    (lambda index: index["weight_map"].pop("model.embed_tokens.weight"), "is in .*; the index does not name it"),
    (lambda index: index["weight_map"].update(new=FIRST), f"'new' is in no file; the index says it is in {FIRST}"),
    (
        lambda index: index["weight_map"].update({"model.embed_tokens.weight": SECOND}),
        f"is in {FIRST}; the index says it is in {SECOND}",
    ),
    (lambda index: index["weight_map"].update(new="../model.safetensors"), "is no plain name of a file beside it"),
    (lambda index: index["weight_map"].update(new="/etc/passwd"), "is no plain name of a file beside it"),
    (lambda index: index["weight_map"].update(new="a\\b.safetensors"), "is no plain name of a file beside it"),
    (lambda index: index["weight_map"].update(new="C:b.safetensors"), "is no plain name of a file beside it"),
    (lambda index: index["weight_map"].update(new=""), "is no plain name of a file beside it"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_an_index_that_does_not_fit_its_files_is_refused(change, words, folder):
    with pytest.raises(InputError, match=words):
        load(rewrite(folder, change))


def test_a_name_that_is_there_twice_is_refused(folder):
    text = (folder / INDEX).read_text()
    (folder / INDEX).write_text(
        text.replace('"weight_map": {', f'"weight_map": {{"model.norm": "{FIRST}", "model.norm": "{FIRST}",')
    )
    with pytest.raises(InputError, match=r"duplicate key 'model\.norm'"):
        load(folder / INDEX)


def test_an_index_whose_map_comes_late_is_known_as_well(folder, truth):
    path = rewrite(folder, lambda index: index.update(metadata={"a": "x" * 600}))
    assert total(path) == params_of(truth, FIRST, SECOND)


def test_a_broken_shard_is_named(folder):
    (folder / SECOND).write_bytes(b"nothing")
    with pytest.raises(InputError, match=f"{SECOND}: this is no checkpoint that can be read"):
        load(folder / INDEX)


def test_there_may_be_as_many_files_as_the_limit():
    def index(count):
        return json.dumps({"metadata": {}, "weight_map": {f"t{n}": f"f{n}.bin" for n in range(count)}}).encode()

    assert summarize(load(index(MAX_SHARDS))).details["files"] == MAX_SHARDS
    with pytest.raises(InputError, match="it names 2,049 files, more than 2,048, the limit"):
        load(index(MAX_SHARDS + 1))


def test_a_folder_with_one_file_is_that_file_and_with_several_the_usual_one(checkpoints, tmp_path, truth):
    data = (checkpoints / "plain.safetensors").read_bytes()
    (tmp_path / "adapter.safetensors").write_bytes(data)
    expected = total(checkpoints / "plain.safetensors")
    assert total(tmp_path) == expected
    (tmp_path / "other.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"name one of adapter\.safetensors, other\.safetensors"):
        load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(data)
    assert total(tmp_path) == expected


def test_a_folder_of_the_files_of_a_gguf_model(checkpoints):
    assert total(checkpoints / "split") == 160


def test_a_folder_of_too_many_numbered_files_is_refused(tmp_path):
    (tmp_path / "model-00001-of-99999.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="it is one of 99,999 files, more than 2,048, the limit"):
        load(tmp_path)
