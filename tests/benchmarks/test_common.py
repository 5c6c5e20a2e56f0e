"""The parts of the benchmarks that compute and write, without any training."""

import json

import pytest

from benchmarks.ground.common import Row, finish, interleave, machine, markdown, parse, result, table


def test_a_target_is_met_from_its_own_side():
    assert Row("speed", "x", ">= 1.3", 1.3).met is True
    assert Row("speed", "x", ">= 1.3", 1.29).met is False
    assert Row("memory", "x", "<= 0.6", 0.59).met is True
    assert Row("memory", "x", "<= 0.6", 0.61).met is False
    assert Row("gain", "share", "> 0", 0.001).met is True
    assert Row("gain", "share", "> 0", 0.0).met is False


def test_a_row_without_a_value_neither_meets_nor_misses():
    assert Row("speed", "x", ">= 1.3", note="not measured: no peer").met is None


def test_the_order_of_the_parties_turns_round_by_round():
    calls = []
    found = interleave(3, {name: lambda turn, name=name: calls.append((name, turn)) or turn for name in ("we", "peer")})
    assert calls == [("we", 0), ("peer", 0), ("peer", 1), ("we", 1), ("we", 2), ("peer", 2)]
    assert found == {"we": [0, 1, 2], "peer": [0, 1, 2]}


def test_an_unknown_row_is_refused_by_name(capsys):
    with pytest.raises(SystemExit):
        parse("finetune", ["sft_best"], ["--rows", "sft_bets"])
    assert "sft_bets" in capsys.readouterr().err


def test_rows_default_to_all_and_keep_their_order():
    assert parse("finetune", ["b", "a"], []).rows == ["b", "a"]
    assert parse("finetune", ["b", "a"], ["--rows", "a, b"]).rows == ["a", "b"]


def test_the_json_has_the_agreed_shape(tmp_path, capsys):
    rows = [
        Row("sft_best", "x", ">= 1.3", 1.5, 300.0, 200.0, "a note"),
        Row("prep_delta", "x", ">= 20", note="no data"),
    ]
    options = parse("finetune", ["sft_best"], ["--json", str(tmp_path / "new" / "out.json")])
    finish(
        options,
        result("finetune", rows, machine(), versions={"llamafactory": "0.9.5"}),
        "python -m benchmarks.finetune",
    )
    found = json.loads((tmp_path / "new" / "out.json").read_text(encoding="utf-8"))
    assert {"benchmark", "machine", "versions", "rows"} <= set(found)
    assert found["rows"][0] == {
        "id": "sft_best",
        "value": 1.5,
        "unit": "x",
        "target": ">= 1.3",
        "ours": 300.0,
        "peer": 200.0,
        "note": "a note",
    }
    assert found["rows"][1]["value"] is None and found["rows"][1]["note"] == "no data"
    assert found["versions"]["llamafactory"] == "0.9.5" and "python" in found["versions"]
    assert found["machine"]["cores"] >= 1
    assert "sft_best" in capsys.readouterr().out


def test_the_table_lines_up_and_shows_a_missing_value_as_a_dash():
    lines = table([Row("a", "x", ">= 1", 12.3456, 2000.4, 1.0), Row("longer_id", "s", "<= 2", note="why")]).split("\n")
    assert lines[1].split() == ["a", "12.35", ">=", "1", "yes", "2,000", "1", "x"]
    assert lines[2].split()[:2] == ["longer_id", "–"]
    assert lines[0].index("value") == lines[1].index("12.35")
    assert lines[-1] == "longer_id: why"


def test_the_page_names_machine_command_and_details():
    found = result(
        "finetune", [Row("a", "x", ">= 1", 2.0, note="why")], machine(), details={"Grid": "1 tokens/s: batch=4"}
    )
    page = markdown(found, "python -m benchmarks.finetune --quick")
    assert "`python -m benchmarks.finetune --quick`" in page
    assert found["machine"]["processor"] in page
    assert "| a | 2 | >= 1 | yes | – | – | x |" in page
    assert "- `a`: why" in page and "## Grid\n```\n1 tokens/s: batch=4\n```" in page


def test_keep_leaves_the_rows_of_earlier_runs_and_replaces_those_measured_again(tmp_path, capsys):
    path = tmp_path / "all.json"
    for arguments, rows in (
        ([], [Row("a", "x", ">= 1", 1.0), Row("b", "x", ">= 1", 2.0)]),
        (["--keep"], [Row("b", "x", ">= 1", 3.0), Row("c", "x", ">= 1", 4.0)]),
    ):
        options = parse("finetune", ["a", "b", "c"], ["--json", str(path), *arguments])
        finish(options, result("finetune", rows, machine()), "python -m benchmarks.finetune")
    found = {row["id"]: row["value"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]}
    assert found == {"a": 1.0, "b": 3.0, "c": 4.0}


def test_a_kept_row_says_where_it_was_measured_when_that_was_elsewhere(tmp_path, capsys):
    path = tmp_path / "all.json"
    hosts = [{**machine(), "features": ["avx2"]}, {**machine(), "features": ["amx_bf16"]}]
    for host, row in zip([*hosts, hosts[1]], ("a", "b", "c"), strict=True):
        options = parse("finetune", ["a", "b", "c"], ["--json", str(path), "--keep"])
        finish(options, result("finetune", [Row(row, "x", ">= 1", 1.0)], host), "python -m benchmarks.finetune")
    notes = [row["note"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    assert notes[0].startswith("measured on ") and "(avx2)" in notes[0]
    assert notes[1:] == ["", ""]
