"""The audit finds what was done to an environment, and isn't stopped by it."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from examples.audit import audit, module_name

ROOT = Path(__file__).parents[2]


def fingerprint(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"sha256={digest},{len(content)}"


@attrs.frozen
class Place:
    """An environment made by hand, laid out as installers lay them out."""

    root: Path

    @property
    def site(self):
        return self.root / "lib" / "python3.12" / "site-packages"

    def install(self, name, metadata="License-Expression: MIT\n", **files):
        """Put a package there: a module, a script outside the folder, bytecode, and what says so."""
        info = f"{name}-1.0.dist-info"
        contents = {
            f"{name}/__init__.py": f"name = {name!r}\n",
            f"{name}/core.py": "answer = 42\n",
            f"../../../bin/{name}": "#!/usr/bin/env python3\n",
            f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}\nWords.\n",
            **files,
        }
        record = ""
        for path, text in contents.items():
            self.write(path, text)
            record += f"{path},{fingerprint(text.encode())}\n"
        record += f"{name}/__pycache__/core.cpython-312.pyc,,\n{info}/RECORD,,\n"
        return self.write(f"{info}/RECORD", record)

    def write(self, path, text):
        place = self.site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place


@pytest.fixture
def place(tmp_path):
    (tmp_path / "env" / "bin").mkdir(parents=True)
    made = Place(tmp_path / "env")
    made.site.mkdir(parents=True)
    made.install("shop")
    made.install("till")
    return made


def report_of(place, tmp_path):
    audit(place.root, tmp_path / "out" / "report")
    return json.loads((tmp_path / "out" / "report.json").read_text())


def test_untouched_environment_has_nothing_to_report(place):
    summary = audit(place.root)

    assert (summary.packages, summary.files) == (2, 12)
    assert summary.changed == summary.missing == summary.unverifiable == summary.without_licence == []
    assert summary.unhashed == summary.unowned == 0


def test_folder_of_packages_is_an_environment_too(place):
    assert audit(place.site) == audit(place.root)


@pytest.mark.parametrize("content", ["answer = 43\n", "answer = 42\nimport os\n", ""])
def test_changed_file_is_found(place, content):
    """However long it is now."""
    place.write("shop/core.py", content)

    assert audit(place.root).changed == ["shop/core.py"]


def test_changed_script_outside_the_folder_is_found(place):
    place.write("../../../bin/till", "#!/bin/sh\n")

    assert audit(place.root).changed == ["../../../bin/till"]


def test_size_that_was_changed_in_the_record_is_found(place):
    record = place.site / "shop-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text().replace(",12\n", ",13\n"))

    assert audit(place.root).changed == ["shop/core.py"]


def test_missing_file_is_found(place):
    (place.site / "shop" / "core.py").unlink()

    assert audit(place.root).missing == ["shop/core.py"]


def test_missing_bytecode_is_nobodys_loss(place):
    """Python makes it anew; what is there was compiled here, so it isn't unowned either."""
    place.write("shop/__pycache__/__init__.cpython-313.pyc", "")

    assert audit(place.root).missing == []
    assert audit(place.root).unowned == 0


def test_unowned_files_are_found(place, tmp_path):
    place.write("lurking.pth", "import lurking\n")
    place.write("lurking/deep/inside.py", "")
    place.write("shop/__pycache__/nothing.cpython-312.pyc", "")
    (place.site / "elsewhere").symlink_to(tmp_path)

    unowned = report_of(place, tmp_path)["unowned"]

    assert [(one["path"], one["module"]) for one in unowned] == [
        ("elsewhere", ""),
        ("lurking.pth", ""),
        ("lurking/deep/inside.py", "lurking.deep.inside"),
        ("shop/__pycache__/nothing.cpython-312.pyc", ""),
    ]
    assert unowned[1]["detail"] == "runs whenever Python starts"


def test_file_without_a_hash_is_named(place, tmp_path):
    """Anything could be in it."""
    record = place.site / "shop-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text() + "shop/extra.py,,\n")
    place.write("shop/extra.py", "")

    [shop, _] = report_of(place, tmp_path)["packages"]

    assert [(one["what"], one["module"]) for one in shop["findings"]] == [("unhashed", "shop.extra")]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (None, "FileNotFoundError"),
        (b"", "RECORD is empty"),
        (b"shop/core.py,sha256=abc\n", "line 1 of RECORD"),
        (b"shop/core.py,sha256=abc,many\n", "line 1 of RECORD"),
        (b"shop/core.py,md5=abc,12\n", "proves nothing"),
        (b"\xff\xfe\x00", "UnicodeDecodeError"),
    ],
)
def test_broken_record_is_reported_and_ends_nothing(place, tmp_path, record, why):
    """The other packages are looked at all the same; nobody vouches for the files of this one."""
    path = place.site / "shop-1.0.dist-info" / "RECORD"
    path.unlink() if record is None else path.write_bytes(record)
    place.write("till/core.py", "")

    report = report_of(place, tmp_path)

    assert report["summary"]["unverifiable"] == ["shop"]
    assert report["summary"]["changed"] == ["till/core.py"]
    assert why in report["packages"][0]["problem"]
    assert "shop/core.py" in [one["path"] for one in report["unowned"]]


