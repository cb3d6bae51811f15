"""The functions and classes that PyTorch's files name, and a description of what each returns: mostly tensors.

The names are those that PyTorch's own weights-only unpickler allows (`torch/_weights_only_unpickler.py`), some that
older versions wrote, NumPy's, and classes whose values cannot hold a tensor. Whatever else is called is refused by its
name.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.checkpoint import shape_of
from paramcalc.formats.torch_checkpoint.arrays import array, array_of, numpy_dtype
from paramcalc.formats.torch_checkpoint.dtypes import dtype_of
from paramcalc.formats.torch_checkpoint.values import (
    Array,
    BrokenError,
    Collection,
    Dtype,
    Global,
    Instance,
    Mapping,
    Opaque,
    Storage,
    View,
    items,
)

MAX_ARGUMENTS = 16
"""Arguments of a call inside another; PyTorch's have 10 at most."""


def build(kind: Global, arguments: tuple[Any, ...], is_new: bool) -> Any:
    """The description of what a call returns; an object without arguments describes itself, whatever its class.

    Raises:
        BrokenError: for a name that is not in the table, and for unsuitable arguments.
    """
    found = BUILDERS.get(kind.name)
    if found is not None:
        try:
            return found(*arguments)
        except (TypeError, ValueError, AttributeError) as error:
            said = f": {error}" if type(error) is ValueError else ""
            raise BrokenError(f"{kind.name} is called with arguments that it does not take{said}") from None
    if kind.name in VALUES:
        return Opaque(kind.name)
    if is_new and not arguments:
        return Instance(kind.name)
    name = kind.name[:MAX_ECHO]
    raise BrokenError(
        f"the pickle asks to call {name}, which paramcalc never does; save the weights alone: "
        "torch.save(model.state_dict(), …)"
    )


def view(
    storage: Any, first: Any, shape: Any, stride: Any, dtype: Dtype | None = None, layout: str = "", *beside: View
) -> View:
    """A tensor, which must lie within its storage."""
    if type(storage) is not Storage or type(first) is not int or first < 0:
        raise ValueError("no storage, or no place in it")
    sizes, steps = shape_of(items(shape), ""), shape_of(items(stride), "")
    if len(sizes) != len(steps):
        raise ValueError("a shape and strides of other lengths")
    dtype = dtype or storage.dtype
    if dtype is None:
        raise ValueError("bytes without a dtype")
    if any(part.beside for part in beside):  # else chains of views could be as long as the file
        raise ValueError("a tensor beside a tensor that has others beside it")
    last = first + sum([(size - 1) * step for size, step in zip(sizes, steps, strict=True)])
    if 0 not in sizes and (last + 1) * dtype.bits > 8 * storage.size:
        raise ValueError(f"a tensor of {(last + 1) * dtype.bits // 8:,} bytes in a storage of {storage.size:,}")
    return View(storage, dtype, first, sizes, steps, layout, beside)


def few(value: Any) -> list[Any]:
    """The items of a tuple or a list that is as short as arguments are: it could be there any number of times."""
    if type(value) in (tuple, list) and len(value) > MAX_ARGUMENTS:
        raise ValueError("more arguments than it takes")
    return items(value)


def tensor(storage: Any, first: Any, shape: Any, stride: Any, *rest: Any) -> View:
    """`torch._utils._rebuild_tensor` and `_v2`: further arguments are about gradients and hooks."""
    return view(storage, first, shape, stride)


def tensor_v3(storage: Any, first: Any, shape: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *rest: Any) -> View:
    """`_rebuild_tensor_v3`: the same with a dtype that has no storage class."""
    return view(storage, first, shape, stride, dtype_of(dtype))


def parameter(data: Any, requires_grad: Any = True, *rest: Any) -> Any:
    """`_rebuild_parameter`: the tensor, as a parameter."""
    if type(data) is not View:
        raise ValueError("no tensor")
    return replace(data, parameter=True, requires_grad=requires_grad is True)


def quantized(storage: Any, first: Any, shape: Any, stride: Any, quantizer: Any, *rest: Any) -> View:
    """`_rebuild_qtensor`: integers, with scales that may be tensors themselves."""
    beside = [item for item in few(quantizer) if type(item) is View]
    return view(storage, first, shape, stride, None, "quantized", *beside)


def sparse(layout: Any, data: Any) -> View:
    """`_rebuild_sparse_tensor`: indices and values; only stored values count."""
    *parts, shape = [item for item in few(data) if type(item) in (View, tuple)]
    values = parts[-1]
    name = layout.name.removeprefix("torch.") if type(layout) in (Global, Opaque) else ""
    if not name.startswith("sparse_") or len(parts) < 2 or not all(is_plain(part) for part in parts):
        raise ValueError("no sparse tensor")
    sizes = shape_of(shape, "")
    return View(values.storage, values.dtype, values.first, sizes, (), name, tuple(parts))


def is_plain(part: Any) -> bool:
    """Whether this is a tensor that does not consist of several."""
    return type(part) is View and not part.beside


def layout(name: Any) -> Opaque:
    """`torch.serialization._get_layout`: a layout by its name."""
    return Opaque(name[:MAX_ECHO])


