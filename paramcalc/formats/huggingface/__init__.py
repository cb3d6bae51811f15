"""Hugging Face's config.json: finds the network of transformers that it describes, and builds it from a spec.

types.jsonl    what transformers knows of each model_type; tests/oracle/freeze_transformers.py makes it
config.py      a file's values → the type, its fields, the class and its head
template.py    the template of the type with the fields for variables → a spec
checkpoint.py  how the names in a checkpoint become those of the model: checkpoints.jsonl
quantization.py  which layers a quantised checkpoint has in fewer bits
folder.py      a folder with a config.json and a checkpoint
families/      the templates; its README says how to add one
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paramcalc.errors import InputError, Problem, located
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model

if TYPE_CHECKING:
    from paramcalc.formats.huggingface.config import Config


def read(source: Source, options: Options) -> Model:
    """The model that a config.json describes.

    Raises:
        InputError: when its type is not known, or a value is one that transformers refuses.
    """
    from paramcalc.formats.huggingface.problems import ConfigError

    try:
        config, model = built(source, options)
    except ConfigError as error:
        raise InputError(source.name, [located(Problem(str(error), error.where), source.document.locate)]) from None
    if options.weights is not None:
        from paramcalc.formats.checkpoint_folder import contents_at
        from paramcalc.formats.huggingface.checkpoint import compared, unknown_names

        contents = contents_at(options.weights)
        why = unknown_names(config, contents)
        if why is not None:
            raise InputError(source.name, [Problem(f"{why}: --weights cannot compare it")])
        compared(model, config, contents, options.weights)
    add_adapter(model, config, options)
    return model


def add_adapter(model: Model, config: "Config", options: Options) -> None:
    """Add an adapter to the model, if the user asks for one.

    Raises:
        InputError: if the adapter does not fit this model.
    """
    if options.adapter is not None:
        from paramcalc.formats.adapters.apply import adapt
        from paramcalc.formats.adapters.config import LlamaAdapter
        from paramcalc.formats.huggingface.checkpoint import hints_of

        if isinstance(options.adapter, LlamaAdapter):
            from paramcalc.formats.huggingface.lora import add_llama_adapter

            add_llama_adapter(model, config, options.adapter)
            return
        adapt(model, options.adapter, hints_of(config))


IN_CONFIG = ("config.json",)
"""The prefix of places in the configuration; places of layers are in the template, which the user never sees."""


def built(source: Source, options: Options, task: str = "") -> "tuple[Config, Model]":
    """The configuration and the model that it describes, with another head if the task needs one.

    Raises:
        ConfigError: when its type is not known, or a value is one that transformers refuses.
        InputError: when the values do not fit together.
    """
    from paramcalc.formats.huggingface.config import config_of, quantization_in, with_fields
    from paramcalc.formats.huggingface.template import spec_of

    value = source.document.value
    config = config_of(value)
    sets = options.sets or {}
    if sets:
        value = with_fields(value, config, sets)
        config = config_of(value)
        sets = {
            name: text for name, text in sets.items() if config.type.aliases.get(name, name) not in config.type.fields
        }
    task = task or (options.adapter.task if options.adapter is not None else "")
    if task:
        config = config_of(value | {"architectures": [class_for(config, task)]})
    model = model_of(spec_of(config, sets), source.name, sets, options.max_layers)
    model.format, model.program = "huggingface", "transformers"
    model.warnings, model.places = [], {}  # warnings about the template do not concern the file
    model.locate = lambda where: source.document.locate(where[1:]) if where[:1] == IN_CONFIG else None
    for message, where in config.warnings.items():
        model.warn(message, (*IN_CONFIG, *where))
    model.max_tokens = longest_text(config.values)
    quantization = quantization_in(value)
    if quantization is not None:
        from paramcalc.formats.huggingface.checkpoint import skipped_by
        from paramcalc.formats.huggingface.quantization import quantise

        scheme, where = quantization
        note = quantise(model, scheme, config.dtype, *skipped_by(config))
        if note is not None:
            model.warn(note, (*IN_CONFIG, *where))
    return config, model


TASKS = {
    "CAUSAL_LM": "causal_lm",
    "SEQ_2_SEQ_LM": "seq_to_seq_causal_lm",
    "SEQ_CLS": "sequence_classification",
    "TOKEN_CLS": "token_classification",
    "QUESTION_ANS": "question_answering",
    "FEATURE_EXTRACTION": "base",
}
"""PEFT's name for a task → the head of the class that it builds the base model with."""


def class_for(config: "Config", task: str) -> str:
    """The class that an adapter's base is built with: the file's own, unless the task needs another head."""
    head = TASKS.get(task)
    found = next((name for name, each in config.type.classes.items() if each == head), None)
    return config.architecture if found is None or config.head == head else found


LENGTHS = ("max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length", "n_ctx")
"""Fields of configurations for the longest sequence that the model was made for."""


def longest_text(values: dict[str, Any]) -> int | None:
    """The longest sequence that a model was made for; None if its configuration does not say."""
    found = (values.get(name) for name in LENGTHS)
    return next((value for value in found if type(value) is int and value > 0), None)


def model_of(spec: dict[str, Any], name: str, sets: Mapping[str, Any] | None, max_layers: int | None) -> Model:
    """The model of a completed template; its problems have no place in the user's file.

    Raises:
        InputError: when the values do not fit together.
    """
    from paramcalc.formats.native.spec import SpecReader
    from paramcalc.limits import MAX_LAYERS

    reader = SpecReader(name, sets or {}, max_layers or MAX_LAYERS)
    try:
        model = reader.read(spec)
        problems = reader.problems.found
    except InputError as error:
        problems = error.problems
    if problems:
        raise InputError(name, [Problem(problem.message, layer=problem.layer) for problem in problems])
    return model
