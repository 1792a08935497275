"""Findings for machines: JSON, SARIF and GitHub annotations."""

import json

import pytest

from flowkit.diagnostics import CATALOGUE, Diagnostic, Label, Level, Span, explain, to_github, to_json, to_sarif

CALL = Span("shop/etl.py", 105, 18, 105, 21, "    return total(raw)")
DECLARED = Span("shop/etl.py", 7, 11, 7, 30, "def total(orders: list[Order]) -> Money:")
EDGE = Diagnostic(
    "FK201",
    Level.ERROR,
    "`total` is given `bytes`",
    (Label(DECLARED, "declared here", primary=False), Label(CALL, "this is `bytes`")),
    ("`fetch` is annotated `-> bytes`",),
    ("put a step between them",),
)
WHOLE_LINE = Diagnostic("FK404", Level.WARNING, "clock", (Label(Span("etl.py", 3, 0, 3, 0, "    time.time()")),))
NOWHERE = Diagnostic("FK302", Level.HINT, "cycle")
ELSEWHERE = Diagnostic("FK999", Level.ERROR, "from a later flowkit", (Label(Span("a b.py")),))
ALL = [EDGE, WHOLE_LINE, NOWHERE, ELSEWHERE]


def sarif(*findings):
    log = to_sarif(findings, version="1.2.3")
    json.dumps(log)
    [run] = log["runs"]
    return run


def test_json_is_plain_data_that_says_everything():
    assert to_json([EDGE]) == [
        {
            "code": "FK201",
            "name": "edge-type",
            "level": "error",
            "title": "`total` is given `bytes`",
            "labels": [
                {
                    "file": "shop/etl.py",
                    "line": 7,
                    "column": 11,
                    "end_line": 7,
                    "end_column": 30,
                    "source": "def total(orders: list[Order]) -> Money:",
                    "text": "declared here",
                    "primary": False,
                },
                {
                    "file": "shop/etl.py",
                    "line": 105,
                    "column": 18,
                    "end_line": 105,
                    "end_column": 21,
                    "source": "    return total(raw)",
                    "text": "this is `bytes`",
                    "primary": True,
                },
            ],
            "notes": ["`fetch` is annotated `-> bytes`"],
            "helps": ["put a step between them"],
        }
    ]


def test_json_has_null_for_positions_that_are_not_known():
    [whole_line, elsewhere] = to_json([WHOLE_LINE, ELSEWHERE])
    assert whole_line["labels"][0]["column"] is None
    assert whole_line["labels"][0]["line"] == 3
    assert elsewhere["labels"][0]["line"] is None
    assert elsewhere["name"] is None


def test_json_survives_json():
    assert json.loads(json.dumps(to_json(ALL))) == to_json(ALL)


def test_sarif_says_who_found_it_and_how_columns_count():
    log = to_sarif(ALL, version="1.2.3")
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    [run] = log["runs"]
    assert run["tool"]["driver"]["name"] == "flowkit"
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_rules_are_explained_by_their_pages():
    rule, unknown = sarif(EDGE, EDGE, ELSEWHERE)["tool"]["driver"]["rules"]
    assert rule["id"] == "FK201"
    assert rule["name"] == CATALOGUE["FK201"].name
    assert rule["shortDescription"] == {"text": CATALOGUE["FK201"].title}
    assert rule["help"]["markdown"] == explain("FK201")
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert unknown == {"id": "FK999"}


def test_sarif_results_refer_to_their_rules():
    run = sarif(*ALL)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [found.code for found in ALL]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "error"]


def test_sarif_gives_the_blamed_place_and_relates_the_others():
    [result] = sarif(EDGE)["results"]
    assert result["message"]["text"].split("\n") == [
        "`total` is given `bytes`",
        "this is `bytes`",
        "note: `fetch` is annotated `-> bytes`",
        "help: put a step between them",
    ]
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "shop/etl.py", "uriBaseId": "%SRCROOT%"},
                "region": {
                    "startLine": 105,
                    "endLine": 105,
                    "startColumn": 18,
                    "endColumn": 21,
                    "snippet": {"text": "raw"},
                },
            },
            "message": {"text": "this is `bytes`"},
        }
    ]
    [related] = result["relatedLocations"]
    assert related["id"] == 1
    assert related["physicalLocation"]["region"]["startLine"] == 7
    assert related["message"] == {"text": "declared here"}


def test_sarif_leaves_out_what_is_not_known():
    whole_line, nowhere, elsewhere = sarif(WHOLE_LINE, NOWHERE, ELSEWHERE)["results"]
    region = whole_line["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "endLine": 3, "snippet": {"text": "    time.time()"}}
    assert "locations" not in nowhere
    assert "region" not in elsewhere["locations"][0]["physicalLocation"]


def test_sarif_files_are_relative_uris_where_possible(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [str(tmp_path / "shop" / "größe 1.py"), str(tmp_path.parent / "etl.py"), "<stdin>"]
    results = sarif(*(Diagnostic("FK101", Level.ERROR, "x", (Label(Span(name)),)) for name in names))["results"]
    artifacts = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]
    assert artifacts == [
        {"uri": "shop/gr%C3%B6%C3%9Fe%201.py", "uriBaseId": "%SRCROOT%"},
        {"uri": (tmp_path.parent / "etl.py").as_uri()},
        {"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"},
    ]


def test_github_shows_one_line_for_each_finding():
    message = "`total` is given `bytes`%0Athis is `bytes`%0Anote: `fetch` is annotated `-> bytes`%0Ahelp: put a step between them"
    assert to_github(ALL).split("\n") == [
        f"::error file=shop/etl.py,line=105,col=18,title=FK201%3A a value that can't fit the parameter::{message}",
        "::warning file=etl.py,line=3,title=FK404%3A clock%2C randomness or I/O in a body::clock",
        "::notice title=FK302%3A dependency cycle::cycle",
        "::error file=a b.py,title=FK999::from a later flowkit",
    ]


def test_github_commands_are_escaped():
    odd = Diagnostic("FK101", Level.ERROR, "100% ::warning::\r\nx, y", (Label(Span("a,b:c%.py", 1, 0, 1)),))
    line = to_github([odd])
    assert "file=a%2Cb%3Ac%25.py,line=1," in line
    assert line.endswith("::100%25 ::warning::%0D%0Ax, y")


@pytest.mark.parametrize("write", [to_json, to_github])
def test_nothing_found_gives_nothing(write):
    assert not write([])


def test_sarif_of_nothing_is_a_log_of_a_clean_run():
    assert sarif()["results"] == []
