"""Options of steps and workflows: read where they are written, laid in layers, settled once."""

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.errors import PolicyError
from flowkit.policies import (
    UNSET,
    Fallback,
    Policy,
    Retry,
    StepOptions,
    WorkflowOptions,
    WorkflowPolicy,
    exponential,
)


class Awkward:
    """What a Ref is like: it can be passed on, and refuses everything else."""

    @property
    def __class__(self):
        raise AssertionError("asked for its class")

    def __eq__(self, other):
        raise AssertionError("compared")

    def __hash__(self):
        raise AssertionError("hashed")

    def __iter__(self):
        raise AssertionError("iterated")

    def __bool__(self):
        raise AssertionError("asked for its truth")

    def __len__(self):
        raise AssertionError("asked for its length")


class Named:
    """What a step is like: callable, and iterable by accident."""

    def __iter__(self):
        raise AssertionError("iterated")

    def __call__(self):
        pass


def said_nothing(options):
    return options.given() == {}


# -- what is written


def test_nothing_said_is_nothing_set():
    assert said_nothing(StepOptions())
    assert said_nothing(WorkflowOptions())
    assert repr(StepOptions()) == "StepOptions()"


def test_durations_become_seconds():
    options = StepOptions(timeout="1m 30s", total_timeout=timedelta(hours=1), heartbeat_timeout=5, delay="250ms")
    assert options.given() == {"timeout": 90.0, "total_timeout": 3600.0, "heartbeat_timeout": 5.0, "delay": 0.25}
    assert repr(StepOptions(timeout="1m 30s", retries=0)) == "StepOptions(retries=None, timeout=90.0)"


def test_retries_become_a_policy():
    retry = Retry(7, backoff=exponential(1))
    assert StepOptions(retries=3).retries == Retry(4)
    assert StepOptions(retries=retry).retries is retry
    assert StepOptions(retries=0).retries is None
    assert StepOptions(retries=None).retries is None


@pytest.mark.covers("M8")
def test_none_is_an_answer():
    """A call can take back what the decorator said."""
    declared = StepOptions(
        timeout=5, retries=3, run_if=bool, not_before=datetime.now(UTC), max_concurrency=2, name="fetch"
    )
    taken_back = StepOptions(timeout=None, retries=None, run_if=None, not_before=None, max_concurrency=None, name=None)

    policy = taken_back.over(declared).resolved()
    assert policy == Policy()
    assert policy.plain


@pytest.mark.parametrize("option", ["depends_on", "depends_on_any"])
def test_dependencies_are_one_or_many(option):
    step, ref = Named(), Awkward()

    def read(value):
        return getattr(StepOptions(**{option: value}), option)

    assert read("load") == ("load",)
    assert read(["load", "save"]) == ("load", "save")
    assert read({"save", "load"}) == ("load", "save")
    assert read({"load": 1}.keys()) == ("load",)
    assert read({1: "load"}.values()) == ("load",)
    assert read(name for name in ["a", "b"]) == ("a", "b")
    assert read(()) == ()
    assert read(step) == (step,)
    assert read([step, "load"]) == (step, "load")
    [same] = read(ref)
    assert same is ref
    [same] = read([ref])
    assert same is ref


def test_dependencies_are_compared_by_what_they_are():
    ref = Awkward()
    options = StepOptions(depends_on=ref)
    assert options == StepOptions(depends_on=[ref])
    assert options != StepOptions(depends_on=Awkward())
    assert hash(options) == hash(StepOptions(depends_on=ref))
    assert StepOptions(depends_on="load") == StepOptions(depends_on=["load"])


