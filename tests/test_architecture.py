"""Imports point one way: who may know whom."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.each import each

ROOT = Path(__file__).parents[1] / "paramcalc"
ORDER = [
    {"characters", "errors", "units", "limits", "collector", "metrics", "budget"},
    {"shapes"},
    {"layers"},
    {"model"},
    {"summary"},
    {"analysis"},
    {"formats"},
    {"schema", "answer"},
    {"check"},
    {"render"},
    {"cli"},
]
"""Each room may import from those above it, and from its own."""

RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.name not in ("__main__.py",) and path.parent != ROOT)
MODULES += sorted(path for path in ROOT.glob("*.py") if not path.name.startswith("__"))


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports_of(path):
    """(module, names) of every import in the file, those inside functions too."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.append((node.module, [alias.name for alias in node.names]))
    return found


def rooms_imported(path):
    for module, names in imports_of(path):
        if module == "paramcalc":
            yield from (name for name in names if name in RANK)
        elif module.startswith("paramcalc."):
            yield module.split(".")[1]


def test_imports_point_one_way():
    upward = {
        (name_of(path), room) for path in MODULES for room in rooms_imported(path) if RANK[room] > RANK[room_of(path)]
    }
    assert upward == set()


def test_rich_is_imported_by_render_alone_and_click_by_cli_alone():
    for path in MODULES:
        packages = {module.split(".")[0] for module, _ in imports_of(path)}
        assert "rich" not in packages or room_of(path) == "render", path
        assert "click" not in packages or room_of(path) == "cli", path


def test_the_ground_floor_has_a_dozen_modules_at_most():
    """Whatever belongs to a room stands in it."""
    assert len([path for path in ROOT.glob("*.py") if not path.name.startswith("__")]) <= 12


def name_of(path):
    """`paramcalc.formats.keras` for `formats/keras/__init__.py`."""
    return ".".join((ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


FILES = {name_of(path): path for path in ROOT.rglob("*.py")}


def files_imported(path):
    for module, names in imports_of(path):
        submodules = [f"{module}.{name}" for name in names]
        yield from (name for name in submodules if name in FILES)
        if any(name not in FILES for name in submodules or [""]) and module in FILES:
            yield module


def test_no_two_files_import_each_other():
    """Not in a roundabout way, not inside a function, and not for the types alone."""
    left = {name: set(files_imported(path)) - {name} for name, path in FILES.items()}
    while free := {name for name, needed in left.items() if not needed & left.keys()}:
        left = {name: needed for name, needed in left.items() if name not in free}
    assert {name: needed & left.keys() for name, needed in left.items()} == {}


FOREIGN = re.compile(
    r"keras|torch|tensorflow|tfjs|hugging ?face|transformers|safetensors|gguf|onnx|hdf5|\bh5\b|pickle|pt2",
    re.IGNORECASE,
)
"""Names of formats and frameworks."""

FRAMEWORK_ROOMS = ("keras", "torch", "packages", "operations")
"""Folders of `layers` that a framework, or what is built on it, has for itself."""

INSIDE = [
    path
    for path in MODULES
    if room_of(path) not in ("formats", "cli") and not set(path.relative_to(ROOT).parts[1:2]) & set(FRAMEWORK_ROOMS)
]
EXCEPTIONS = {
    # Help texts of the spec language, whose layers are a framework's.
    "schema/spec.py": ["keras where nothing is said", "Keras' class name"],
    # Every limit is in one place.
    "limits.py": [
        "MAX_SAFETENSORS_HEADER",
        "MAX_HDF5_METADATA",
        "MAX_HDF5_PATH",
        "MAX_GGUF_HEADER",
        "_PICKLE_",
        "MAX_SMALL_PICKLE",
    ],
    # The one line that a new framework adds here.
    "layers/registry.py": ["keras", "torch"],
    # JSON that names no framework was written when there was only one.
    "summary.py": ["keras"],
}
"""Texts of a file that may name one, with the reason."""


def names_and_texts(path):
    """(what, line) of every identifier and every text in the code of a file; docstrings are not code."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for statement in body:  # of a module, a class, a function, and below a constant
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    statement.value.value = None
    for node in ast.walk(tree):
        values = [node.value] if isinstance(node, ast.Constant) else [getattr(node, name, None) for name in NAMES]
        yield from ((value, node.lineno) for value in values if isinstance(value, str))


NAMES = ("id", "attr", "arg", "name", "module", "asname")
"""Attributes of nodes of the syntax tree that are identifiers."""


@each("path", INSIDE, lambda path: str(path.relative_to(ROOT)))
def test_what_computes_and_what_shows_names_no_format_and_no_framework(path):
    """Each has a room of its own: a reader says what its format means, and nobody else needs to know which it is."""
    found = [(text, line) for text, line in names_and_texts(path) if FOREIGN.search(text)]
    allowed = EXCEPTIONS.get(str(path.relative_to(ROOT)), [])
    assert [(text, line) for text, line in found if not any(each in text for each in allowed)] == []
    assert [each for each in allowed if not any(each in text for text, _ in found)] == [], "exceptions not needed"
