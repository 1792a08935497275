"""Dependencies that signatures declare: `From`, and the workflows that `workflow.of` makes of them."""

from __future__ import annotations

import asyncio
import functools
import inspect
import pickle
import sys

import pytest

from flowkit import (
    CheckFailed,
    Fallback,
    Fatal,
    From,
    MisuseError,
    PolicyError,
    Resource,
    Retry,
    RunConflict,
    StepOptions,
    Workflow,
    step,
    workflow,
)


@step
def fetch(url: str) -> bytes:
    """Get what is there."""
    return url.encode()


@step
def parse(body: bytes = From(fetch)) -> list[str]:
    return body.decode().split(",")


@step
def measure(body: bytes = From(fetch)) -> int:
    return len(body)


@step
def summarize(title: str, rows: list[str] = From(parse), size: int = From(measure), *, limit: int = 2) -> str:
    """Say what is in it."""
    return f"{title}: {rows[:limit]}, {size} bytes"


pipeline = workflow.of(summarize)


# -- making a workflow ------------------------------------------------------------------------------------------------


@pytest.mark.covers("M1", "M7")
def test_a_workflow_is_made_of_what_signatures_declare():
    assert isinstance(pipeline, Workflow)
    assert pipeline(url="a,b,c", title="letters") == "letters: ['a', 'b'], 5 bytes"


def test_a_step_that_several_need_is_called_once():
    graph = pipeline.graph("a,b", "letters")
    assert list(graph.keys) == ["fetch", "parse", "measure", "summarize"]
    assert [tuple(node.data) for node in graph.nodes] == [(), (0,), (0,), (1, 2)]


def test_what_is_left_open_becomes_the_inputs():
    """Parameters with a default of their own keep it; the inputs come in the order of the steps."""
    assert str(inspect.signature(pipeline)) == "(url: str, title: str) -> str"
    assert pipeline("a", "letters") == pipeline(title="letters", url="a")


@pytest.mark.covers("M4")
@pytest.mark.parametrize("given", [{}, {"url": "a"}, {"url": "a", "title": "b", "limit": 3}])
def test_arguments_that_are_missing_or_not_known_are_refused_before_anything_runs(given):
    with pytest.raises(TypeError, match=r"title|url|limit"):
        pipeline(**given)


def test_it_starts_in_the_background_and_has_options():
    run = pipeline.with_options(run_id="declared-1").start("a,b", "letters")
    assert run.result() == "letters: ['a', 'b'], 3 bytes"
    assert [one.key for one in run.steps] == ["fetch", "parse", "measure", "summarize"]
    with pytest.raises(RunConflict):
        pipeline.with_options(run_id="declared-1").start("b", "letters")


def test_options_are_those_of_workflows():
    seen = []

    @step
    def flaky() -> int:
        seen.append(1)
        raise ConnectionError

    again = workflow.of(flaky, name="again", defaults=StepOptions(retries=Retry(max_attempts=3, backoff=[0, 0])))
    with pytest.raises(ConnectionError):
        again()
    assert len(seen) == 3
    assert again.spec.name == "again"
    with pytest.raises(PolicyError, match=r"workflow\.of"):
        workflow.of(flaky, retries=3)


def test_it_is_called_after_the_step_it_is_for_and_has_its_docstring():
    assert pipeline.spec.name == f"{__name__}:workflow.of(summarize)"
    assert inspect.getdoc(pipeline.spec.target) == "Say what is in it."


def test_steps_that_declare_pickle_as_others_do():
    assert pickle.loads(pickle.dumps(parse)) is parse
    variant = pickle.loads(pickle.dumps(parse.with_options(timeout=5)))
    assert variant.spec.policy.timeout == 5
    with pytest.raises(MisuseError):
        variant()


def test_it_pickles_by_the_name_it_is_bound_to():
    assert pickle.loads(pickle.dumps(pipeline)) is sys.modules[__name__].pipeline


def test_one_that_no_name_leads_to_cannot_be_pickled():
    with pytest.raises(pickle.PicklingError, match=r"workflow\.of\(parse\)"):
        pickle.dumps(workflow.of(parse))


def test_it_can_be_called_in_the_body_of_another():
    @workflow
    def both(one: str, other: str) -> list[str]:
        return [pipeline(one, "one"), pipeline(url=other, title="other")]

    assert both("a", "b,c") == ["one: ['a'], 1 bytes", "other: ['b', 'c'], 3 bytes"]


