"""From `module:workflow` and `path/to/file.py:workflow` to the workflow."""

from __future__ import annotations

import pytest

WORKFLOW = """
    @step
    def double(n: int) -> int:
        return 2 * n

    @step
    def address() -> str:
        import pickle
        assert pickle.loads(pickle.dumps(address)) is address
        return address.spec.name

    @workflow
    def go() -> str:
        return address()
"""


@pytest.mark.parametrize("target", ["flows:go", "flows.py:go", "./flows.py:go"])
def test_a_module_in_the_working_directory(write, flowkit, target):
    write("flows.py", WORKFLOW)
    assert flowkit("run", target).out == '"flows:address"\n'


def test_the_working_directory_is_importable_for_the_installed_command_too(write, spawn):
    """There it isn't on the path by itself, as it is for `python -m`."""
    write("flows.py", WORKFLOW)
    out, err = spawn("run", "flows:go", "--no-store").communicate()
    assert (out, err) == ('"flows:address"\n', "")


def test_a_file_elsewhere_can_import_what_is_beside_it(write, flowkit, project, monkeypatch):
    write("there/helping.py", "one = 1")
    write("there/flows.py", "import helping\n" + WORKFLOW.replace("\n    ", "\n"))
    (project / "here").mkdir()
    monkeypatch.chdir(project / "here")
    assert flowkit("run", "../there/flows.py:go").out == '"flows:address"\n'


def test_a_file_in_a_package_is_the_module_it_is_for_everybody_else(write, flowkit):
    """Steps are found again by address, in other processes too, and relative imports work."""
    write("shop/__init__.py", "")
    write("shop/parts.py", "one = 1")
    write("shop/sub/__init__.py", "")
    write("shop/sub/flows.py", "from ..parts import one\n" + WORKFLOW.replace("\n    ", "\n"))
    assert flowkit("run", "shop/sub/flows.py:go").out == '"shop.sub.flows:address"\n'
    assert flowkit("run", "shop.sub.flows:go").out == '"shop.sub.flows:address"\n'


def test_a_file_whose_name_is_no_identifier(write, flowkit):
    write("my-flows.py", WORKFLOW)
    assert flowkit("run", "my-flows.py:go").out == '"my-flows:address"\n'


def test_a_file_whose_name_belongs_to_another_module_is_refused(write, flowkit):
    write("there/json.py", WORKFLOW)
    answer = flowkit("run", "there/json.py:go")
    assert answer.code == 2
    assert answer.err.startswith("error: `there/json.py` can't be imported: the name `json` belongs to ")
    assert answer.err.endswith("  help: rename the file\n")


def test_workflows_of_classes_and_objects(write, flowkit):
    write(
        "shop.py",
        """
        @step
        def double(n: int) -> int:
            return 2 * n

        class Shop:
            def __init__(self, base):
                self.base = base

            @workflow
            def method(self, n: int) -> int:
                return double(self.base + n)

            @workflow
            @classmethod
            def of_class(cls, n: int) -> int:
                return double(n)

            @workflow
            @staticmethod
            def static(n: int) -> int:
                return double(n)

        mine = Shop(10)
        """,
    )
    assert flowkit("run", "shop:mine.method", "--n", "1", "--no-store").out == "22\n"
    assert flowkit("run", "shop:Shop.of_class", "--n", "1", "--no-store").out == "2\n"
    assert flowkit("run", "shop:Shop.static", "--n", "1").out == "2\n"
    answer = flowkit("run", "shop:Shop.method", "--n", "1")
    assert answer.code == 2
    assert answer.err.splitlines() == [
        "error: `Shop.method` is a method and needs an object",
        "  help: make one in the module, and name it: `shop:it.method`",
    ]
    assert flowkit("check", "shop").out == "3 workflows checked, nothing found\n"
    assert flowkit("graph", "shop:Shop.of_class").out.splitlines()[0].startswith("Shop.of_class(cls, n)")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("flws:go", ["error: there is no module `flws`", "help: did you mean `flows`?"]),
        ("nothing_like_it:go", ["there is no module `nothing_like_it`", "help: the working directory is importable"]),
        ("shop.flws:go", ["error: there is no module `shop.flws`", "help: did you mean `shop.flows`?"]),
        ("flows:stpo", ["error: `flows` has no workflow `stpo`", "help: did you mean `stop`?"]),
        ("flows:entirely", ["error: `flows` has no workflow `entirely`", "help: `flows` has `go`, `stop`"]),
        ("flows:double", ["error: `double` in `flows` is a step, not a workflow", "help: `flows` has `go`, `stop`"]),
        ("flows:plain", ["error: `plain` in `flows` is a function, not a workflow"]),
        ("flows:number", ["error: `number` in `flows` is a int, not a workflow"]),
        ("flows:go.further", ["error: `flows` has no workflow `go.further`"]),
        ("flows", ["error: `flows` doesn't say which workflow", "help: write `flows:go`; `flows` has `go`, `stop`"]),
        ("flows.py", ["error: `flows.py` doesn't say which workflow", "help: write `flows.py:go`"]),
        (
            "empty:go",
            ["error: `empty` has no workflow `go`", "help: `empty` has no workflows; a workflow is a function"],
        ),
        ("flow.py:go", ["error: the file `flow.py` doesn't exist", "help: did you mean `flows.py`?"]),
        ("shop/flows:go", ["error: the file `shop/flows` doesn't exist", "help: did you mean `flows.py`?"]),
        ("nowhere/flows.py:go", ["error: the file `nowhere/flows.py` doesn't exist"]),
        ("shop/:go", ["error: the file `shop/` is a folder"]),
        (":go", ["error: the module is missing", "help: write `module:workflow` or `path/to/file.py:workflow`"]),
        ("..flows:go", ["error: `..flows` isn't the name of a module"]),
    ],
)
def test_targets_that_are_not_there_are_told_with_what_is_near(write, flowkit, target, told):
    write(
        "flows.py",
        WORKFLOW
        + "\n    @workflow\n    def stop() -> str:\n        return address()\n\n    def plain(): ...\n    number = 3\n",
    )
    write("empty.py", "")
    write("shop/__init__.py", "")
    write("shop/flows.py", WORKFLOW)
    for command in ("run", "graph"):
        answer = flowkit(command, target)
        assert (answer.code, answer.out) == (2, "")
        for text in told:
            assert text in answer.err
        assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import nothere", "ModuleNotFoundError: No module named 'nothere'"),
        ("from flowkit import nothere", "ImportError: cannot import name 'nothere' from 'flowkit'"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("@step(retrys=3)\ndef f() -> None: ...", "flowkit.PolicyError: "),
        ("@workflow\nasync def f() -> None: yield", "flowkit.MisuseError: "),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_own_lines_only(write, flowkit, text, told):
    path = write("flows.py", text)
    for command in ("run", "graph", "check"):
        answer = flowkit(command, "flows:go")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("error: `flows` can't be imported\n")
        assert told in answer.err
        assert answer.err.count('File "') == answer.err.count(f'File "{path}"') > 0
