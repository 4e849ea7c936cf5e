"""What prepares the environment, on machines that lack this or that. The interpreter is played by a shell script."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PLAYED_PYTHON = """#!/bin/sh
echo "$@" >> "{folder}/calls"
case "$*" in
    --version) echo "Python {version}" ;;
    *version_info\\ \\<*) exit {too_old} ;;
    *ensurepip*) exit {no_venv} ;;
    "-c import pip") [ -e "{folder}/whole" ] || exit 1 ;;
    *%d.%d*) echo "{version}" | cut -d. -f1,2 ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && touch "{folder}/whole" ;;
    "-m pip install"*) exit {no_network} ;;
esac
"""


class Machine:
    """A project folder with the lock files, and a PATH on which there is only the played Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "a project"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.project / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/environment.sh", self.project / "scripts")
        for lock in ("requirements.lock", "requirements-dev.lock"):
            (self.project / lock).write_text(f"# {lock}\n", encoding="utf-8")
        for tool in ("sh", "cat", "cksum", "cp", "cut", "dirname", "echo", "grep", "mkdir", "rm", "touch"):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def has_python(
        self, version: str = "3.12.1", *, too_old: int = 0, no_venv: int = 0, no_network: int = 0, name: str = "python3"
    ) -> None:
        script = PLAYED_PYTHON.format(
            folder=self.folder, version=version, too_old=too_old, no_venv=no_venv, no_network=no_network
        )
        for path in (self.bin / name, *self.project.glob(".venv/bin/python")):
            path.write_text(script, encoding="utf-8")
            path.chmod(0o755)

    def prepare(self, lock: str = "requirements.lock", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "scripts/environment.sh", lock],
            cwd=self.project,
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def installations(self) -> list[str]:
        calls = (self.folder / "calls").read_text(encoding="utf-8").splitlines()
        return [call for call in calls if call.startswith("-m pip install")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_run_makes_the_environment_and_the_second_does_nothing(machine: Machine) -> None:
    machine.has_python()
    assert machine.prepare().returncode == 0
    assert len(machine.installations) == 1
    assert "--require-hashes" in machine.installations[0]
    again = machine.prepare()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(machine.installations) == 1


def test_the_development_packages_hold_the_others(machine: Machine) -> None:
    machine.has_python()
    machine.prepare("requirements-dev.lock")
    machine.prepare("requirements.lock")
    assert len(machine.installations) == 1


def test_a_changed_lock_file_is_installed(machine: Machine) -> None:
    machine.has_python()
    machine.prepare()
    (machine.project / "requirements.lock").write_text("# changed\n", encoding="utf-8")
    machine.prepare()
    assert len(machine.installations) == 2


def test_no_python_at_all_is_told_with_the_command_that_mends_it(machine: Machine) -> None:
    told = machine.prepare()
    assert told.returncode == 1
    assert "needs Python 3.11 or newer" in told.stderr
    assert "apt-get install python3" in told.stderr


def test_a_python_that_is_too_old_is_told(machine: Machine) -> None:
    machine.has_python("3.8.10", too_old=1)
    told = machine.prepare()
    assert told.returncode == 1
    assert "found: Python 3.8.10" in told.stderr
    assert "brew install" in told.stderr


def test_a_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    machine.has_python("3.8.10", too_old=1)
    machine.has_python("3.13.0", name="python3.13")
    assert machine.prepare().returncode == 0


def test_the_interpreter_can_be_chosen(machine: Machine) -> None:
    machine.has_python("3.11.2", name="mine")
    assert machine.prepare(PYTHON=str(machine.bin / "mine")).returncode == 0
    told = machine.prepare("requirements-dev.lock", PYTHON="/nowhere/python")
    assert "found: none at /nowhere/python" in told.stderr


def test_a_missing_venv_module_is_told_with_its_package(machine: Machine) -> None:
    machine.has_python("3.11.2", no_venv=1)
    told = machine.prepare()
    assert told.returncode == 1
    assert "apt-get install python3.11-venv" in told.stderr
    assert not (machine.project / ".venv").exists()


def test_an_installation_that_failed_is_told_and_tried_again(machine: Machine) -> None:
    machine.has_python(no_network=1)
    told = machine.prepare()
    assert told.returncode == 1
    assert "could not be installed" in told.stderr
    machine.has_python()
    assert machine.prepare().returncode == 0
    assert len(machine.installations) == 2


def test_an_environment_whose_making_was_interrupted_is_made_again(machine: Machine) -> None:
    machine.has_python()
    machine.prepare()
    (machine.folder / "whole").unlink()  # as if pip had not been reached
    (machine.project / ".venv/.installed-locks").unlink()
    told = machine.prepare()
    assert told.returncode == 0
    assert "Making the virtual environment" in told.stdout


def test_another_python_that_is_asked_for_makes_another_environment(machine: Machine) -> None:
    machine.has_python()
    machine.prepare()
    machine.has_python("3.13.0", name="python3.13")
    told = machine.prepare(PYTHON=str(machine.bin / "python3.13"))
    assert "Making the virtual environment .venv with Python 3.13.0" in told.stdout
    assert machine.prepare(PYTHON=str(machine.bin / "python3.13")).stdout == ""
    assert machine.prepare().stdout == "", "what is there will do where nothing else is asked for"


def test_an_environment_that_broke_is_made_again(machine: Machine) -> None:
    machine.has_python()
    machine.prepare()
    (machine.project / ".venv/bin/python").unlink()
    assert machine.prepare().returncode == 0
    assert len(machine.installations) == 2


def test_make_without_a_goal_lists_the_commands() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for goal in ("demo", "run", "invite", "test", "test-all", "check", "bench"):
        assert f"make {goal} " in listed
