"""A model's folder: the network is that of its config.json, and the checkpoint in it is compared with that."""

import os

from paramcalc.errors import InputError, Problem, located
from paramcalc.formats import is_huggingface
from paramcalc.formats.checkpoint import Contents, model_of
from paramcalc.formats.checkpoint_folder import contents_at, folder_contents
from paramcalc.formats.folders import pieces_in
from paramcalc.formats.huggingface import add_adapter, built
from paramcalc.formats.huggingface.checkpoint import compared, unknown_names
from paramcalc.formats.huggingface.config import Config, first_architecture
from paramcalc.formats.huggingface.problems import ConfigError, NotBuiltError
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.model import Model

CONFIG = "config.json"


def read(source: Source, options: Options) -> Model | None:
    """The model of a folder with a config.json; None if that is not a file of transformers.

    If the network is unknown, only the checkpoint is counted, and a warning says so.

    Raises:
        InputError: for a broken config.json or checkpoint, and for a folder with neither a network nor weights.
    """
    with open_source(os.path.join(source.path or os.curdir, CONFIG)) as beside:
        if not is_huggingface(beside):
            return None
        contents = contents_at(options.weights) if options.weights else folder_contents(source)
        try:
            config, model = built(beside, options)
        except NotBuiltError as error:
            if contents is None or options.adapter is not None:
                raise InputError(
                    beside.name, [located(Problem(str(error), error.where), beside.document.locate)]
                ) from None
            return alone(contents, str(error), source, options)
        except ConfigError as error:
            raise InputError(beside.name, [located(Problem(str(error), error.where), beside.document.locate)]) from None
        named = first_architecture(beside.document.value)
    model.source, model.locate = source.name, lambda where: None  # a line number would seem to be one of the folder
    if named not in (None, config.architecture) and options.adapter is not None:
        model.warnings.append(f"the adapter is for {config.architecture}: the checkpoint of {named} was not compared")
        add_adapter(model, config, options)
        return model
    model = with_checkpoint(model, config, contents, source, options)
    add_adapter(model, config, options)
    return model


def with_checkpoint(model: Model, config: Config, contents: Contents | None, source: Source, options: Options) -> Model:
    """The model compared with the checkpoint; the checkpoint alone if its names are not the model's."""
    if contents is None:
        pieces = pieces_in(source.folder)
        what = "no checkpoint" if pieces is None else pieces
        model.warnings.append(f"the folder holds {what}: nothing was compared with its config.json")
        return model
    if "quantization" not in model.details and model.warnings:
        from paramcalc.formats.huggingface.quantization import UNKNOWN

        # An unknown quantisation makes sizes unknown where the checkpoint is not there.
        model.warnings = [warning for warning in model.warnings if not warning.startswith(UNKNOWN)]
    where = options.weights or "the checkpoint"
    why = unknown_names(config, contents)
    return compared(model, config, contents, where) or alone(contents, why or "", source, options)


def alone(contents: Contents, why: str, source: Source, options: Options) -> Model:
    """The checkpoint without the network."""
    model = model_of(contents, source.name, options.max_layers)
    model.warnings.append(f"the checkpoint was counted, and not compared with {CONFIG}: {why}")
    return model
