"""A supply-chain audit of a Python environment: are its files those that its packages brought?

    flowkit run examples/audit.py:audit --out audit-report
    python examples/audit.py

A package lists in its RECORD which files it brought, with a hash and a size for each. The audit holds all of them
against the disk, finds files that no package brought, and reads under which licences the packages come. What it can't
see: a RECORD that was rewritten together with its files. Bytecode is listed without a hash, so it isn't held to one.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import sysconfig
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.parser import HeaderParser
from html import escape
from itertools import groupby
from pathlib import Path

import attrs

from flowkit import Fallback, Outcome, Retry, exponential, step, workflow


@attrs.frozen
class Finding:
    """A file that isn't as a RECORD says, or that no RECORD names."""

    what: str  # "changed", "missing", "unhashed" or "unowned"
    path: str
    detail: str = ""
    module: str = attrs.Factory(lambda self: module_name(self.path), takes_self=True)


@attrs.frozen
class Verified:
    """The files of a package, all looked at, and what is wrong with some."""

    files: list[str]
    findings: list[Finding]


@attrs.frozen
class Package:
    """What a package says of itself, and what was found of its files; `problem` is why nothing was."""

    name: str
    version: str
    licence: str = ""
    files: int = 0
    findings: list[Finding] = attrs.Factory(list[Finding])
    problem: str = ""


@attrs.frozen
class Summary:
    """The audit in a few numbers and names."""

    folders: list[str]
    packages: int
    files: int
    changed: list[str]
    missing: list[str]
    unhashed: int
    unowned: int
    unverifiable: list[str]
    without_licence: list[str]


@workflow
def audit(site: Path | None = None, out: Path | None = None) -> Summary:
    """Hold every installed file against the RECORD of the package that brought it.

    `site` is an environment or a folder of packages; if left out, the environment that runs this. `out` is where the
    reports go: `audit-report` stands for audit-report.json and audit-report.html.
    """
    folders = find_folders(site)
    found = find_packages(folders)
    verified = verify.map_outcomes(found)  # a package that can't be verified doesn't end the audit
    packages = assess.map(describe.map(found), verified)
    unowned = find_unowned(folders, verified)
    summary = summarize(folders, packages, unowned)
    if out is not None:
        write_report(out, summary, packages, unowned)
    return summary


# -- packages ---------------------------------------------------------------------------------------------------------

# A file may be busy, or gone for a moment while an installer is at work.
patiently = Retry(max_attempts=3, backoff=exponential(0.05), on=OSError)


