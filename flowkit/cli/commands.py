"""The commands: what each takes, and who does it."""

from __future__ import annotations

import contextlib
import io
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import App, CycloptsError, Parameter

import flowkit
from flowkit.cli import kept
from flowkit.cli.failures import told
from flowkit.cli.keeping import where
from flowkit.cli.options import (
    EPILOGUE,
    Approve,
    Format,
    JsonInput,
    NoStore,
    Own,
    Reject,
    RunId,
    Send,
    Store,
    Who,
    arguments_of,
)
from flowkit.cli.targets import find_workflow
from flowkit.cli.terminal import Refused, errors, give_up, note, problem, refuse
from flowkit.errors import PolicyError, RunNotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.cli.targets import Named

__all__ = ["execute"]

Target = Annotated[str, Parameter(help="`module:workflow` or `path/to/file.py:workflow`.")]
Rest = Annotated[str, Parameter(help="The workflow's own options; with --help it shows them.")]

INTERRUPTED: Final = 130
_NAME: Final = "flowkit-workflows"


def version() -> str:
    """What is installed; of a checkout that isn't, what it is on the way to."""
    try:
        return version_of(_NAME)
    except PackageNotFoundError:
        return _checked_out(Path(flowkit.__file__).parents[1])


def _checked_out(folder: Path) -> str:
    import tomllib

    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError):
        project = None
    if isinstance(project, dict) and project.get("name") == _NAME and "version" in project:
        # A local version, as packaging has them: not what was released under this number.
        return f"{project['version']}+checkout"
    return "unknown"


app = App(
    name="flowkit",
    help="Run workflows, check them, draw them.",
    version=lambda: f"flowkit {version()}",
    help_epilogue=EPILOGUE,
)


@app.command
def run(
    target: Target,
    /,
    *args: Rest,
    json: JsonInput = None,
    approve: Approve = None,
    reject: Reject = None,
    send: Send = None,
    who: Who = None,
    run_id: RunId = None,
    store: Store = None,
    no_store: NoStore = False,
) -> int:
    """Run a workflow and print its result as JSON.

    What it prints by itself goes to stderr. In a terminal its steps are shown while they run, and its gates are asked.
    The run is kept: one whose process was killed goes on by the same command with its id, or by `flowkit resume`.
    """
    from flowkit.cli.answers import answers_for
    from flowkit.cli.running import see_through

    out = sys.stdout
    # The result is all that stdout says, so that other programs can read it.
    with contextlib.redirect_stdout(sys.stderr):
        workflow = find_workflow(target)
        own = {
            "json": Own(JsonInput, json),
            "approve": Own(Approve, approve),
            "reject": Own(Reject, reject),
            "send": Own(Send, send),
            "who": Own(Who, who),
            "run_id": Own(RunId, run_id),
            "store": Own(Store, store),
            "no_store": Own(NoStore, no_store),
        }
        with contextlib.redirect_stdout(out):  # help is what was asked for
            bound = arguments_of(workflow, f"flowkit run {target}", args, own, complete=True)
        if bound is None:
            return 0
        given = {name: own[name].value for name in ("approve", "reject", "send", "who")}
        answers = answers_for(workflow, **given, are_once=own["run_id"].value is not None)
        meant = where(own["store"].value, no_store=own["no_store"].value)
        named = _called(workflow, own["run_id"].value)
        return see_through(workflow, lambda: named.start(*bound.args, **bound.kwargs), answers, meant, out)


def _called(workflow: Named, run_id: str | None) -> Named:
    if run_id is None:
        return workflow
    try:
        return workflow.with_options(run_id=run_id)
    except PolicyError as error:
        refuse(str(error))


kept.add_to(app)


@app.command
def check(
    *targets: Annotated[str, Parameter(help="Modules or files, or single workflows in them.", required=True)],
    format: Annotated[Literal["text", "json", "sarif", "github"], Parameter(help="How to print findings.")] = "text",
    strict: Annotated[bool, Parameter(help="Ask for annotations, too (FK204).", negative=())] = False,
    durable: Annotated[bool, Parameter(help="Ask for types that a store can keep, too (FK205).", negative=())] = False,
) -> int:
    """Find mistakes in workflows, and run nothing.

    Bodies are recorded with unknown arguments, and their source is read for what only that shows.
    """
    from flowkit.cli.checking import check_targets

    return check_targets(targets, format=format, strict=strict, durable=durable, version=version())


