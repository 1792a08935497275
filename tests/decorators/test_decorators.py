"""A step is still its function, and a workflow is still a function: what decorating changes, and what it doesn't."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
import typing

import pytest

from flowkit import (
    MisuseError,
    Outcome,
    PolicyError,
    Retry,
    Step,
    StepOptions,
    Workflow,
    discard,
    outcome,
    step,
    unmapped,
    workflow,
)


@step
def double(number: int, plus: int = 0) -> int:
    """Twice as much."""
    return number * 2 + plus


@step(retries=2, timeout=5)
async def fetch(url: str) -> bytes:
    return url.encode()


@step
def explode(number: int) -> int:
    raise ValueError(number)


@step(name="known", run_if=lambda number: number > 0, depends_on=[double])
def named(number: int) -> int:
    return number


@step
def statuses(ends: list[Outcome[typing.Any]]) -> list[str]:
    return [end.status for end in ends]


@step
def gather(*things: object) -> list[object]:
    return list(things)


class Shop:
    """A shop without stock, false like an empty container."""

    def __init__(self, base: int = 10) -> None:
        self.base = base

    def __len__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.base == self.base

    __hash__ = None

    @step
    def price(self, item: int, plus: int = 0) -> int:
        """What it costs here."""
        return self.base + item + plus

    @step(retries=1)
    async def order(self, item: int) -> int:
        return self.base + item

    @step
    @classmethod
    def kind(cls, item: int, plus: int = 0) -> str:
        """What sort of shop this is."""
        return f"{cls.__name__} {item + plus}"

    @step(timeout=5)
    @staticmethod
    def tax(item: int, plus: int = 0) -> int:
        """What the state gets."""
        return item // 5 + plus

    @workflow
    def sell(self, item: int) -> int:
        """Sell one."""
        return self.price(item)

    @workflow
    @classmethod
    def describe(cls, item: int) -> str:
        return cls.kind(item)

    @workflow
    @staticmethod
    def levy(item: int) -> int:
        return Shop.tax(item)


class Bakery(Shop):
    @step
    def price(self, item: int, plus: int = 0) -> int:
        return super().price(item, plus) * 100

    @step
    @classmethod
    def kind(cls, item: int, plus: int = 0) -> str:
        return "baking " + super().kind(item, plus)


class Point:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y


make_point = step(Point)


@step
class Marker:
    """A place on a map."""

    def __init__(self, x: int) -> None:
        self.x = x


@workflow
def report(number: int) -> int:
    """Report a number."""
    return double(number)


price_here = Shop(5).price
"""A bound step under a name of the module's, which whoever looks for the name of a step comes across."""


KINDS = {
    "a function": (lambda: double, 4),
    "a method": (lambda: Shop().price, 12),
    "a method of a subclass": (lambda: Bakery().price, 1200),
    "a classmethod of the class": (lambda: Shop.kind, "Shop 2"),
    "a classmethod of an instance": (lambda: Shop().kind, "Shop 2"),
    "a classmethod of a subclass": (lambda: Bakery.kind, "baking Bakery 2"),
    "a staticmethod of the class": (lambda: Shop.tax, 0),
    "a staticmethod of an instance": (lambda: Shop().tax, 0),
    "a staticmethod of a subclass": (lambda: Bakery().tax, 0),
}


# -- outside a body ----------------------------------------------------------------------------------------------------


@pytest.mark.covers("M1")
@pytest.mark.parametrize(("take", "expected"), KINDS.values(), ids=KINDS)
def test_outside_a_body_a_step_is_called_as_what_it_wraps(take, expected):
    assert take()(2) == expected


@pytest.mark.covers("M1")
async def test_outside_a_body_an_async_step_is_awaited():
    assert await fetch("a") == b"a"
    assert await Shop().order(1) == 11


