"""Which files of a folder are its checkpoint, and what a folder without one is called."""

import json

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.cli import run


def write(path, **tensors):
    """A safetensors file of float32 tensors, name → shape; the dots of the names are written as double underscores."""
    header, at = {}, 0
    for name, shape in tensors.items():
        size = 4
        for dim in shape:
            size *= dim
        header[name.replace("__", ".")] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(at))


def index(path, weight_map, **metadata):
    path.write_text(json.dumps({"metadata": metadata, "weight_map": weight_map}))


# -- which files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "counted", "warning"),
    [
        (["model.safetensors"], 6, None),
        (["model.safetensors", "consolidated.safetensors"], 6, "model.safetensors was counted, consolidated.safetens"),
        (["model.safetensors", "model.fp16.safetensors"], 6, "model.safetensors was counted, model.fp16.safetensors"),
        (["diffusion_pytorch_model.safetensors", "x.safetensors"], 6, "diffusion_pytorch_model.safetensors was count"),
        (["a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors"], 12, None),
        (["model.safetensors", "b-00001-of-00002.safetensors"], 6, "was counted, b-…-of-00002.safetensors was not"),
        (["model.safetensors", "adapter_model.safetensors"], 6, None),
    ],
)
def test_one_checkpoint_is_counted_and_others_are_named(tmp_path, files, counted, warning):
    for number, file in enumerate(files):
        write(tmp_path / file, **{f"part{number}__weight": [2, 3]})
    summary = summarize(load(tmp_path))
    assert summary.totals.params == counted
    said = summary.warnings or []
    assert len(said) == (warning is not None)
    assert all(warning in each for each in said)


def test_files_of_an_index_are_no_other_checkpoints(tmp_path):
    """Whatever they are called."""
    write(tmp_path / "first.safetensors", a__weight=[2, 3])
    write(tmp_path / "second.safetensors", b__weight=[2, 3])
    index(
        tmp_path / "model.safetensors.index.json", {"a.weight": "first.safetensors", "b.weight": "second.safetensors"}
    )
    assert not summarize(load(tmp_path)).warnings
    write(tmp_path / "third.safetensors", c__weight=[5])
    assert summarize(load(tmp_path)).warnings == [
        "first.safetensors, second.safetensors was counted, third.safetensors was not"
    ]


def test_what_a_training_keeps_is_no_other_checkpoint(tmp_path, checkpoints):
    for name in ("optimizer.pt", "scheduler.pt", "rng_state_0.pth", "training_args.bin", "scaler.pt"):
        (tmp_path / name).write_bytes(b"not read")
    with pytest.raises(InputError, match=r"what a training keeps beside its model \(optimizer\.pt"):
        load(tmp_path)
    write(tmp_path / "model.safetensors", a__weight=[2, 3])
    summary = summarize(load(tmp_path))
    assert (summary.totals.params, bool(summary.warnings)) == (6, False)


# -- what is refused, and how --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["__0_0.distcp", ".metadata"], "dcp_to_torch FOLDER model.pt"),
        (["pytorch_model_fsdp_0/"], "accelerate merge-weights"),
        (["global_step500/", "latest", "zero_to_fp32.py"], "python zero_to_fp32.py . OUT"),
        (["mp_rank_00_model_states.pt", "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"], "a checkpoint of DeepSpeed"),
        (["iter_0000100/", "latest_checkpointed_iteration.txt"], "a checkpoint of Megatron-LM"),
        (["model_optim_rng.pt"], "a checkpoint of Megatron-LM"),
        (
            ["checkpoint-500/", "runs/"],
            "the folder of a training; give one of its checkpoints, such as .*checkpoint-500",
        ),
        (["blobs/", "refs/", "snapshots/", "snapshots/abc/"], "give the folder of one of its snapshots, such as .*abc"),
        (["consolidated.00.pth", "consolidated.01.pth"], "each of .* has a part of every tensor"),
        (["one.h5", "two.keras"], "give one of those in it: one.h5, two.keras"),
        (["inner/", "outer/"], "give one of the folders in it: inner, outer"),
        ([], "holds no model"),
        (["notes.txt"], "holds no model"),
    ],
)
def test_a_folder_without_a_checkpoint_is_named(tmp_path, capsys, names, words):
    """It is never half counted."""
    for name in names:
        path = tmp_path / name
        path.mkdir() if name.endswith("/") else path.write_bytes(b"")
    with pytest.raises(InputError, match=words):
        load(tmp_path)
    assert run(["check", str(tmp_path), "--max-params", "1B"]) == 2
    capsys.readouterr()


