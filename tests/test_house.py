"""The house rules that a program can check."""

import ast
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = sorted(ROOT.glob("tests/**/test_*.py"))
TEXTS = [
    path
    for path in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    if not path.endswith((".png", ".ico", ".hl7"))
]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_states_its_fact(path):
    """In a docstring."""
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]

    assert [] == [f.name for f in functions if f.name.startswith("test_") and not ast.get_docstring(f)]


def test_every_ignore_has_a_reason():
    """Beside it."""
    bare = re.compile(r"#\s*(noqa|type: ignore)(?:: ?[A-Z0-9, ]+|\[[a-z, -]+\])?\s*$")
    found = [
        f"{path}:{number}"
        for path in TEXTS
        if path.endswith(".py")
        for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1)
        if bare.search(line)
    ]

    assert [] == found


def test_no_file_names_an_index_or_a_machine():
    """Dependencies come by package name from wherever a site gets its packages."""
    hosts = re.compile(r"(index-url|extra-index|find-links|/simple/\b)")

    assert [] == [path for path in TEXTS if path != "tests/test_house.py" and hosts.search((ROOT / path).read_text())]


def test_everything_installed_is_pinned():
    """What is tested is what a newcomer gets."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.split(r"[><=;\[ ]", line)[0].lower().replace("_", "-")
        for extra in ("codecs", "htj2k", "dev")
        for line in [*project["dependencies"], *project["optional-dependencies"][extra]]
        if not line.startswith("dicomfabd[")
    }
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}

    assert set() == wanted - pinned
    assert all("==" in line for line in lines)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_runs_outside_the_repository(tmp_path):
    """With its protocols, samples, pages and SQL."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "samples/01-ct-chest.hl7",
        "plan/lexicon.toml",
        "store/sql/0001_initial.sql",
        "web/static/style.css",
    ):
        assert f"dicomfabd/{needed}" in names

    # The dependencies are those of this environment; only the package itself comes from the wheel.
    venv.create(tmp_path / "venv", with_pip=False, system_site_packages=False)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "zz_dependencies.pth").write_text(f"{ours}\n")
    (tmp_path / "order.hl7").write_bytes((ROOT / "dicomfabd/samples/05-xr-knee.hl7").read_bytes())
    command = [str(tmp_path / "venv/bin/python"), "-I", "-m", "dicomfabd"]
    done = subprocess.run(
        [*command, "fabricate", "order.hl7", "--out", "made"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (0, 2) == (done.returncode, len(list((tmp_path / "made").rglob("*.dcm")))), done.stderr