def test_a_step_that_raises_outside_a_body_raises_its_own_exception_alone():
    with pytest.raises(ValueError, match="7") as caught:
        explode(7)
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    ("decorated", "plain"),
    [
        (double, double.__wrapped__),
        (fetch, fetch.__wrapped__),
        (Shop().price, Shop().price.__wrapped__),
        (Shop.kind, Shop.kind.__wrapped__),
        (Shop.tax, Shop.tax.__wrapped__),
        (report, report.__wrapped__),
        (Shop().sell, Shop().sell.__wrapped__),
        (make_point, Point),
        (fetch.with_options(timeout=1), fetch.__wrapped__),
    ],
    ids=[
        "function",
        "async",
        "method",
        "classmethod",
        "staticmethod",
        "workflow",
        "workflow method",
        "class",
        "variant",
    ],
)
def test_whoever_asks_hears_what_the_function_would_say(decorated, plain):
    assert inspect.signature(decorated) == inspect.signature(plain)
    assert inspect.iscoroutinefunction(decorated) == inspect.iscoroutinefunction(plain)
    assert inspect.getdoc(decorated) == inspect.getdoc(plain)
    assert decorated.__name__ == plain.__name__
    assert decorated.__qualname__ == plain.__qualname__
    assert decorated.__module__ == plain.__module__
    assert decorated.__annotations__ == plain.__annotations__
    assert callable(decorated)


def test_annotations_resolve_through_a_step():
    assert typing.get_type_hints(double) == {"number": int, "plus": int, "return": int}


def test_asking_the_classes_of_steps_changes_nothing_for_steps():
    """Python gives a class that is asked for its annotations a dict of its own, which would stand before the function's."""
    for kind in (Step, Workflow, type(Shop.price), type(Shop.sell)):
        assert inspect.get_annotations(kind) == typing.get_type_hints(kind) == kind.__annotations__ == {}
    assert double.__annotations__ == double.__wrapped__.__annotations__
    assert Shop.price.__annotations__ == {"item": "int", "plus": "int", "return": "int"}


def test_only_async_steps_say_that_they_are():
    assert inspect.iscoroutinefunction(fetch)
    assert inspect.iscoroutinefunction(Shop().order)
    assert not inspect.iscoroutinefunction(double)


def test_a_bound_step_has_the_signature_without_what_it_is_bound_to():
    for bound in (Shop().price, Shop.kind, Shop.tax):
        assert list(inspect.signature(bound).parameters) == ["item", "plus"]


def test_a_step_keeps_the_attributes_of_its_function():
    def plain() -> None: ...

    plain.owner = "us"

    assert step(plain).owner == "us"


def test_a_step_can_be_a_key():
    assert {double: 1}[double] == 1
    assert double == double.__wrapped__


def test_steps_and_workflows_say_what_they_are():
    assert repr(double) == f"<step {__name__}:double>"
    assert repr(named) == "<step known>"
    assert repr(report) == f"<workflow {__name__}:report>"
    assert repr(Shop.kind) == f"<step {__name__}:Shop.kind of {Shop!r}>"
    assert repr(Shop.sell) == f"<workflow {__name__}:Shop.sell of {Shop!r}>"
    shop = Shop()
    assert repr(shop.price) == f"<step {__name__}:Shop.price of {shop!r}>"


def test_steps_are_steps_to_isinstance():
    assert isinstance(double, Step)
    assert isinstance(fetch.with_options(timeout=1), Step)
    assert isinstance(report, Workflow)
    assert isinstance(report.with_options(fail_fast=False), Workflow)
    assert not isinstance(report, Step)


@pytest.mark.parametrize("take", [take for take, _ in KINDS.values()], ids=KINDS)
def test_bound_steps_are_steps_to_isinstance(take):
    assert isinstance(take(), Step)
    assert isinstance(take().with_options(timeout=60), Step)
    assert not isinstance(take(), Workflow)


@pytest.mark.parametrize("name", ["sell", "describe", "levy"])
def test_bound_workflows_are_workflows_to_isinstance(name):
    for holder in (Shop(), Shop, Bakery()):
        assert isinstance(getattr(holder, name), Workflow)
        assert not isinstance(getattr(holder, name), Step)


def test_a_bound_step_can_be_taken_again():
    """As a function can: what is bound stays bound."""
    again = Shop(20).price.__get__(Shop(30), Shop)

    assert isinstance(again, Step)
    assert again(2) == 22


def test_a_class_is_a_step_that_makes_instances():
    assert type(make_point(1, 2)) is Point
    assert [point.x for point in make_point.map([1, 2])] == [1, 2]


