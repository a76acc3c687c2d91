"""Which browser the tests take."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests import chromium


def test_a_named_browser_comes_first_and_has_to_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nowhere"))
    with pytest.raises(chromium.NoChromium, match="nowhere"):
        chromium.find()
    program = tmp_path / "browser"
    program.touch(mode=0o755)
    monkeypatch.setenv("CHROMIUM", str(program))
    assert chromium.find().path == str(program)


def test_then_one_on_the_path_else_the_fetched_one(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    fetched = chromium.Chromium("/fetched/chromium", {"LD_LIBRARY_PATH": "/fetched"})
    monkeypatch.setattr(chromium, "_fetched", lambda: fetched)
    there = {"google-chrome": "/usr/bin/google-chrome"}
    monkeypatch.setattr(chromium.shutil, "which", there.get)
    assert chromium.find().path == "/usr/bin/google-chrome"
    there.clear()
    assert chromium.find() is fetched


def test_another_content_than_the_pinned_one_is_refused(monkeypatch):
    def pack(command, *, cwd, **more):
        (Path(cwd) / "chromium.tgz").write_bytes(b"something else")
        return CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(chromium.subprocess, "run", pack)
    with pytest.raises(chromium.NoChromium, match="not the one that is pinned"):
        chromium._download()


def test_without_network_the_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setattr(
        chromium.subprocess, "run", lambda c, **more: CompletedProcess(c, 1, "", "no network")
    )
    with pytest.raises(chromium.NoChromium, match="Install Chromium, or set CHROMIUM"):
        chromium._download()
