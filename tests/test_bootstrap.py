"""From a bare clone: what is missing is said in words, and what is installed is pinned."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from phpsupport import bootstrap
from phpsupport.devservices import PROJECT

LOCKS = ("requirements.txt", "requirements-run.txt", "requirements-dev.txt")


def _pinned(name: str) -> dict[str, str]:
    lines = (PROJECT / name).read_text().splitlines()
    found = (re.match(r"([a-z0-9-]+)==([^ ;\\]+)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", [*LOCKS, "requirements-uv.txt"])
def test_every_pin_has_hashes_and_no_address(name):
    text = (PROJECT / name).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.split("make lock\n")[-1].strip())
    assert blocks
    for block in blocks:
        assert "--hash=sha256:" in block, block.split("\n")[0]
    assert "://" not in text
    assert "--index-url" not in text


def test_the_locks_agree_and_hold_what_the_project_asks_for():
    run, dev = _pinned("requirements-run.txt"), _pinned("requirements-dev.txt")
    assert _pinned("requirements.txt").items() <= run.items() <= dev.items()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["embedded"],
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[\[<>=~ ]", line)[0].lower() for line in asked}
    assert names <= dev.keys()


def test_an_older_python_can_read_it():
    source = Path(bootstrap.__file__).read_text()
    ast.parse(source, feature_version=(3, 7))
    assert "from phpsupport" not in source


def test_an_older_python_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=(3, 9, 2), exit=sys.exit))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed; this is 3\.9"):
        bootstrap.find_python()


def test_a_newer_python_on_the_path_is_used(monkeypatch):
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=(3, 9, 2), exit=sys.exit))
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: sys.executable if name == "python3.12" else None
    )
    assert bootstrap.find_python() == sys.executable


def test_a_python_without_venv_is_told_which_package_it_is(monkeypatch, tmp_path):
    fake = tmp_path / "python3"
    fake.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        "  -c) echo 3 11;;\n"
        "  *) echo 'The virtual environment was not created because ensurepip is not'; exit 1;;\n"
        "esac\n"
    )
    fake.chmod(0o755)
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / "venv"))
    monkeypatch.setattr(bootstrap, "PYTHON", str(tmp_path / "venv/bin/python"))
    monkeypatch.setattr(bootstrap, "find_python", lambda: str(fake))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt install python3\.11-venv"):
        bootstrap.make_venv()
    assert not (tmp_path / "venv").exists()


def test_what_is_installed_is_not_installed_again(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    done: list[list[str]] = []

    def run(command, **more):
        done.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    bootstrap.install("requirements-dev.txt")
    assert "--require-hashes" in done[-1]
    done.clear()
    bootstrap.install("requirements-dev.txt")
    bootstrap.install("requirements-run.txt")  # the development set contains it
    assert done == []
    (tmp_path / "installed-requirements-dev.txt").write_text("an older lock")
    bootstrap.install("requirements-dev.txt")
    assert done


def test_without_uv_plain_pip_does_it(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    monkeypatch.setattr(bootstrap, "runs", lambda command: False)
    done: list[list[str]] = []

    def run(command, **more):
        done.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    bootstrap.install("requirements-run.txt")
    assert done[-1][1:4] == ["-m", "pip", "install"]
    assert "--require-hashes" in done[-1]


def test_an_unknown_command_names_those_there_are():
    done = subprocess.run(
        [sys.executable, "phpsupport/bootstrap.py", "dance"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "run" in done.stderr
    assert "test" in done.stderr