def test_a_class_decorated_in_place_is_still_a_class():
    class Flag(Marker):
        pass

    assert inspect.isclass(Marker)
    assert isinstance(Marker(1), Marker)
    assert isinstance(Flag(2), Marker)
    assert issubclass(Flag, Marker)


def test_other_callables_are_steps_under_a_name():
    class Adder:
        def __call__(self, number: int) -> int:
            return number + 1

    adding = step(name="adding")(Adder())
    doubled = step(name="doubled")(functools.partial(double.__wrapped__, plus=1))

    @workflow
    def both(number: int) -> int:
        return doubled(adding(number))

    assert (adding(1), doubled(1), both(1)) == (2, 3, 5)


def test_with_options_leaves_the_step_as_it_was():
    patient = fetch.with_options(timeout=60, retries=5)

    assert patient.spec.options.timeout == 60
    assert fetch.spec.options.timeout == 5
    assert patient.spec.declared is fetch.spec
    assert patient.spec.name == fetch.spec.name


def test_with_options_goes_on_from_the_options_before():
    twice = fetch.with_options(timeout=60).with_options(retries=None)

    assert twice.spec.options.timeout == 60
    assert twice.spec.options.retries is None
    assert twice.spec.declared is fetch.spec


@pytest.mark.parametrize("take", [take for take, _ in KINDS.values()], ids=KINDS)
def test_with_options_stays_bound(take):
    assert take().with_options(timeout=60)(2) == take()(2)


def test_workflows_of_classes_are_bound():
    assert Shop(20).sell(2) == 22
    assert Shop.describe(2) == "Shop 2"
    assert Shop().describe(2) == "Shop 2"
    assert Bakery.describe(2) == "baking Bakery 2"
    assert Shop.levy(10) == Shop().levy(10) == 2
    assert Shop(20).sell.with_options(fail_fast=False)(2) == 22
    assert Shop(20).sell.start(2).result() == 22
    assert [node.spec.label for node in Shop(20).sell.graph().nodes if node.spec] == ["Shop.price"]
    assert Shop.sell.spec is Shop().sell.spec


def test_a_body_of_a_subclass_calls_the_steps_of_the_subclass():
    assert Bakery().sell(2) == 1200