BAD_STEP_OPTIONS = [
    ({"retries": -1}, "retries=-1 is negative"),
    ({"retries": True}, "retries=True isn't a number"),
    ({"retries": 1.5}, "retries=1.5"),
    ({"retries": "3"}, "retries='3'"),
    ({"retries": [1, 2]}, r"retries=\[1, 2\] is a list; for delays write retries=Retry\(backoff=\[1, 2\]\)"),
    ({"timeout": 0}, "timeout=0 can't ever hold; write a time above 0, or None"),
    ({"total_timeout": "0s"}, "total_timeout='0s' can't ever hold"),
    ({"heartbeat_timeout": 0.0}, "heartbeat_timeout=0.0 can't ever hold"),
    ({"timeout": -1}, "timeout=-1 is negative"),
    ({"timeout": "5 parsecs"}, "timeout='5 parsecs' has an unknown unit"),
    ({"timeout": True}, "timeout=True isn't a duration"),
    ({"delay": None}, "delay=None isn't a duration"),
    ({"delay": -1}, "delay=-1 is negative"),
    ({"depends_on": None}, "depends_on=None names nothing; write a step"),
    ({"depends_on": ""}, "depends_on='' names nothing"),
    ({"depends_on": ["a", 5]}, "depends_on=5"),
    ({"depends_on_any": {"a": 1}}, "depends_on_any={'a': 1}"),
    ({"on_failure": "ski"}, "on_failure='ski' is neither .*; did you mean `skip`?"),
    ({"on_failure": print}, r"on_failure=.* is a function; write on_failure=Fallback\(call=...\)"),
    ({"on_failure": None}, r"on_failure=None is neither .*; for a value write Fallback\(value\)"),
    ({"run_if": True}, "run_if=True can't be asked"),
    ({"not_before": "tomorrow"}, "not_before='tomorrow' isn't a datetime; for a length of time write delay="),
    ({"not_before": date(2026, 11, 20)}, "not_before=.* isn't a datetime"),
    ({"not_before": datetime(2026, 11, 20)}, "not_before=.* has no timezone; write .*tzinfo=UTC"),  # noqa: DTZ001
    ({"executor": ""}, "executor='' isn't a name"),
    ({"executor": None}, "executor=None isn't a name"),
    ({"name": " "}, "name=' ' isn't a name"),
    ({"name": "a b"}, "name='a b' isn't one word; write it without spaces and control characters"),
    ({"name": "a\n"}, r"name='a\\n' isn't one word"),
    ({"name": "a\x00"}, r"name='a\\x00' isn't one word"),
    ({"name": "a\u202eb"}, r"name='a\\u202eb' isn't one word"),
    ({"name": 5}, "name=5"),
    ({"effect": 1}, "effect=1 is neither True nor False"),
    ({"idempotent": "yes"}, "idempotent='yes'"),
    ({"interrupt": None}, "interrupt=None"),
    ({"must_use": 0}, "must_use=0"),
    ({"max_concurrency": 0}, "max_concurrency=0 lets nothing run; write 1 or more, or None"),
    ({"max_concurrency": True}, "max_concurrency=True"),
    ({"max_concurrency": 2.0}, "max_concurrency=2.0"),
]


@pytest.mark.parametrize(("options", "message"), BAD_STEP_OPTIONS)
def test_a_bad_step_option_is_named_with_its_value_and_the_way_out(options, message):
    with pytest.raises(PolicyError, match=message):
        StepOptions.of(**options)


def test_a_condition_that_would_always_be_true_is_refused():
    async def ready():
        return False

    with pytest.raises(PolicyError, match=r"run_if=.* is async"):
        StepOptions(run_if=ready)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StepOptions.of(retires=3), "unknown option `retires` for @step; did you mean `retries`?"),
        (lambda: StepOptions.of("fetch.with_options", timout=3), "for fetch.with_options; did you mean `timeout`?"),
        (lambda: StepOptions.of(zzz=3), "unknown option `zzz` for @step; write one of `retries`, `timeout`"),
        (lambda: WorkflowOptions.of(fail_fats=True), "`fail_fats` for @workflow; did you mean `fail_fast`?"),
        (lambda: WorkflowOptions.of("report.with_options", runid="a"), "report.with_options; did you mean `run_id`?"),
    ],
)
def test_an_unknown_option_gets_the_near_one(make, message):
    with pytest.raises(PolicyError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize("later", ["rate", "priority", "cache", "dry", "version"])
def test_options_that_do_not_exist_are_unknown(later):
    with pytest.raises(PolicyError, match=f"unknown option `{later}`"):
        StepOptions.of(**{later: None})


# -- Fallback


def test_a_fallback_is_a_value_or_a_function():
    assert Fallback(None).value is None
    assert Fallback(call=len).call is len
    assert Fallback(call=len).value is UNSET


@pytest.mark.parametrize("written", [{}, {"value": 3, "call": len}, {"call": None}], ids=["neither", "both", "none"])
def test_a_fallback_is_exactly_one_of_them(written):
    with pytest.raises(PolicyError, match=r"either Fallback\(value\) or Fallback\(call=function\)"):
        Fallback(**written)


def test_a_fallback_is_called_only_if_it_can_be():
    with pytest.raises(PolicyError, match=r"call=3 can't be called; for a value write Fallback\(value\)"):
        Fallback(call=3)


# -- layers

step_options = st.fixed_dictionaries(
    {},
    optional={
        "retries": st.one_of(st.none(), st.integers(0, 5)),
        "timeout": st.one_of(st.none(), st.floats(0.1, 100)),
        "delay": st.floats(0, 100),
        "on_failure": st.sampled_from(["fail", "skip", Fallback(1)]),
        "executor": st.sampled_from(["thread", "inline"]),
        "depends_on": st.lists(st.sampled_from(["a", "b", "c"])),
        "idempotent": st.booleans(),
        "max_concurrency": st.one_of(st.none(), st.integers(1, 5)),
    },
).map(lambda said: StepOptions(**said))


@pytest.mark.covers("M8")
@given(step_options, step_options)
def test_what_the_upper_layer_says_wins(upper, lower):
    assert upper.over(lower).given() == lower.given() | upper.given()


@given(step_options, step_options, step_options)
def test_layers_can_be_laid_in_any_grouping(a, b, c):
    assert a.over(b).over(c) == a.over(b.over(c))


@given(step_options)
def test_saying_nothing_changes_nothing(options):
    assert StepOptions().over(options) == options == options.over(StepOptions())


@given(step_options)
def test_options_survive_being_copied(options):
    assert pickle.loads(pickle.dumps(options)) == options
    assert copy.deepcopy(options) == options


def test_not_set_is_one_thing():
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert copy.deepcopy(UNSET) is UNSET
    assert repr(UNSET) == "UNSET"


# -- settled


def test_what_nobody_said_has_a_default():
    assert StepOptions().resolved() == Policy(
        retry=None,
        timeout=None,
        total_timeout=None,
        heartbeat_timeout=None,
        on_failure="fail",
        run_if=None,
        delay=0.0,
        not_before=None,
        executor="thread",
        idempotent=False,
        interrupt=False,
        max_concurrency=None,
    )


def test_moments_are_settled_as_posix_time():
    """So two spellings of one moment are one."""
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    elsewhere = noon.astimezone(timezone(timedelta(hours=5)))
    assert StepOptions(not_before=noon).resolved().not_before == noon.timestamp()
    assert StepOptions(not_before=noon).resolved() == StepOptions(not_before=elsewhere).resolved()


@pytest.mark.parametrize(
    "options",
    [
        {"retries": 1},
        {"timeout": 1},
        {"total_timeout": 1},
        {"heartbeat_timeout": 1},
        {"on_failure": "skip"},
        {"on_failure": Fallback(0)},
        {"run_if": bool},
        {"delay": 1},
        {"not_before": datetime(2026, 11, 20, tzinfo=UTC)},
    ],
)
def test_a_policy_with_something_to_decide_is_not_plain(options):
    assert not StepOptions(**options).resolved().plain


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"retries": 0, "delay": 0, "on_failure": "fail"},
        {"executor": "inline", "idempotent": True, "interrupt": True, "max_concurrency": 4},
        {"effect": True, "must_use": False, "name": "load", "depends_on": "migrate"},
    ],
)
def test_a_policy_with_nothing_to_decide_is_plain(options):
    assert StepOptions(**options).resolved().plain