def without_data(dtype: Any, shape: Any, *rest: Any) -> View:
    """`_rebuild_meta_tensor_no_storage`: a shape without data."""
    return View(None, dtype_of(dtype), 0, shape_of(items(shape), ""), ())


def from_numpy(data: Any, dtype: Any, *rest: Any) -> Any:
    """`_rebuild_device_tensor_from_numpy`: a tensor of another device, written as an array."""
    if type(data) is not Array:
        raise ValueError("no array")
    return data


def from_tensor(data: Any, *rest: Any) -> Any:
    """`_rebuild_device_tensor_from_cpu_tensor`: a tensor of another device, written as one of the CPU."""
    if type(data) is not View:
        raise ValueError("no tensor")
    return data


def from_type(function: Any, kind: Any, arguments: Any, *rest: Any) -> Any:
    """`torch._tensor._rebuild_from_type_v2`: a tensor of a subclass."""
    found = BUILDERS.get(function.name) if type(function) is Global else None
    if found is None or found is from_type:
        raise ValueError("it is not made as any tensor is")
    return found(*few(arguments))


def size(dims: Any = ()) -> tuple[int, ...]:
    """`torch.Size`."""
    return shape_of(items(dims), "")


def mapping(pairs: Any = (), *rest: Any) -> Mapping:
    """A dict of any kind; in Python 2 an OrderedDict was written as a list of pairs."""
    found = Mapping()
    if type(pairs) in (list, tuple):
        found.pairs = [(key, value) for key, value in pairs]
    elif type(pairs) is Mapping:
        found.pairs = list(pairs.pairs)
    return found


def default_mapping(factory: Any = None, *rest: Any) -> Mapping:
    """`collections.defaultdict`: its default factory is ignored, as there are no values yet."""
    return Mapping()


def collection(values: Any = (), *rest: Any) -> Collection:
    """A set."""
    found = Collection()
    found.items = items(values)
    return found


def plain_list(values: Any = (), *rest: Any) -> list[Any]:
    """A list, or TorchScript's equivalent."""
    return items(values)


def tagged(value: Any, *rest: Any) -> Any:
    """A value to which TorchScript attaches a type."""
    return value


def encoded(data: Any, *rest: Any) -> bytes:
    """`_codecs.encode`: how protocol 2 writes bytes."""
    return data.encode("latin-1") if type(data) is str else b""


def no_bytes() -> bytes:
    """`bytes`, which protocol 2 calls for empty ones only."""
    return b""


def new_object(kind: Any, *rest: Any) -> Any:
    """`copyreg._reconstructor`: an object without arguments."""
    return build(kind, (), True)


def number(*rest: Any) -> Opaque:
    """A number or bytes, which hold no tensor."""
    return Opaque("number")


BUILDERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_tensor_v3": tensor_v3,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_parameter_with_state": parameter,
    "torch._utils._rebuild_qtensor": quantized,
    "torch._utils._rebuild_sparse_tensor": sparse,
    "torch._utils._rebuild_sparse_csr_tensor": sparse,
    "torch._utils._rebuild_meta_tensor_no_storage": without_data,
    "torch._utils._rebuild_device_tensor_from_numpy": from_numpy,
    "torch._utils._rebuild_xla_tensor": from_numpy,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": from_tensor,
    "torch._tensor._rebuild_from_type": from_type,
    "torch._tensor._rebuild_from_type_v2": from_type,
    "torch.nn.parameter.Parameter": parameter,
    "torch.serialization._get_layout": layout,
    "torch.Size": size,
    "torch.jit._pickle.restore_type_tag": tagged,
    "torch.jit._pickle.build_intlist": plain_list,
    "torch.jit._pickle.build_doublelist": plain_list,
    "torch.jit._pickle.build_boollist": plain_list,
    "torch.jit._pickle.build_tensorlist": plain_list,
    "collections.OrderedDict": mapping,
    "collections.Counter": mapping,
    "collections.defaultdict": default_mapping,
    "collections.deque": plain_list,
    "builtins.dict": mapping,
    "builtins.set": collection,
    "builtins.frozenset": collection,
    "builtins.list": plain_list,
    "builtins.bytearray": number,
    "builtins.bytes": no_bytes,
    "builtins.complex": number,
    "builtins.slice": number,
    "builtins.range": number,
    "builtins.xrange": number,
    "_codecs.encode": encoded,
    "copyreg._reconstructor": new_object,
    "numpy.dtype": numpy_dtype,
    "numpy.ndarray": array,
    **{f"numpy.{core}.multiarray._reconstruct": array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": number for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": array_of for core in ("core", "_core")},
}
"""Name → the function that describes its result."""

VALUES = frozenset(
    (
        *("torch.device", "torch.torch_version.TorchVersion", "pathlib.PosixPath", "pathlib.WindowsPath"),
        *("pathlib.PurePosixPath", "pathlib.PureWindowsPath", "pathlib.Path", "pathlib._local.PosixPath"),
        *("datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone"),
        *("decimal.Decimal", "fractions.Fraction", "uuid.UUID", "torch._C.Generator"),
    )
)
"""Classes whose instances cannot hold a tensor."""