def test_file_that_cannot_be_read_is_tried_again(place):
    """Three times, since it may be busy; then its package counts as unverifiable."""
    (place.site / "shop" / "core.py").unlink()
    (place.site / "shop" / "core.py").mkdir()

    run = audit.start(place.root)

    assert run.result().unverifiable == ["shop"]
    assert {step.key: step.attempts for step in run.steps if step.key.startswith("verify[")} == {
        "verify[0]": 3,
        "verify[1]": 1,
    }


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: old words\n", "MIT OR Apache-2.0"),
        ("Classifier: License :: OSI Approved :: MIT License\nClassifier: Typing :: Typed\n", "MIT License"),
        ("License: BSD 3-Clause\n  and all its words\n", "BSD 3-Clause"),
        ("License: UNKNOWN\n", ""),
        ("", ""),
    ],
)
def test_licence_is_read_where_it_is_given(place, tmp_path, metadata, licence):
    place.install("odd", metadata)

    [odd, *_] = report_of(place, tmp_path)["packages"]

    assert odd["licence"] == licence
    assert audit(place.root).without_licence == ([] if licence else ["odd"])


def test_package_without_metadata_is_known_by_its_folder(place, tmp_path):
    (place.site / "shop-1.0.dist-info" / "METADATA").unlink()

    [shop, _] = report_of(place, tmp_path)["packages"]

    assert (shop["name"], shop["version"], shop["licence"]) == ("shop", "1.0", "")
    assert [one["what"] for one in shop["findings"]] == ["missing"]


def test_page_shows_what_was_found(place, tmp_path):
    place.write("shop/core.py", "changed")
    place.write("lurking.pth", "")

    audit(place.root, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()

    assert "<td>changed<td>shop<td>shop.core<td>7 bytes that aren&#x27;t the 12 it came with" in page
    assert "<td>lurking.pth<td>1<td>runs whenever Python starts" in page
    assert (tmp_path / "report.json").exists()


def test_page_needs_nothing_and_runs_nothing(place, tmp_path):
    """Whatever files and packages are called."""
    place.install("rude", "License: <img src=x onerror=alert(1)>\n")
    place.write("<script>alert(2)<.py", "")

    audit(place.root, tmp_path / "report")
    page = (tmp_path / "report.html").read_text()

    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert not any(word in page for word in ("<img", "<script", 'src="', "href=", "url(", "@import"))


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="file names are text here")
def test_name_that_is_no_text_is_shown_all_the_same(place, tmp_path):
    Path(os.fsdecode(bytes(place.site) + b"/\xff.py")).touch()

    [stray] = report_of(place, tmp_path)["unowned"]

    assert stray["path"] == r"\xff.py"


def test_folder_without_packages_is_refused(tmp_path):
    with pytest.raises(ValueError, match="neither an environment nor a folder with installed packages"):
        audit(tmp_path)


def test_module_is_named_as_it_is_imported():
    assert module_name("shop/__init__.py") == "shop"
    assert module_name("shop/fast.cpython-312-x86_64-linux-gnu.so") == "shop.fast"
    assert module_name("shop/data.json") == module_name("../../../bin/shop.py") == ""


def test_this_very_environment(tmp_path):
    """The real thing, as a script: real packages from real installers, and attrs, which it runs on, as it was."""
    script = ROOT / "examples" / "audit.py"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, env=env, check=True, capture_output=True, text=True)

    summary = json.loads(ran.stdout)
    report = json.loads((tmp_path / "audit-report.json").read_text())
    [ours] = [package for package in report["packages"] if package["name"] == "attrs"]

    assert report["summary"] == summary
    assert summary["packages"] == len(report["packages"]) > 1
    assert ours["files"] > 10
    assert ours["licence"] == "MIT"
    assert not ours["problem"]
    assert not [one for one in ours["findings"] if one["what"] == "changed"]
    assert (tmp_path / "audit-report.html").stat().st_size > 1000
