"""Checkpoints of `torch.save`: the pickle's opcodes are read, nothing is unpickled, imported or called.

In: a file of either layout. Out: the tensors by name. `opcodes` turns a pickle into the descriptions in `values` on the
stack of `machine` (`calls` has those that call something), `builders` describes the results of the functions that
PyTorch's files call, `arrays` NumPy's among them, `dtypes` has their names for dtypes, `files` knows the
layouts, `weights` finds the tensors, and `storages` counts the bytes that they share.
"""

from paramcalc.errors import InputError, Problem
from paramcalc.formats.archive import open_archive
from paramcalc.formats.checkpoint import Contents, Details, model_of
from paramcalc.formats.source import Options, Source
from paramcalc.formats.torch_checkpoint.files import Saved, read_old, read_zip
from paramcalc.formats.torch_checkpoint.storages import Sharing, some
from paramcalc.formats.torch_checkpoint.values import BrokenError
from paramcalc.formats.torch_checkpoint.weights import weights_in
from paramcalc.limits import MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES
from paramcalc.model import Model


def read(source: Source, options: Options) -> Model:
    """The model of a file.

    Raises:
        InputError: for a broken file, one without tensors, and one that asks for more than descriptions.
    """
    return model_of(contents(source), source.name, options.max_layers)


def contents(source: Source) -> Contents:
    """The tensors of a file.

    Raises:
        InputError: as `read` does.
    """
    try:
        return described(saved_in(source))
    except BrokenError as error:
        raise InputError(source.name, [Problem(str(error))]) from None


def saved_in(source: Source) -> Saved:
    """The saved value, from either layout."""
    if not source.is_archive:
        return read_old(source.file, source.size)
    with open_archive(source.file, source.name, MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES) as archive:
        try:
            return read_zip(archive)
        except BrokenError as error:
            raise InputError(source.name, [Problem(str(error))]) from None


def described(saved: Saved) -> Contents:
    """The tensors with their names, and the facts and warnings about all of them.

    Raises:
        BrokenError: when there are none.
    """
    found, under, unknown = weights_in(saved.value, saved.size, saved.declared)
    if not found and saved.declared is not None:
        raise BrokenError(
            "a program of TorchScript without parameters: torch.jit.freeze makes constants of them, which have no "
            "names; save it before that"
        )
    if not found:
        raise BrokenError("a PyTorch file without a tensor in it: it holds no weights")
    sharing = Sharing(saved.storages)
    tensors = sharing.tensors(found)
    states = [tensor for tensor in tensors if tensor.kind == "state"]
    details: Details = {"tensors": len(tensors) - len(states)}
    if under:
        details["saved_under"] = under[:80]
    if states:
        details |= {"training_tensors": len(states), "training_bytes": sum([tensor.size for tensor in states])}
    warnings = sharing.warnings()
    if unknown:
        warnings.append(f"objects of classes that are not known hold no tensor: {some(unknown)}")
    return Contents(tensors, "torchscript" if saved.declared is not None else "torch_checkpoint", details, warnings)
