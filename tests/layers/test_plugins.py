"""A third party adds a layer with a class and an entry point; what is broken is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import paramcalc

LAYER = '''
from paramcalc.layers.base import Inferred, Layer, Positive, Weight


class Scale(Layer, frozen=True):
    """One factor a feature."""

    groups: Positive = 1

    def infer(self, x):
        size = x[-1] // self.groups
        return Inferred(x, (Weight("scale", (size,), (("features / groups", size),)),))


class NotALayer:
    pass
'''
ROOT = Path(paramcalc.__file__).parents[1]


@pytest.fixture
def install(tmp_path):
    """Installs a distribution that claims entry points, as pip leaves one behind."""

    def build(distribution, module, points, code=LAYER):
        site = tmp_path / "site"
        info = site / f"{distribution}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{module}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"{name} = {target}" for name, target in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[paramcalc.layers]", *lines, ""]))
        return site

    return build


def summary(tmp_path, spec, site):
    (tmp_path / "net.json").write_text(spec)
    path = os.pathsep.join([str(site), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "paramcalc", "summary", "net.json", "--format", "csv", "--columns", "path,params"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
    )


USES_SCALE = '{"input": [6], "layers": [{"Scale": {"groups": 2}}, "Scale"]}'


def test_a_real_package_installed_by_pip_adds_a_layer(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "scale_layers.py").write_text(LAYER)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "scale-layers"\nversion = "1.0"\n'
        '[project.entry-points."paramcalc.layers"]\nScale = "scale_layers:Scale"\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["scale_layers.py"]\n'
    )
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", *options, "--target", str(site), str(package)], check=True
    )
    done = summary(tmp_path, USES_SCALE, site)
    assert done.stdout == "path,params\nscale,3\nscale_1,6\n"


def test_a_plugin_is_found_by_its_entry_point(tmp_path, install):
    site = install("scale_layers", "scale_layers", {"Scale": "scale_layers:Scale"})
    done = summary(tmp_path, USES_SCALE, site)
    assert (done.returncode, done.stdout) == (0, "path,params\nscale,3\nscale_1,6\n")


@pytest.mark.parametrize(
    ("points", "code", "why"),
    [
        ({"Scale": "scale_layers:Missing"}, LAYER, "scale_layers:Missing (layer 'Scale') cannot be loaded"),
        ({"Scale": "scale_layers:Scale"}, "1 / 0", "cannot be loaded: division by zero"),
        ({"Scale": "scale_layers:NotALayer"}, LAYER, "scale_layers:NotALayer (layer 'Scale') is not a paramcalc Layer"),
        ({"Dense": "scale_layers:Scale"}, LAYER, "claims the layer name 'Dense', which paramcalc itself already has"),
    ],
)
def test_a_broken_plugin_is_named(tmp_path, install, points, code, why):
    done = summary(tmp_path, USES_SCALE, install("scale_layers", "scale_layers", points, code))
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_two_plugins_with_one_name_are_both_named(tmp_path, install):
    install("first_layers", "first", {"Scale": "first:Scale"})
    done = summary(tmp_path, USES_SCALE, install("second_layers", "second", {"Scale": "second:Scale"}))
    assert done.returncode == 2
    assert "first:Scale" in done.stderr
    assert "second:Scale" in done.stderr


def test_a_broken_plugin_does_not_disturb_who_does_not_use_it(tmp_path, install):
    site = install("scale_layers", "scale_layers", {"Scale": "scale_layers:Scale"}, "1 / 0")
    assert summary(tmp_path, '{"input": [6], "layers": [{"Dense": 2}]}', site).returncode == 0
