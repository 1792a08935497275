"""A law: whatever is edited, wherever a run was stopped, what is on record is never used for another call.

Steps give the same for the same arguments, so a run that goes on with other code has to come to what that code comes to
from the start, with the effects of that in their order; or it is refused, and nothing of it was run.
"""

import os
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, event, given, note, settings
from hypothesis import strategies as st

from flowkit import Engine, NonDeterminismError, WorkflowChanged
from flowkit.errors import CheckFailed
from tests.durability.editing import begun, effects, fresh, judgement, module, resumed, writes_of

PURE = ("inc", "dbl", "tri")
EFFECT = ("tell", "note")
MANY = int(os.environ.get("FLOWKIT_EDITS", "120"))


class Line(NamedTuple):
    """One statement: a value by name, what makes it, and of what."""

    name: str
    kind: str
    step: str
    given: tuple
    inside: tuple = ()


class Program(NamedTuple):
    lines: tuple
    parts: tuple
    """The workflow that it calls: its lines, and what that returns."""
    gives: int
    asks: bool


LISTS = ("map", "chain", "rows", "subs")


@st.composite
def lines(draw, depth=0, called=False):
    found, ints, lists, done = [], ["n"], [], ("say",) if called else EFFECT
    for number in range(draw(st.integers(1, 6 if depth == 0 else 3))):
        kinds = ["call", "call", "effect", "map", "cond", "when", "told"]
        kinds += ["chain"] if lists else []
        kinds += ["rows", "add"]
        kinds += ["sub", "sub", "subs", "asked"] if depth == 0 and not called else []
        kind = draw(st.sampled_from(kinds))
        name = f"{'w' if called else 'v'}{depth}{number}"
        value = st.sampled_from(ints) | st.integers(0, 9)
        if kind == "map":
            found.append(
                Line(name, kind, draw(st.sampled_from(PURE)), tuple(draw(st.lists(value, min_size=1, max_size=3))))
            )
        elif kind == "chain":
            found.append(Line(name, kind, draw(st.sampled_from(PURE)), (draw(st.sampled_from(lists)),)))
        elif kind == "rows":
            found.append(Line(name, kind, "rows", (draw(st.integers(1, 3)),)))
        elif kind == "subs":
            found.append(Line(name, kind, "part", tuple(draw(st.lists(value, min_size=1, max_size=2)))))
        elif kind == "cond":
            found.append(Line(name, kind, "odd", (draw(st.sampled_from(ints)), draw(value), draw(value))))
        elif kind == "when":
            inside = tuple(
                Line(f"{name}{at}", "effect", draw(st.sampled_from(done)), (draw(value),))
                for at in range(draw(st.integers(1, 2)))
            )
            found.append(Line(name, kind, "odd", (draw(st.sampled_from(ints)), draw(st.booleans())), inside))
            continue
        elif kind == "add":
            several = st.sampled_from([*ints, *lists]) | st.integers(0, 9)
            found.append(Line(name, kind, "add", tuple(draw(st.lists(several, min_size=1, max_size=3)))))
        elif kind == "asked":
            found.append(Line(name, kind, "", (draw(st.sampled_from(ints)), draw(st.integers(0, 9)))))
        else:
            step = {"effect": done, "sub": ("part",), "told": ("told",)}.get(kind, PURE)
            found.append(Line(name, kind, draw(st.sampled_from(step)), (draw(value),)))
        (lists if kind in LISTS else ints).append(name)
    return tuple(found)


@st.composite
def programs(draw):
    return Program(draw(lines()), draw(lines(called=True)), draw(st.integers(0, 5)), False)


def text(program):
    part, main = write(program.parts, "    "), write(program.lines, "    ")
    part_names = ["n", *[one.name for one in program.parts if one.kind not in ("when", *LISTS)]]
    all_names = [one.name for one in program.parts if one.kind != "when"]
    gives = part_names[program.gives % len(part_names)]
    rest = [name for name in all_names if name != gives]
    names = [one.name for one in program.lines if one.kind not in ("when", "asked")]
    asked = [one.name for one in program.lines if one.kind == "asked"]
    return "\n".join(
        [
            "@workflow",
            "def part(n: int) -> Any:",
            *part,
            *[f"    discard({name})" for name in rest],
            f"    return {gives}",
            "@workflow",
            "def wf(n: int) -> int:",
            *main,
            f"    return add({', '.join([*names, *asked, 'n'])})",
            "",
        ]
    )


def write(found, indent):
    texts = []
    for one in found:
        values = ", ".join(map(str, one.given))
        if one.kind in ("map", "subs"):
            texts.append(f"{one.name} = {one.step}.map([{values}])")
        elif one.kind == "chain":
            texts.append(f"{one.name} = {one.step}.map({values})")
        elif one.kind == "cond":
            test, then, other = one.given
            texts.append(f"{one.name} = cond(odd({test}), lambda: {then}, lambda: {other})")
        elif one.kind == "when":
            test, otherwise_too = one.given
            texts.append(f"with when(odd({test})):")
            texts += [f"    {line.step}({line.given[0]})" for line in one.inside]
            if otherwise_too:
                texts.append("with otherwise():")
                texts += [f"    {line.step}({line.given[0]})" for line in reversed(one.inside)]
        elif one.kind == "told":
            texts.append(f"{one.name} = told(outcome(inc({values})))")
        elif one.kind == "asked":
            asked, more = one.given
            texts.append(
                f"{one.name} = (result_of({asked}) if not isinstance({asked}, int) else {asked}) + {more}"
                if asked != "n"
                else f"{one.name} = n + {more}"
            )
        else:
            texts.append(f"{one.name} = {one.step}({values})")
    return [indent + one for one in texts]