def test_a_whole_checkpoint_beside_pieces_is_counted(tmp_path):
    """As the Trainer saves both with DeepSpeed."""
    (tmp_path / "global_step5").mkdir()
    write(tmp_path / "model.safetensors", a__weight=[2, 3])
    assert summarize(load(tmp_path)).totals.params == 6


def test_a_network_beside_pieces_says_that_they_are_not_compared(tmp_path):
    (tmp_path / "global_step5").mkdir()
    (tmp_path / "config.json").write_text('{"model_type": "llama", "num_hidden_layers": 1}')
    [warning] = summarize(load(tmp_path)).warnings
    assert "a checkpoint of DeepSpeed" in warning
    assert warning.endswith("nothing was compared with its config.json")


# -- pipelines of diffusers ----------------------------------------------------------------------------

PIPELINE = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.30.0",
    "force_zeros_for_empty_prompt": True,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "tokenizer": ["transformers", "CLIPTokenizerFast"],
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


@pytest.fixture
def pipeline(tmp_path):
    (tmp_path / "model_index.json").write_text(json.dumps(PIPELINE))
    write(tmp_path / "vae" / "diffusion_pytorch_model.safetensors", conv_in__weight=[2, 3], conv_in__bias=[2])
    for number in (1, 2):
        name = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        write(tmp_path / "unet" / name, **{f"down__{number}__weight": [5]})
    index(
        tmp_path / "unet" / "diffusion_pytorch_model.safetensors.index.json",
        {f"down.{number}.weight": f"diffusion_pytorch_model-0000{number}-of-00002.safetensors" for number in (1, 2)},
    )
    (tmp_path / "scheduler").mkdir()
    return tmp_path


def test_a_pipeline_is_the_checkpoints_of_its_parts(pipeline):
    """Parts without weights need none, and one that is left empty is no part."""
    summary = summarize(load(pipeline))
    assert (summary.format, summary.totals.params, summary.totals.size_bytes) == ("diffusers", 18, 72)
    assert [row.path for row in summary.layers] == ["unet/down/1", "unet/down/2", "vae/conv_in"]
    assert summary.details == {"pipeline": "StableDiffusionPipeline", "tensors": 4}
    assert not summary.warnings


def test_a_second_variant_of_a_part_is_not_counted_and_named(pipeline):
    write(pipeline / "vae" / "diffusion_pytorch_model.fp16.safetensors", conv_in__weight=[2, 3])
    summary = summarize(load(pipeline))
    assert summary.totals.params == 18
    assert summary.warnings == [
        "vae: diffusion_pytorch_model.safetensors was counted, diffusion_pytorch_model.fp16.safetensors was not"
    ]


@pytest.mark.parametrize("file", ["diffusion_pytorch_model.safetensors", None])
def test_a_part_without_its_checkpoint_is_named(pipeline, file):
    for each in (pipeline / "vae").iterdir():
        each.unlink()
    if file is None:
        (pipeline / "vae").rmdir()
    with pytest.raises(InputError, match=r"without the checkpoint of a part: vae \(AutoencoderKL\)"):
        load(pipeline)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"../unet": ["diffusers", "UNet2DConditionModel"]}, "no plain name of a folder beside it"),
        ({}, "it names none that has weights"),
        ([1], "expected a mapping"),
        ({f"part{number}": ["a", "B"] for number in range(100)}, "at most 64 parts"),
    ],
)
def test_an_index_that_leads_elsewhere_is_refused(tmp_path, value, words):
    (tmp_path / "model_index.json").write_text(json.dumps(value))
    with pytest.raises(InputError, match=words):
        load(tmp_path)


def test_an_index_of_a_part_without_its_files_is_refused(pipeline):
    for each in (pipeline / "unet").glob("*.safetensors"):
        each.unlink()
    with pytest.raises(InputError, match="none is beside it"):
        load(pipeline)