@step
def find_folders(site: Path | None) -> list[Path]:
    """Find the folders that packages are installed in."""
    if site is None:
        return sorted({Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")})
    inside = [*site.glob("lib*/python*/site-packages"), *site.glob("Lib/site-packages")]
    if not inside and not any(site.glob("*.dist-info")):
        raise ValueError(f"`{site}` is neither an environment nor a folder with installed packages")
    return sorted({folder.resolve() for folder in inside or [site]})


@step
def find_packages(folders: list[Path]) -> list[Path]:
    """Find what is installed: for each package the folder with what is known of it."""
    return sorted(found for folder in folders for kind in ("dist", "egg") for found in folder.glob(f"*.{kind}-info"))


def named_by_folder(_error: Exception, package: Path) -> Package:
    """What there is to say of a package whose own words can't be read."""
    name, _, version = package.stem.partition("-")
    return Package(name, version)


@step(retries=patiently, on_failure=Fallback(call=named_by_folder))
def describe(package: Path) -> Package:
    """Read what a package says of itself."""
    file = package / ("METADATA" if package.suffix == ".dist-info" else "PKG-INFO")
    words = HeaderParser().parsestr(file.read_text(encoding="utf-8"))
    classifiers = [line.rpartition(" :: ")[2] for line in words.get_all("Classifier", []) if line.startswith("License")]
    text = words.get("License", "").partition("\n")[0].replace("UNKNOWN", "")  # some put the whole licence there
    licence = words.get("License-Expression") or ", ".join(classifiers) or text
    return Package(words.get("Name", package.stem), words.get("Version", ""), licence)


@step
def assess(package: Package, verified: Outcome[Verified]) -> Package:
    """Put together what a package says and what was found."""
    if verified.ok:
        return attrs.evolve(package, files=len(verified.value.files), findings=verified.value.findings)
    return attrs.evolve(package, problem=f"{type(verified.error).__name__}: {verified.error}")


# -- files ------------------------------------------------------------------------------------------------------------


@step(retries=patiently, timeout="1m")
def verify(package: Path) -> Verified:
    """Hold every file that a RECORD names against the hash and the size that it gives."""
    verified = Verified([], [])
    for name, shipped, size in read_record(package / "RECORD"):
        path = package.parent / name  # scripts are outside the folder, as `../../../bin/pip`
        verified.files.append(plain(path))
        if path != package / "RECORD":  # which can't hold its own hash
            verified.findings.extend(compare(path, name, shipped, size))
    return verified


def read_record(record: Path) -> Iterator[list[str]]:
    """Go through the files of a RECORD: path, hash and size, of which the last two may be empty."""
    with record.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        for line in lines:
            if len(line) != 3 or not (line[2] or "0").isdecimal():
                raise ValueError(f"line {lines.line_num} of RECORD should be a path, a hash and a size; it is {line}")
            yield line
    if not lines.line_num:
        raise ValueError("RECORD is empty")


def compare(path: Path, name: str, shipped: str, size: str) -> Iterator[Finding]:
    """Say what is wrong with a file, if something is."""
    algorithm, _, expected = shipped.partition("=")
    if shipped and algorithm not in ("sha256", "sha384", "sha512"):
        raise ValueError(f"RECORD has a hash of kind {algorithm!r} for {name}, which proves nothing")
    if not shipped and name.endswith(".pyc"):
        return  # Python makes it anew whenever it likes
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            digest = hashlib.file_digest(file, algorithm).digest() if shipped else b""
    except (FileNotFoundError, NotADirectoryError):
        yield Finding("missing", name)
        return
    if not shipped:
        yield Finding("unhashed", name, "RECORD has no hash for it, so it could be anything")
    elif base64.urlsafe_b64encode(digest).decode().rstrip("=") != expected or length != int(size or length):
        yield Finding("changed", name, f"{length} bytes that aren't the {size or 'ones'} it came with")


def plain(path: Path) -> str:
    """The one way to write the path of a file, so that paths can be compared."""
    return os.path.normcase(os.path.normpath(path))


def module_name(path: str) -> str:
    """What a file is imported as; nothing if it isn't a module."""
    *packages, name = Path(path).parts
    is_module = name.endswith((".py", ".so", ".pyd")) and ".." not in packages
    return ".".join([*packages, name.partition(".")[0]]).removesuffix(".__init__") if is_module else ""


@step(retries=patiently, timeout="2m")
def find_unowned(folders: list[Path], verified: list[Outcome[Verified]]) -> list[Finding]:
    """Find the files that no package brought. Bytecode is its source's."""
    owned = {path for package in verified if package.ok for path in package.value.files}
    findings, errors = list[Finding](), list[OSError]()
    for folder in folders:
        for where, inner, names in os.walk(folder, onerror=errors.append):
            links = [name for name in inner if Path(where, name).is_symlink()]  # nobody looks behind those
            for path in (Path(where, name) for name in names + links):
                source = path.parent.with_name(f"{path.name.partition('.')[0]}.py")
                compiled = path.parent.name == "__pycache__" and plain(source) in owned
                if plain(path) not in owned and not compiled:
                    findings.append(stray(path, folder))
    if errors:
        raise errors[0]
    return sorted(findings, key=lambda finding: finding.path)


def stray(path: Path, folder: Path) -> Finding:
    """Say of a file that no package brought whether it is more than litter."""
    name = os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")  # names needn't be text
    at_start = path.suffix == ".pth" or name in ("sitecustomize.py", "usercustomize.py")
    return Finding("unowned", name, "runs whenever Python starts" if at_start else "")


# -- the report -------------------------------------------------------------------------------------------------------


@step
def summarize(folders: list[Path], packages: list[Package], unowned: list[Finding]) -> Summary:
    """Count."""
    found = [finding for package in packages for finding in package.findings]
    return Summary(
        folders=[str(folder) for folder in folders],
        packages=len(packages),
        files=sum(package.files for package in packages),
        changed=[finding.path for finding in found if finding.what == "changed"],
        missing=[finding.path for finding in found if finding.what == "missing"],
        unhashed=sum(finding.what == "unhashed" for finding in found),
        unowned=len(unowned),
        unverifiable=[package.name for package in packages if package.problem],
        without_licence=[package.name for package in packages if not package.licence],
    )


@step
def write_report(out: Path, summary: Summary, packages: list[Package], unowned: list[Finding]) -> None:
    """Write all of it, for programs and for people."""
    stem = out.with_suffix("") if out.suffix in (".json", ".html") else out
    stem.parent.mkdir(parents=True, exist_ok=True)
    everything = {"summary": summary, "packages": packages, "unowned": unowned}
    Path(f"{stem}.json").write_text(json.dumps(everything, default=attrs.asdict, indent=2), encoding="utf-8")
    Path(f"{stem}.html").write_text(page(summary, packages, unowned), encoding="utf-8")


STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d8dee4, #3a4048); --dim: light-dark(#59636e, #9198a1) }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 3rem auto; padding: 0 1.5rem }
h1 { margin: 0 } h2 { margin: 2.5rem 0 .25rem; font-size: 1.15rem } p, dt, th { color: var(--dim); font-weight: 400 }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(13rem, 40%), 1fr)); gap: .75rem; margin: 1.5rem 0 }
dl div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem }
dd { margin: 0; font-size: 1.6rem } .bad { color: light-dark(#b42318, #ff8a80) }
table { border-collapse: collapse; width: 100% } td:nth-child(n + 3), td:last-child { overflow-wrap: anywhere }
td, th { padding: .35rem 1.5rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
"""


def page(summary: Summary, packages: list[Package], unowned: list[Finding]) -> str:
    """Make a page that needs nothing else."""
    tiles = ""
    for name, found in attrs.asdict(summary, filter=attrs.filters.exclude("folders")).items():
        count = found if isinstance(found, int) else len(found)
        mark = "bad" if count and name in ("changed", "missing", "unverifiable") else "fine"
        tiles += f"<div class={mark}><dt>{name.replace('_', ' ')}<dd>{count:,}</div>"
    wrong = [(one.what, of.name, one.module or one.path, one.detail) for of in packages for one in of.findings]
    broken = [(package.name, package.problem) for package in packages if package.problem]
    tops = [(top, list(files)) for top, files in groupby(unowned, lambda one: Path(one.path).parts[0])]
    strays = [(top, len(files), files[0].detail) for top, files in tops]
    every = [(one.name, one.version, one.files, one.licence or "none given") for one in packages]
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Audit of installed packages</title><style>{STYLE}</style>
<h1>Audit of installed packages</h1><p>{escape(", ".join(summary.folders))} on {datetime.now(UTC):%d %B %Y, %H:%M} UTC<dl>{tiles}</dl>
{table("Not as the RECORD says", ("", "package", "module or file", ""), wrong)}
{table("Couldn't be verified", ("package", ""), broken)}
{table("Brought by no package", ("file or folder", "files", ""), strays)}
{table("All packages", ("package", "version", "files", "licence"), every)}
"""


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A section with a table; nothing if that were empty."""
    cells = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}' for cell in row)}" for row in rows)
    return f"<h2>{title}</h2><table><tr>{''.join(f'<th>{name}' for name in head)}{cells}</table>" if rows else ""


if __name__ == "__main__":
    print(json.dumps(attrs.asdict(audit(out=Path("audit-report"))), indent=2))
