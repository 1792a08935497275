"""Everything a change must pass, one session each; `nox` alone runs them all, `nox -s bench` measures."""

from __future__ import annotations

import os
import sys

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "imports", "tests", "docs"]
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
# A Python that isn't installed here is skipped, and the summary says so; the one that runs nox always takes part.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

PYPROJECT = nox.project.load_toml("pyproject.toml")
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = sorted({THIS_PYTHON, *nox.project.python_versions(PYPROJECT)}, key=lambda version: int(version.split(".")[1]))


def install(session: nox.Session, *groups: str, project: bool = True) -> None:
    """Bring in dependency groups from pyproject.toml, and the project with all its extras."""
    checkout = ["-e", ".[all]"] if project else []
    session.install(*checkout, *nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and a changelog that can be put together."""
    install(session, "lint", project=False)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """What mypy and pyright say; the files to check are named in pyproject.toml."""
    install(session, "types", "test")
    session.run("mypy")
    session.run("pyright", env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})


@nox.session
def imports(session: nox.Session) -> None:
    """The floors and the doors."""
    install(session, "lint", project=False)
    session.run("lint-imports", "--no-logo")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests and documents; arguments go to pytest."""
    install(session, "test")
    # Fixed inputs: a change passes or fails for what it does, not for the draw. The machine is the same on all Pythons.
    env = {"HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "ci" if session.python == THIS_PYTHON else "few")}
    # A file's tests stay in one process: those of a document go on from one another.
    session.run("pytest", "--numprocesses=auto", "--dist=loadfile", *session.posargs, env=env)


@nox.session
def coverage(session: nox.Session) -> None:
    """What the tests measure, branches included, held to the floor. It takes several times as long as the tests alone."""
    install(session, "test")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", env={"HYPOTHESIS_PROFILE": "few"})
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as HTML, in docs/_build; any warning fails it."""
    install(session, "docs")
    # Warnings come only from pages that are read, so every page is read every time (-E).
    session.run("sphinx-build", "-n", "-W", "--keep-going", "-E", "-q", "-b", "html", "docs", "docs/_build")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure flowkit beside the limits; arguments go to the benchmarks."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)