# -- pickling and copying ----------------------------------------------------------------------------------------------


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize(
    "decorated", [double, fetch, named, make_point, report], ids=["step", "async", "named", "class", "workflow"]
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_leads_back_to_the_very_same_object(decorated, protocol):
    assert pickle.loads(pickle.dumps(decorated, protocol)) is decorated


def test_a_pickled_variant_keeps_its_options():
    variant = pickled(fetch.with_options(timeout=60, retries=Retry(max_attempts=7), depends_on=[double, "known"]))

    assert variant.spec.declared is fetch.spec
    assert variant.spec.options.timeout == 60
    assert variant.spec.options.retries == Retry(max_attempts=7)
    assert variant.spec.options.depends_on == (double.spec, "known")


def test_a_pickled_variant_takes_what_its_declaration_says_from_there():
    """A lambda, another step or a name in the declaration doesn't go into the pickle."""
    variant = pickled(named.with_options(timeout=60))

    assert variant.spec.options.given() == named.spec.options.given() | {"timeout": 60}


def test_a_pickled_variant_of_a_workflow_keeps_its_options():
    variant = pickled(report.with_options(run_id="one", defaults=StepOptions(timeout=5)))

    assert variant.spec.declared is report.spec
    assert variant.spec.options == report.with_options(run_id="one", defaults=StepOptions(timeout=5)).spec.options


@pytest.mark.parametrize("take", [take for take, _ in KINDS.values()], ids=KINDS)
def test_pickled_methods_stay_bound(take):
    assert pickled(take())(2) == take()(2)
    again = pickled(take().with_options(timeout=60))
    assert again(2) == take()(2)
    assert again.spec.options.timeout == 60


def test_a_pickled_method_takes_its_instance_along():
    assert pickled(Shop(20).price)(2) == 22
    assert pickled(Shop(20).sell)(2) == 22


def test_the_method_of_the_superclass_is_pickled_as_that():
    assert pickled(super(Bakery, Bakery()).price)(2) == 12


def test_a_bound_step_under_a_name_is_pickled_with_what_it_is_bound_to():
    assert pickled(price_here)(2) == 7


def test_a_method_without_instance_is_pickled_too():
    raw = inspect.getattr_static(Shop, "price")

    assert pickled(raw) is raw
    assert pickled(Shop.price)(Shop(), 2) == 12


def test_what_is_defined_inside_a_function_has_no_address():
    @step
    def local() -> int:
        return 1

    class Local:
        @step
        def method(self) -> int:
            return 1

    for decorated in (local, local.with_options(timeout=5), Local().method, workflow(lambda: 1)):
        with pytest.raises(pickle.PicklingError, match=r"defined inside a function; move it to the top of its module"):
            pickle.dumps(decorated)


def test_a_step_that_no_name_leads_to_has_no_address():
    anonymous = step(explode.__wrapped__)

    with pytest.raises(pickle.PicklingError, match=r"no name in `.*test_decorators` leads to it; bind it to one there"):
        pickle.dumps(anonymous)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_step_is_the_step(again):
    for decorated in (double, report, double.with_options(timeout=5), make_point):
        assert again(decorated) is decorated


def test_a_copy_of_a_method_is_bound_to_the_same_object():
    shop = Shop()

    assert copy.copy(shop.price)(2) == 12
    for method in (copy.copy(shop.price), copy.copy(shop.sell)):
        shop.base = 20
        assert method(2) == 22


def test_a_deep_copy_of_a_method_is_bound_to_a_copy_of_the_object():
    """As with Python's own methods."""
    shop = Shop()
    methods = (copy.deepcopy(shop.price), copy.deepcopy(shop.sell))
    shop.base = 20

    assert [method(2) for method in methods] == [12, 12]
    assert copy.deepcopy(Shop.kind)(2) == "Shop 2"


def test_an_object_that_holds_steps_is_copied_with_them():
    held = copy.deepcopy({"step": double, "method": Shop().price})

    assert held["step"] is double
    assert held["method"](2) == 12


# -- inside a body -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("take", "expected"), KINDS.values(), ids=KINDS)
def test_every_accessor_records_what_it_is_taken_from(take, expected):
    """Functions, methods, classmethods and staticmethods alike, from instances and from classes."""
    one = take()

    @workflow
    def every() -> list[object]:
        return gather(
            one(2),
            one(2, 0),
            one.ref(2),
            one.map([2, 2]),
            one.map([2], unmapped(0)),
            one.map([2], [0]),
            statuses(one.map_outcomes([2])),
            one.with_options(timeout=60)(2),
            one.with_options(retries=1).ref(2),
            one.with_options(timeout=60).map([2]),
            one.with_options(timeout=60, max_concurrency=1).map_outcomes([2])[0].value,
            one.spec.label,
        )

    each = expected
    assert every() == [
        *(each, each, each, [each, each], [each], [each], ["succeeded"]),
        *(each, each, [each], each, one.spec.label),
    ]


def test_every_accessor_records_an_async_step():
    shop = Shop()

    @workflow
    def every() -> list[object]:
        return gather(
            fetch("a"),
            fetch.ref("a"),
            fetch.map(["a"]),
            fetch.with_options(timeout=60).ref("a"),
            shop.order.ref(1),
            shop.order.map([1]),
            shop.order.map_outcomes([1])[0].value,
        )

    assert every() == [b"a", b"a", [b"a"], b"a", 11, [11], 11]


def test_a_method_taken_from_its_class_gets_its_instance_as_an_argument():
    shop = Shop()

    @workflow
    def taken() -> list[object]:
        return gather(Shop.price(shop, 2), Shop.price.map(unmapped(shop), [2]), Shop.price.ref(shop, 2))

    assert taken() == [12, [12], 12]


def test_super_in_a_body_takes_the_step_of_the_superclass():
    class Stall(Shop):
        @workflow
        def cheap(self) -> list[object]:
            return gather(super().price(2), super().price.map([2]), super().kind(2))

        @step
        def price(self, item: int, plus: int = 0) -> int:
            return -1

    assert Stall().cheap() == [12, [12], "Stall 2"]


def test_a_variant_is_still_the_step_that_others_depend_on():
    seen = []

    @step
    def first() -> int:
        seen.append("first")
        return 1

    @step(depends_on=[first])
    def second() -> int:
        seen.append("second")
        return 2

    @workflow
    def both() -> list[object]:
        return gather(second(), first.with_options(timeout=60)())

    assert both() == [2, 1]
    assert seen == ["first", "second"]


@pytest.mark.parametrize("dependency", [lambda shop: Shop.price, lambda shop: shop.price], ids=["class", "instance"])
def test_a_method_can_be_depended_on(dependency):
    shop = Shop()
    after = double.with_options(depends_on=dependency(shop))

    assert after.spec.options.depends_on == (inspect.getattr_static(Shop, "price").spec,)


# -- the wrong way round -----------------------------------------------------------------------------------------------


class Reversed:
    @classmethod
    @step
    def made(cls) -> str:
        return cls.__name__

    @staticmethod
    @step
    def counted(items: list[int]) -> int:
        return len(items)

    @classmethod
    @workflow
    def built(cls) -> int:
        return 1


@pytest.mark.parametrize(
    "use",
    [
        Reversed.made,
        lambda: Reversed().made(),
        lambda: Reversed.made.map([1]),
        Reversed.made.ref,
        Reversed.made.with_options(timeout=5),
        lambda: Reversed.made.with_options(timeout=5).map_outcomes([1]),
    ],
    ids=["class", "instance", "map", "ref", "with_options", "variant's map"],
)
def test_classmethod_above_step_is_refused(use):
    @workflow
    def body() -> str:
        return use()

    for _ in range(2):
        with pytest.raises(MisuseError, match=r"`Reversed\.made` .* wrong way round; write @step above @classmethod"):
            body()


@pytest.mark.parametrize(
    "use",
    [lambda: Reversed.counted([1]), lambda: Reversed.counted.map([[1]]), lambda: Reversed.counted.ref([1])],
    ids=["call", "map", "ref"],
)
def test_staticmethod_above_step_is_refused(use):
    @workflow
    def body() -> int:
        return use()

    with pytest.raises(MisuseError, match=r"write @step above @staticmethod"):
        body()


def test_classmethod_above_workflow_is_refused():
    with pytest.raises(MisuseError, match=r"write @workflow above @classmethod"):
        Reversed.built()


def test_classmethod_above_step_is_refused_in_a_class_made_inside_a_function():
    class Local:
        @classmethod
        @step
        def made(cls) -> str:
            return cls.__name__

    @workflow
    def body() -> str:
        return Local.made()

    with pytest.raises(MisuseError, match="write @step above @classmethod"):
        body()


# -- what can't be decorated -------------------------------------------------------------------------------------------

DECORATORS = {
    "@step": step,
    "@step(...)": step(retries=3),
    "@workflow": workflow,
    "@workflow(...)": workflow(fail_fast=False),
}


@pytest.mark.parametrize("decorated", [take() for take, _ in KINDS.values()], ids=KINDS)
@pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)
def test_a_step_isnt_decorated_twice(decorated, decorate):
    with pytest.raises(
        MisuseError, match=r"`\w+` is a step already; it can't be decorated with @(step|workflow) as well"
    ):
        decorate(decorated)