@app.command
def graph(target: Target, /, *args: Rest, json: JsonInput = None, format: Format = "text") -> int:
    """Draw a workflow, and run nothing.

    Arguments that are left out are unknown; a body that looks at one of them is drawn up to there.
    """
    from flowkit.cli.looking import recorded

    with contextlib.redirect_stdout(sys.stderr):
        workflow = find_workflow(target)
    own = {"json": Own(JsonInput, json), "format": Own(Format, format)}
    bound = arguments_of(workflow, f"flowkit graph {target}", args, own, complete=False)
    if bound is None:
        return 0
    drawn = recorded(workflow, bound.args, bound.kwargs)
    if drawn is None:
        return 1
    draw = {"text": drawn.to_text, "mermaid": drawn.to_mermaid, "dot": drawn.to_dot}[own["format"].value]
    with contextlib.redirect_stdout(sys.stderr):  # what is called with results is looked at only now
        picture = draw()
    sys.stdout.write(f"{picture}\n")
    if drawn.stopped is not None and draw != drawn.to_text:  # the text says so by itself
        note(f"recorded in part: {drawn.stopped.title}")
    return 0


@app.command
def explain(
    what: Annotated[str, Parameter(help="`FK101`, or its name: `unused-result`; or a run, with a step of it.")],
    step: Annotated[str | None, Parameter(help="The key of a step, as `flowkit show` has it.")] = None,
    /,
    *,
    store: Store = None,
) -> int:
    """Show the page of a diagnostic; or say why a step of a run did what it did, and what it waits for."""
    if step is not None:
        from flowkit.cli.accounting import explain_step

        return explain_step(what, step, store)
    from flowkit.diagnostics import explain as page_of

    try:
        page = page_of(what)
    except LookupError as unknown:
        refuse(str(unknown), f"of a run, name a step: `flowkit explain {what} STEP`")
    if not sys.stdout.isatty():
        sys.stdout.write(page)
        return 0
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(page))
    return 0


def execute(arguments: Sequence[str]) -> int:
    """Do what the arguments say, and return the exit code. Nothing comes out of here as a traceback of ours."""
    try:
        return _executed(arguments)
    except Refused as refused:
        problem(refused.message, *refused.helps)
        if refused.error is not None:
            errors().print(told(refused.error))
        return 2
    except (StoreError, RunNotFound) as error:
        problem(str(error))
        return 2
    except CycloptsError as error:
        problem(str(error), "`flowkit --help` shows the commands; `flowkit COMMAND --help` shows what one takes")
        return 2
    except KeyboardInterrupt:
        problem("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        give_up(sys.stdout)  # whoever reads has enough
        return 1


def _executed(arguments: Sequence[str]) -> int:
    app.suppress_keyboard_interrupt = False
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names may have characters that the terminal's encoding hasn't; stderr takes them as it is.
        sys.stdout.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        # Many threads print there: lines go out whole, also where Python was told to buffer nothing.
        sys.stderr.reconfigure(line_buffering=True, write_through=False)
    answer = app(_guarded(list(arguments)), print_error=False, exit_on_error=False, result_action="return_value")
    if sys.stdout is not None:  # it is where the shell closed it
        sys.stdout.flush()
    return answer if isinstance(answer, int) else 0


_TAKE_A_VALUE: Final = frozenset(
    {"--json", "--format", "--approve", "--reject", "--send", "--who", "--run-id", "--store"}
)


def _guarded(arguments: list[str]) -> list[str]:
    """Keep what stands behind a workflow's name for the workflow, `--help` included."""
    if arguments[:1] not in (["run"], ["graph"]):
        return arguments
    takes_value = False
    for place, argument in enumerate(arguments[1:], 1):
        if takes_value:
            takes_value = False
        elif argument in _TAKE_A_VALUE:
            takes_value = True
        elif not argument.startswith("-"):
            return [*arguments[: place + 1], "--", *arguments[place + 1 :]]
    return arguments
