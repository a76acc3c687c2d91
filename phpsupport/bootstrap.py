"""From a bare clone to a running command: finds Python, makes .venv, installs the locked packages.

    python3 phpsupport/bootstrap.py run|test|lint|reset|manage|lock [arguments]

Only the standard library, and words that an older Python can read, so that it can say what is missing.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(PROJECT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOCAL = os.path.join(PROJECT, ".local")
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
# What each command needs; the development set contains the other.
RUN, DEV = "requirements-run.txt", "requirements-dev.txt"
NEEDS = {
    "run": RUN,
    "reset": RUN,
    "manage": RUN,
    "test": DEV,
    "bench": DEV,
    "races": DEV,
    "typing": DEV,
    "lint": DEV,
}
LOCKS = (
    ("requirements-dev.txt", ["--extra", "embedded", "--group", "dev"]),
    ("requirements-run.txt", ["--extra", "embedded", "--constraint", "requirements-dev.txt"]),
    ("requirements.txt", ["--constraint", "requirements-dev.txt"]),
)


def main(arguments):
    command = arguments[0] if arguments else ""
    if command not in NEEDS and command != "lock":
        stop("Say one of: {}, lock.".format(", ".join(sorted(NEEDS))))
    with one_at_a_time():
        make_venv()
        if command == "lock":
            lock()
            return
        install(NEEDS[command])
    os.chdir(PROJECT)
    sys.stdout.flush()
    os.execv(PYTHON, [PYTHON, "-m", "phpsupport.runner", *arguments])


def stop(sentence):
    sys.exit("phpsupport: " + sentence)


def say(sentence):
    print("phpsupport: " + sentence, flush=True)


@contextlib.contextmanager
def one_at_a_time():
    """Two commands started together must not install into one folder at once."""
    try:
        os.makedirs(LOCAL, exist_ok=True)
        file = open(os.path.join(LOCAL, "bootstrap.lock"), "a")  # noqa: SIM115 - closed below
    except OSError as fault:
        stop("{} cannot be written ({}).".format(LOCAL, fault.strerror))
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# ---------------------------------------------------------------- the virtual environment


def make_venv():
    if os.path.exists(PYTHON) and runs(
        [PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    ):
        return
    python = find_python()
    if os.path.isdir(VENV):
        say("the virtual environment in .venv does not work any more: making a new one")
        shutil.rmtree(VENV)
    uv = shutil.which("uv")
    if uv:
        made = [uv, "venv", "--quiet", "--python", python, VENV]
    else:
        made = [python, "-m", "venv", VENV]
    done = subprocess.run(
        made, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=uv_environment(), check=False
    )
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        said = done.stdout.decode("utf-8", "replace").strip()
        if "ensurepip" in said or "python3-venv" in said or "No module named venv" in said:
            version = "{}.{}".format(*version_of(python))
            stop(
                "this Python cannot make virtual environments. On Debian and Ubuntu install the "
                "missing part with\n    sudo apt install python{}-venv\nand start again.".format(
                    version
                )
            )
        stop("the virtual environment could not be made:\n" + said)


def find_python():
    """This Python if it is new enough, else a newer one on the path."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for name in NEWER:
        found = shutil.which(name)
        if found and version_of(found) >= OLDEST:
            return found
    return stop(
        "Python 3.11 or newer is needed; this is {}.{}. Install one, for example\n"
        "    sudo apt install python3.11 python3.11-venv\n"
        "or name it: make run PYTHON=/path/to/python3.11".format(*sys.version_info[:2])
    )


def version_of(python):
    done = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return tuple(int(part) for part in done.stdout.split()) if done.returncode == 0 else (0, 0)


def runs(command):
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# ---------------------------------------------------------------- the packages


def install(requirements):
    wanted = mark(requirements)
    if stamped(requirements) == wanted or stamped(DEV) == mark(DEV):
        return
    say("installing the packages of {} …".format(requirements))
    began = time.time()
    path = os.path.join(PROJECT, requirements)
    uv = find_uv()
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", PYTHON]
    else:
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", path], cwd=PROJECT, env=uv_environment(), check=False
    )
    if done.returncode:
        stop("the packages could not be installed; the lines above say why. Is the network there?")
    with open(stamp(requirements), "w") as file:
        file.write(wanted)
    say("installed in {:.0f} s".format(time.time() - began))


def find_uv():
    """uv where it is there or can be had, else None: plain pip does the same, slower."""
    for found in (shutil.which("uv"), os.path.join(VENV, "bin", "uv")):
        if found and runs([found, "--version"]):
            return found
    pinned = os.path.join(PROJECT, "requirements-uv.txt")
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if runs([*pip, "--require-hashes", "-r", pinned]):
        return os.path.join(VENV, "bin", "uv")
    say("uv is not to be had; pip does the same, slower")
    return None


def uv_environment():
    # Quiet about copying where the cache is on another disk; never fetches a Python of its own.
    return dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_LINK_MODE="copy", UV_NO_CONFIG="1")


def stamp(requirements):
    return os.path.join(VENV, "installed-" + requirements)


def stamped(requirements):
    try:
        with open(stamp(requirements)) as file:
            return file.read()
    except FileNotFoundError:
        return None


def mark(requirements):
    with open(os.path.join(PROJECT, requirements), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# ---------------------------------------------------------------- the lock


def lock():
    """Write the requirements files anew from pyproject.toml; `make lock UPGRADE=1` for newer ones."""
    uv = find_uv()
    if not uv:
        stop("locking needs uv: pip install uv")
    general = ["--universal", "--generate-hashes", "--python-version", "3.11", "--quiet"]
    general += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
    general += ["--custom-compile-command", "make lock"]
    newer = bool(os.environ.get("UPGRADE"))
    for name, special in LOCKS:
        upgrade = ["--upgrade"] if newer and name == DEV else []
        command = [uv, "pip", "compile", "pyproject.toml", *general, *special, *upgrade, "-o", name]
        subprocess.run(command, cwd=PROJECT, env=uv_environment(), check=True)
        say("wrote " + name)


if __name__ == "__main__":
    main(sys.argv[1:])