@pytest.mark.parametrize("decorated", [report, Shop().sell, Shop.describe], ids=["function", "method", "classmethod"])
@pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)
def test_a_workflow_isnt_decorated_twice(decorated, decorate):
    with pytest.raises(MisuseError, match=r"`\w+` is a workflow already"):
        decorate(decorated)


@pytest.mark.parametrize("thing", [3, "retries", [double], {"retries": 3}, object()])
def test_what_cant_be_called_isnt_decorated(thing):
    with pytest.raises(MisuseError, match=r"@step takes a function; it was given .* @step\(retries=3\)"):
        step(thing)
    with pytest.raises(MisuseError, match=r"@workflow takes a function; .* @workflow\(fail_fast=False\)"):
        workflow(thing)
    with pytest.raises(MisuseError, match="@step takes a function"):
        step(retries=3)(thing)


def test_a_generator_is_no_workflow():
    def several():
        yield 1

    async def several_later():
        yield 1

    for generator in (several, several_later):
        with pytest.raises(MisuseError, match=rf"`{generator.__name__}` is a generator; .* returns its result"):
            workflow(generator)


def test_a_class_is_no_workflow():
    with pytest.raises(MisuseError, match="`Point` is a class"):
        workflow(Point)


@pytest.mark.parametrize(
    "use", [report.start, report.graph, Shop().sell.start], ids=["start", "graph", "start of a method"]
)
def test_a_run_isnt_started_while_a_body_is_recorded(use):
    @workflow
    def outer() -> object:
        return use(1)

    with pytest.raises(
        MisuseError, match=r"started or shown in the body of `outer`, .* call it, or start it in a step"
    ):
        outer()