# -- workflows


def test_workflow_options_are_settled_too():
    assert WorkflowOptions().resolved() == WorkflowPolicy(
        fail_fast=True, defaults=StepOptions(), allow=(), strict=False, name=None, run_id=None
    )
    options = WorkflowOptions(
        fail_fast=False, defaults=StepOptions(timeout=5), allow="FK101", strict=True, name="etl", run_id="2026-11-20"
    )
    assert options.resolved() == WorkflowPolicy(
        fail_fast=False,
        defaults=StepOptions(timeout=5),
        allow=("FK101",),
        strict=True,
        name="etl",
        run_id="2026-11-20",
    )


def test_defaults_are_laid_over_each_other():
    upper = WorkflowOptions(defaults=StepOptions(timeout=5), allow=["FK101"])
    lower = WorkflowOptions(defaults=StepOptions(timeout=9, retries=2), allow=("FK204",), fail_fast=False)

    both = upper.over(lower)

    assert both.defaults == StepOptions(timeout=5, retries=2)
    assert both.allow == ("FK101",)
    assert both.fail_fast is False
    assert WorkflowOptions().over(lower) is lower
    assert upper.over(WorkflowOptions()) == upper


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fail_fast": 1}, "fail_fast=1 is neither True nor False"),
        ({"strict": None}, "strict=None"),
        ({"allow": "fk101"}, "allow='fk101' isn't the code of a diagnostic"),
        ({"allow": ("FK101", "FK1")}, "allow='FK1'"),
        ({"allow": ["FK1O1"]}, "allow='FK1O1'"),
        ({"allow": [101]}, "allow=101"),
        ({"allow": 101}, "allow=101"),
        ({"defaults": {"timeout": 5}}, r"isn't StepOptions; write defaults=StepOptions\(timeout=5\)"),
        ({"defaults": StepOptions(name="a")}, r"defaults=StepOptions\(name=...\) would hold for every step"),
        ({"defaults": StepOptions(depends_on="a")}, "depends_on"),
        ({"name": ""}, "name=''"),
        ({"name": "nightly report"}, "name='nightly report' isn't one word"),
        ({"run_id": ""}, "run_id='' isn't a name"),
        ({"run_id": None}, "run_id=None"),
    ],
)
def test_a_bad_workflow_option_is_named_with_its_value_and_the_way_out(options, message):
    with pytest.raises(PolicyError, match=message):
        WorkflowOptions.of(**options)
