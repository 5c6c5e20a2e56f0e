"""Promotion by hand, rollback and history over a real MLflow store; what was rolled back from stays away."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines.commands import cli
from pipelines.core.errors import ConfigurationError, NotMaterializedError
from pipelines.finetune.promotion.aliases import history, make_champion, promote, rollback, withheld
from pipelines.finetune.promotion.promotion import decide
from pipelines.finetune.promotion.registration import carry_out, links
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.tracker import MODEL, Tracker
from tests.finetune.promotion.test_promotion import FEW, candidate
from tests.finetune.promotion.test_registration import FakeRegistry, merged, offered_by_lora


@pytest.fixture
def tracker(home: Path) -> Tracker:
    """Two registered versions, of the recipes lora and qlora; none has an alias."""
    settings = Settings.load()
    made = Tracker(settings.tracking_uri, settings.home)
    made.check()
    client = MlflowClient(made.uri, made.uri)
    client.create_registered_model(MODEL)
    for recipe in ("lora", "qlora"):
        tags = {
            "graftline.key": f"key-{recipe}", "graftline.recipe": recipe, "graftline.model": f"model-{recipe}",
            "graftline.dataset": "d" * 24, "graftline.code": "training 6", "graftline.evaluation": "e" * 24,
            "graftline.verdict": "better", "graftline.decision": f"{recipe} is better than the base",
        }  # fmt: skip
        client.create_model_version(MODEL, str(home / recipe), tags=tags)
    return made


def carried(tracker: Tracker) -> dict[str, str]:
    return tracker.aliases()


def test_the_one_who_was_champion_becomes_previous(tracker: Tracker):
    make_champion(tracker, "1", "first")
    assert carried(tracker) == {"champion": "1"}
    make_champion(tracker, "2", "better")
    make_champion(tracker, "2", "better")
    assert carried(tracker) == {"champion": "2", "previous": "1"}


def test_a_rollback_is_undone_by_a_second_one_to_the_tag(tracker: Tracker):
    make_champion(tracker, "1", "first")
    make_champion(tracker, "2", "better")
    assert "version 1 (lora) again, instead of 2" in rollback(tracker)
    assert carried(tracker) == {"champion": "1", "previous": "2"}
    assert "graftline.withdrawn" in tracker.versions()[0].tags
    assert "version 2 (qlora) again, instead of 1" in rollback(tracker)
    assert carried(tracker) == {"champion": "2", "previous": "1"}
    assert not [version for version in tracker.versions() if "graftline.withdrawn" in version.tags]


def test_a_champion_whose_version_was_deleted_is_rolled_back_from_to_the_one_before(tracker: Tracker):
    make_champion(tracker, "1", "first")
    make_champion(tracker, "2", "better")
    MlflowClient(tracker.uri, tracker.uri).delete_model_version(MODEL, "2")
    assert "version 1 (lora) again: the version that it was is gone" in rollback(tracker)
    assert carried(tracker)["champion"] == "1"
    assert not [version for version in tracker.versions() if "graftline.withdrawn" in version.tags]
    with pytest.raises(NotMaterializedError, match="no version before 1"):
        rollback(tracker)


def test_an_alias_that_stands_for_no_version_is_no_champion(tracker: Tracker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tracker, "aliases", lambda: {"champion": "7"})  # a server keeps it where the version is deleted
    assert tracker.champion() is None
    assert [entry.aliases for entry in history(tracker)] == [(), ()]


def test_without_a_version_before_there_is_nothing_to_go_back_to(tracker: Tracker):
    with pytest.raises(NotMaterializedError, match="no champion"):
        rollback(tracker)
    make_champion(tracker, "1", "first")
    with pytest.raises(NotMaterializedError, match=r"no version before 1.*graftline promote VERSION"):
        rollback(tracker)


def test_a_person_promotes_what_a_night_would_not_and_is_told_what_it_said(tracker: Tracker):
    make_champion(tracker, "2", "better")
    told = promote(tracker, "1")
    assert "Version 1 (lora) is the champion now. It was version 2" in told and "lora is better than the base" in told
    assert carried(tracker) == {"champion": "1", "previous": "2"}
    assert promote(tracker, "1") == "Version 1 (lora) is the champion already."
    rollback(tracker)
    promote(tracker, "1")
    assert not [version for version in tracker.versions() if "graftline.withdrawn" in version.tags]
    with pytest.raises(ConfigurationError, match="version '9'; expected one of 2, 1"):
        promote(tracker, "9")


def test_the_history_links_each_version_to_what_it_was_made_and_judged_by(tracker: Tracker, capsys):
    make_champion(tracker, "2", "better")
    newest, first = history(tracker)
    assert (newest.version, newest.aliases, first.aliases) == ("2", ("champion",), ())
    assert (newest.recipe, newest.dataset, newest.code, newest.evaluation) == (
        "qlora",
        "d" * 24,
        "training 6",
        "e" * 24,
    )
    assert newest.verdict == "better" and newest.registered.startswith("20")
    assert cli.main(["history"]) == 0
    head, row, _ = capsys.readouterr().out.splitlines()
    assert head.split() == ["version", "recipe", "data", "code", "evaluation", "verdict", "aliases", "registered"]
    assert row.split()[:3] == ["2", "qlora", "d" * 12] and "champion" in row
    assert cli.main(["history", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["dataset"] == "d" * 24


def test_the_commands_promote_and_roll_back_the_model_and_leave_the_graph(tracker: Tracker, monkeypatch, capsys):
    monkeypatch.setattr("resources.graph.stores.rollback", lambda _: "the graph")
    assert [cli.main(["promote", number]) for number in ("1", "2")] == [0, 0]
    assert cli.main(["rollback", "--model"]) == 0 and carried(tracker) == {"champion": "1", "previous": "2"}
    assert "the graph" not in capsys.readouterr().out
    for arguments in ([], ["--graph"]):
        assert cli.main(["rollback", *arguments]) == 0 and capsys.readouterr().out == "the graph\n"
    assert carried(tracker) == {"champion": "1", "previous": "2"}


def test_an_empty_registry_says_so_in_each_command(home: Path, capsys):
    assert cli.main(["history"]) == 0 and "graftline run" in capsys.readouterr().out
    assert (cli.main(["promote", "1"]), cli.main(["rollback", "--model"])) == (1, 1)


def test_a_model_that_was_rolled_back_from_is_promoted_by_no_night_and_by_a_person_again(home: Path):
    registry, offered = FakeRegistry(), {"lora": candidate("lora", 9), "qlora": candidate("qlora", 8)}
    first = {"qlora": offered["qlora"]}
    carry_out(decide(first, None, FEW), merged(home, "qlora"), registry, home)
    carry_out(decide(offered, None, FEW), merged(home, "lora", "qlora"), registry, home)
    assert registry.aliases == {"champion": "2", "previous": "1", "challenger": "1"}
    assert withheld(offered, registry)["lora"].refusal() is None
    rollback(registry)
    refusal = withheld(offered, registry)["lora"].refusal()
    assert "rolled back to version 1" in refusal and "graftline promote 2 takes it" in refusal
    decision = decide(withheld(offered, registry), None, FEW)
    assert decision.recipe != "lora" and withheld({"lora": None}, registry) == {"lora": None}
    promote(registry, "2")
    assert withheld(offered, registry)["lora"].refusal() is None


def test_what_is_registered_has_the_digests_of_its_data_and_evaluation_and_its_verdict(home: Path):
    registry, store = FakeRegistry(), offered_by_lora(home)
    linked = links(store, ["lora"])
    carry_out(decide({"lora": candidate("lora", 9)}, None, FEW), merged(home, "lora"), registry, home, linked)
    tags = registry.champion().tags
    assert (tags["graftline.dataset"], tags["graftline.evaluation"]) == ("d1", "e1")
    assert tags["graftline.verdict"] == "promote" and tags["graftline.code"].startswith("training ")
    assert links(TableStore(home / "none"), []) == {}