def test_a_workflow_in_a_body_has_no_run_of_its_own():
    @workflow
    def outer() -> object:
        return report.with_options(run_id="mine")(1)

    with pytest.raises(MisuseError, match="`report` has a run_id, and in the body of `outer` it is a part of that run"):
        outer()


@pytest.mark.parametrize(
    "decorated", [double, report, Shop().price, Shop().sell], ids=["step", "workflow", "method", "workflow of a class"]
)
def test_submit_is_for_live_bodies(decorated):
    name = decorated.spec.label
    with pytest.raises(MisuseError, match=rf"`{name}.submit` is for the body of an `async def` workflow; call it"):
        decorated.submit(1)

    @workflow
    def outer() -> object:
        return decorated.submit(1)

    with pytest.raises(MisuseError, match="in a `def` body calls begin side by side by themselves"):
        outer()


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decorate", "said"),
    [
        (lambda: step(retrys=3), r"unknown option `retrys` for @step; did you mean `retries`"),
        (lambda: step(cache=True), r"unknown option `cache` for @step"),
        (lambda: step(fail_fast=True), r"unknown option `fail_fast` for @step"),
        (lambda: double.with_options(time_out=3), r"unknown option `time_out` for `double.with_options`; .*`timeout`"),
        (lambda: Shop().price.with_options(retrys=3), r"unknown option `retrys` for `Shop.price.with_options`"),
        (lambda: workflow(failfast=True), r"unknown option `failfast` for @workflow; did you mean `fail_fast`"),
        (lambda: workflow(retries=3), r"unknown option `retries` for @workflow"),
        (lambda: report.with_options(runid="a"), r"unknown option `runid` for `report.with_options`; .*`run_id`"),
    ],
)
def test_an_unknown_option_is_refused_where_it_is_written(decorate, said):
    with pytest.raises(PolicyError, match=said):
        decorate()


def test_the_wrong_value_of_an_option_is_refused_where_it_is_written():
    with pytest.raises(PolicyError, match="timeout"):
        step(timeout=-1)
    with pytest.raises(PolicyError, match="retries"):
        double.with_options(retries="many")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (explode.__wrapped__, "`explode` is none of them; decorate it with @step"),
        ([double, report], "`report` is none of them"),
        (object(), "is none of them"),
    ],
)
@pytest.mark.parametrize("option", ["depends_on", "depends_on_any"])
def test_a_dependency_that_is_no_step_is_refused(option, given, said):
    with pytest.raises(PolicyError, match=rf"{option} takes steps, their names, or results; .*{said}"):
        double.with_options(**{option: given})


def test_a_name_is_who_a_step_is():
    assert named.spec.name == "known"
    assert double.spec.name == f"{__name__}:double"
    assert double.spec.label == "double"
    assert Shop.kind.spec.label == "Shop.kind"
    assert step(name=None)(explode.__wrapped__).spec.name == f"{__name__}:explode"
    assert workflow(name="monthly")(report.__wrapped__).spec.name == "monthly"


@pytest.mark.parametrize(
    "decorated",
    [double, named, Shop().price, report, Shop().sell],
    ids=["step", "named", "method", "workflow", "workflow of a class"],
)
def test_a_name_isnt_given_for_one_call(decorated):
    with pytest.raises(PolicyError, match=r"`name` is who `.*` is, for every (call|run); set it on @(step|workflow)"):
        decorated.with_options(name="other")


@pytest.mark.parametrize("name", ["", " ", 3, double])
def test_a_name_is_text(name):
    with pytest.raises(PolicyError, match="name"):
        step(name=name)