def test_its_inputs_may_be_results_where_it_is_called_in_a_body():
    @workflow
    def indirectly(url: str) -> str:
        return pipeline(measure(fetch(url)), "length")

    with pytest.raises(CheckFailed) as failed:
        indirectly("abc")
    assert [one.code for one in failed.value.diagnostics] == ["FK201"]

    @step
    def reversed_(url: str) -> str:
        return url[::-1]

    @workflow
    def backwards(url: str) -> str:
        return pipeline(reversed_(url), "backwards")

    assert backwards("a,b") == "backwards: ['b', 'a'], 3 bytes"


def test_a_workflow_may_be_declared_as_well():
    @workflow
    def both(url: str) -> list[str]:
        return [parse(fetch(url)), parse(fetch(url))][0]

    @step
    def count(rows: list[str] = From(both)) -> int:
        return len(rows)

    assert workflow.of(count, allow=("FK101",))(url="a,b,c") == 3


async def test_async_steps_are_declared_as_others_are():
    @step
    async def read(url: str) -> bytes:
        await asyncio.sleep(0)
        return url.encode()

    @step
    async def split(body: bytes = From(read)) -> list[str]:
        return body.decode().split(",")

    assert await workflow.of(split).start("a,b") == ["a", "b"]


def test_steps_that_are_effects_keep_the_order_in_which_they_are_declared():
    seen = []

    @step
    def first() -> None:
        seen.append("first")

    @step
    def second() -> None:
        seen.append("second")

    @step
    def last(a: None = From(first), b: None = From(second)) -> None:
        seen.append("last")

    assert workflow.of(last)() is None
    assert seen == ["first", "second", "last"]


def test_steps_that_others_depend_on_without_data_come_along():
    seen = []

    @step
    def migrate(url: str) -> None:
        seen.append(f"migrate {url}")

    @step
    def warm_up() -> int:
        seen.append("warm up")
        return 1

    @step(depends_on=[migrate, warm_up])
    def load(url: str) -> int:
        seen.append(f"load {url}")
        return 1

    assert workflow.of(load)("db") == 1
    assert sorted(seen[:2]) == ["migrate db", "warm up"]
    assert seen[2:] == ["load db"]


def test_a_failure_says_where_the_dependency_is_declared():
    @step
    def fail(rows: list[str] = From(parse)) -> int:
        raise Fatal("no")

    @step
    def after(number: int = From(fail)) -> int:
        return number

    line = inspect.currentframe().f_lineno - 3
    with pytest.raises(Fatal) as failed:
        workflow.of(after)("a")
    assert f"test_declaring.py:{line}" in failed.value.__notes__[0]


# -- methods ----------------------------------------------------------------------------------------------------------


class Etl:
    def __init__(self, source: str) -> None:
        self.source = source

    @step
    def extract(self, table: str) -> str:
        return f"{self.source}.{table}"

    @step
    @staticmethod
    def clean(text: str = From(extract)) -> str:
        return text.lower()

    @step
    def load(self, text: str = From(clean), raw: str = From(extract)) -> str:
        return f"{self.source}: {text} {raw}"


class Loud(Etl):
    @step
    def extract(self, table: str) -> str:
        return super().extract.__wrapped__(table).upper()


def test_methods_of_one_class_are_those_of_the_same_object():
    assert workflow.of(Etl("DB").load)("T") == "DB: db.t DB.T"


def test_a_subclass_may_have_another_step_of_that_name():
    assert workflow.of(Loud("db").load)(table="t") == "db: db.t DB.T"


def test_a_subclass_cannot_have_a_plain_function_in_the_place_of_a_step():
    class Broken(Etl):
        def extract(self, table):
            return table

    with pytest.raises(PolicyError, match=r"`Broken.extract` is no step"):
        workflow.of(Broken("db").load)


def test_a_method_of_no_object_takes_one_as_an_input():
    made = workflow.of(Etl.load)
    assert list(inspect.signature(made).parameters) == ["self", "table"]
    assert made(Etl("db"), "t") == "db: db.t db.t"


def test_a_method_of_a_certain_object_may_be_declared():
    source = Etl("db")

    @step
    def show(text: str = From(source.extract)) -> str:
        return text

    assert workflow.of(show)("t") == "db.t"


# -- what is refused --------------------------------------------------------------------------------------------------


def test_what_doesnt_fit_is_found_and_shown_where_it_is_declared():
    @step
    def double(number: int = From(fetch)) -> int:
        return number * 2

    with pytest.raises(CheckFailed) as failed:
        workflow.of(double)("a")
    [finding] = failed.value.diagnostics
    assert finding.code == "FK201"
    assert finding.span.covered == "number: int"


@pytest.mark.parametrize("given", [len, "fetch", None, step, functools.partial(fetch, "a")])
def test_from_takes_a_step(given):
    with pytest.raises(PolicyError, match="From takes a step"):
        From(given)