# -- edits --------------------------------------------------------------------------------------------------------------


@st.composite
def edited(draw, program):
    """The program, edited in one place."""
    inner = draw(st.booleans())
    if inner and draw(st.integers(0, 3)) == 0:
        return program._replace(gives=draw(st.integers(0, 5)))
    before = list(program.parts if inner else program.lines)
    at = min(draw(st.integers(0, len(before) - 1)), draw(st.integers(0, len(before) - 1)))
    one, effect = before[at], ("say",) if inner else EFFECT
    hows = ["literal", "drop", "add", "take"]
    hows += ["swap"] if at + 1 < len(before) and not uses(before[at + 1], one.name) else []
    hows += ["step"] if one.kind in ("call", "map", "chain", "effect") else []
    hows += ["length", "length"] if one.kind in ("map", "subs") else ["test"] if one.kind == "when" else []
    how = draw(st.sampled_from(hows))
    if how == "drop":
        del before[at]
        before = [replaced(line, one.name, 4, one.kind in LISTS) for line in before]
        before = [line for line in before if line is not None]
    elif how == "add":
        kind, step = draw(
            st.sampled_from([("call", "tri"), ("effect", "say" if inner else "tell"), ("call", "inc"), ("map", "dbl")])
        )
        value = draw(st.sampled_from(["n", 3, *[two.name for two in before[:at] if two.kind in ("call", "effect")]]))
        before.insert(at, Line("extra" + ("w" if inner else "v"), kind, step, (value,)))
    elif how == "swap":
        before[at], before[at + 1] = before[at + 1], before[at]
    elif how == "step":
        before[at] = one._replace(step=draw(st.sampled_from(effect if one.kind == "effect" else PURE)))
    elif how == "length":
        before[at] = one._replace(given=one.given[:-1] if len(one.given) > 1 else (*one.given, 8))
    elif how == "test":
        before[at] = one._replace(given=("n", draw(st.booleans())))
    elif one.given and one.kind != "chain":
        place = draw(st.integers(0, len(one.given) - 1))
        if one.kind == "when" and place == 1:
            changed = not one.given[1]
        elif one.kind == "rows":
            changed = draw(st.integers(1, 4))
        elif how == "take" or (one.kind in ("cond", "when", "asked") and place == 0):
            changed = "n"
        else:
            changed = draw(st.integers(0, 9))
        before[at] = one._replace(given=(*one.given[:place], changed, *one.given[place + 1 :]))
    after = tuple(before) or (Line("lone", "call", "inc", (1,)),)
    return program._replace(parts=after) if inner else program._replace(lines=after)


def uses(line, name):
    return name in line.given or any(uses(one, name) for one in line.inside)


def replaced(line, name, by, is_list):
    if line.kind == "chain" and name in line.given:
        return line._replace(kind="map", given=(by,))
    given = tuple(
        ("n" if line.kind in ("cond", "when", "asked") and not at else by) if one == name else one
        for at, one in enumerate(line.given)
    )
    return line._replace(given=given, inside=tuple(replaced(one, name, by, is_list) for one in line.inside))


@st.composite
def edits(draw):
    program = draw(programs())
    # Early edits, when much is done, are those that matter.
    return program, draw(edited(program)), max(draw(st.floats(0, 1)), draw(st.floats(0, 1)))


# -- the law ------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M81")
@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits())
def test_what_is_on_record_is_never_used_for_another_call(edit):
    before, after, how_far = edit
    assume(text(before) != text(after))
    note(text(before))
    note(text(after))
    try:
        want, plain = fresh(text(after), 1)
        wanted_before, _ = fresh(text(before), 1)
    except CheckFailed as failed:
        event(f"not sound: {failed.diagnostics[0].code}")
        return
    old = module(text(before))
    writes = writes_of(old, 1)
    old.log.clear()
    store, old = begun(old, int(how_far * writes), 1)
    assert not store.run("r").is_final
    new = module(text(after))
    said = judgement(store, new)
    assert new.log == []
    event(said.verdict)
    try:
        got, _ = resumed(store, new)
    except (WorkflowChanged, NonDeterminismError) as refusal:
        note(str(refusal))
        event(f"refused: {', '.join(sorted({one.kind for one in refusal.differences if not one.fits}))}")
        assert new.log == [], "something ran"
        assert store.run("r").stuck
        assert said.verdict != "safe"
        forked(store, new, said, want)
        back, _ = resumed(store, text(before))
        assert back == wanted_before
        return
    assert said.verdict == "safe", said
    assert got == want
    # What was under way when the process died is done again: it isn't on record.
    done = effects(old), effects(old)[:-1]
    assert sorted(effects(plain)) in [sorted(one + effects(new)) for one in done]
    ordered = [[two for two in one if two[0] in EFFECT] for one in done]  # calls of `part` don't wait for one another
    assert effects(plain, EFFECT) in [one + effects(new, EFFECT) for one in ordered]


def forked(store, new, said, want):
    """A fork that does again what is named comes to the right value, or is refused as well."""
    with Engine(store=store, executor="inline", recover=False):
        new.log.clear()
        try:
            run = new.wf.fork("r", at=said.at)
            assert run.result(30) == want
        except (WorkflowChanged, NonDeterminismError) as refused:
            note(f"the fork: {refused}")
            assert said.verdict == "blocked"
            assert new.log == []