# -- `.map` ------------------------------------------------------------------------------------------------------------


WRONG_COLUMNS = {
    "a string": (["abc"], r"was given a str as its list of items; write unmapped\(\.\.\.\)"),
    "bytes": ([b"abc"], "was given a bytes"),
    "a bytearray": ([bytearray(b"abc")], "was given a bytearray"),
    "a dict": ([{"a": 1}], "was given a dict"),
    "a string beside a list": ([[1], "abc"], "was given a str"),
    "a number": ([3], r"was given a int, which can't be gone through; write unmapped\(\.\.\.\)"),
    "None": ([None], "was given a NoneType, which can't be gone through"),
    "nothing": ([], "needs a list of items"),
    "unmapped alone": ([unmapped([1])], "has nothing to go through: every argument is unmapped"),
    "unmapped twice": ([unmapped([1]), unmapped(2)], "has nothing to go through"),
}


@pytest.mark.parametrize(("columns", "said"), WRONG_COLUMNS.values(), ids=WRONG_COLUMNS)
@pytest.mark.parametrize("verb", ["map", "map_outcomes"])
def test_map_refuses_what_is_no_list_of_items(verb, columns, said):
    @workflow
    def body() -> object:
        return getattr(double, verb)(*columns)

    with pytest.raises(MisuseError, match=rf"`double\.{verb}` {said}"):
        body()
    with pytest.raises(MisuseError, match=rf"`double\.{verb}` {said}"):
        getattr(double, verb)(*columns)


def test_map_takes_a_string_that_is_unmapped():
    @step
    def repeat(times: int, text: str) -> str:
        return text * times

    @workflow
    def body() -> list[str]:
        return repeat.map([1, 2], unmapped("ab"))

    assert body() == ["ab", "abab"]


@pytest.mark.parametrize("items", [[1, 2], (1, 2), range(1, 3), {1: "a", 2: "b"}.keys()])
def test_map_takes_any_iterable(items):
    @workflow
    def body() -> list[int]:
        return double.map(items)

    assert body() == double.map(items) == [2, 4]


@pytest.mark.covers("M31")
def test_map_takes_a_generator():
    @workflow
    def body() -> list[int]:
        return double.map(number for number in (1, 2))

    assert body() == double.map(number for number in (1, 2)) == [2, 4]


def test_outside_a_body_a_map_is_a_loop():
    shop = Shop()

    assert double.map([1, 2], [10, 20]) == [12, 24]
    assert double.map([1, 2], unmapped(10)) == [12, 14]
    assert double.map([]) == []
    assert shop.price.map([1, 2]) == [11, 12]
    assert Shop.kind.map([1]) == ["Shop 1"]
    assert Shop.tax.map([5]) == [1]
    assert double.with_options(timeout=5).map([1]) == [2]


def test_outside_a_body_a_map_raises_what_the_first_item_raises():
    with pytest.raises(ValueError, match="1"):
        explode.map([1, 2])


def test_outside_a_body_a_map_of_outcomes_goes_on():
    ends = explode.map_outcomes([1, 2])

    assert [end.status for end in ends] == ["failed", "failed"]
    assert [str(end.error) for end in ends] == ["1", "2"]
    assert [end.value for end in double.map_outcomes([1])] == [2]


def test_outside_a_body_columns_are_of_one_length():
    with pytest.raises(ValueError, match="shorter"):
        double.map([1, 2], [1])


@pytest.mark.parametrize("verb", ["map", "map_outcomes"])
def test_outside_a_body_an_async_step_has_no_map(verb):
    with pytest.raises(MisuseError, match="outside a workflow would have to await; call it yourself"):
        getattr(fetch, verb)(["a"])


def test_outside_a_body_there_is_nothing_to_record():
    with pytest.raises(MisuseError, match=r"`fetch\.ref` records a call, .* await it instead"):
        fetch.ref("a")
    with pytest.raises(MisuseError, match=r"`double\.ref` records a call, .* call it instead"):
        double.ref(1)
    with pytest.raises(MisuseError, match="`outcome` is for the body of a workflow"):
        outcome(1)
    with pytest.raises(MisuseError, match="`discard` is for the body of a workflow"):
        discard(1)