@pytest.mark.parametrize("given", [len, "fetch", None, pipeline])
def test_a_workflow_is_made_of_a_step(given):
    with pytest.raises(PolicyError, match=r"workflow\.of takes a step"):
        workflow.of(given)


def test_one_input_is_of_one_type():
    @step
    def crawl(url: list[str]) -> bytes:
        return b""

    @step
    def both(a: bytes = From(fetch), b: bytes = From(crawl)) -> int:
        return 1

    with pytest.raises(PolicyError, match=r"`url` .* `str` for `fetch` and `list\[str\]` for `crawl`"):
        workflow.of(both)


def test_an_input_that_only_some_annotate_is_what_they_say():
    @step
    def crawl(url) -> bytes:
        return b""

    @step
    def both(a: bytes = From(crawl), b: bytes = From(fetch)) -> int:
        return 1

    assert inspect.signature(workflow.of(both)).parameters["url"].annotation is str


def test_steps_that_need_one_another_in_a_circle_are_refused():
    class Circle(Etl):
        @step
        def extract(self, text: str = From(Etl.clean)) -> str:
            return text

    with pytest.raises(PolicyError, match=r"`Through.clean` needs `Circle.extract` needs `Through.clean`"):

        class Through(Circle):
            @step
            def clean(self, text: str = From(Etl.extract)) -> str:
                return text

        workflow.of(Through("db").load)


def test_one_step_has_one_set_of_options():
    @step
    def both(a: bytes = From(fetch), b: bytes = From(fetch.with_options(timeout=5))) -> int:
        return 1

    with pytest.raises(PolicyError, match="`fetch` is declared with other options"):
        workflow.of(both)


def test_a_step_whose_options_are_the_same_everywhere_has_them():
    patient = fetch.with_options(timeout=5)

    @step
    def both(a: bytes = From(patient), b: bytes = From(patient)) -> int:
        return len(a + b)

    assert workflow.of(both)("a") == 2
    assert [node.spec.policy.timeout for node in workflow.of(both).graph("a").nodes] == [5.0, None]


def test_a_body_has_to_pass_what_is_declared():
    """`From` is read by `workflow.of` alone (FK202)."""

    @workflow
    def report() -> list[str]:
        return parse()

    with pytest.raises(CheckFailed) as failed:
        report()
    [finding] = failed.value.diagnostics
    assert finding.code == "FK202"
    assert finding.helps[0].startswith("pass it: `parse(body=fetch(...))`")


async def test_a_live_body_has_to_pass_it_too():
    @workflow
    async def report() -> list[str]:
        return await parse.submit()

    with pytest.raises(CheckFailed, match="FK202"):
        await report()


def test_whoever_calls_the_function_has_to_pass_it():
    assert parse(b"a,b") == parse(body=b"a,b") == ["a", "b"]
    with pytest.raises(MisuseError, match=r"`parse` needs `body`: pass it, as in `body=fetch\(\.\.\.\)`"):
        parse()


def test_a_silenced_check_lets_no_stand_in_through():
    @workflow(allow=("FK202",))
    def report() -> list[str]:
        return parse()

    with pytest.raises(MisuseError, match="`parse` needs `body`"):
        report()


def test_maps_have_to_pass_it():
    @step
    def cut(body: bytes, rows: list[str] = From(parse)) -> int:
        return 1

    @workflow
    def report() -> list[int]:
        return cut.map([b"a", b"b"])

    with pytest.raises(CheckFailed, match="`cut` needs `rows`"):
        report()


@pytest.mark.parametrize("default", [From(fetch), Resource(dict)], ids=["From", "Resource"])
def test_workflows_declare_nothing(default):
    with pytest.raises(PolicyError, match="this is a workflow"):

        @workflow
        def report(rows=default):
            return parse(rows)


@pytest.mark.parametrize("option", ["run_if", "on_failure"])
def test_functions_that_get_a_steps_arguments_declare_nothing(option):
    def function(*args, db=Resource(dict)):
        return True

    with pytest.raises(PolicyError, match=rf"`db` of `function` .* {option} reads no such defaults"):
        step(**{option: function if option == "run_if" else Fallback(call=function)})


def test_what_is_declared_can_be_given_by_name():
    with pytest.raises(PolicyError, match="leave out the `/`"):

        @step
        def both(a: bytes = From(fetch), /) -> int:
            return 1


def test_a_signature_shows_what_is_declared():
    assert str(inspect.signature(parse)) == "(body: 'bytes' = From(fetch)) -> 'list[str]'"
