"""The prompts are files: packaged in both languages, and a folder may hold others."""

from pathlib import Path

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.chat.chat import Chat
from pipelines.answering.chat.memory import Conversations
from pipelines.answering.prompts.prompt_files import PROMPTS, load_prompts
from pipelines.core.errors import ConfigurationError
from pipelines.text.languages.languages import LANGUAGES
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel


def test_question_and_sources_are_put_in_as_they_are() -> None:
    system, user = load_prompts().messages("How $deep is {it}?", "[1] $sources ${question}", LANGUAGES["en"])
    assert system["role"] == "system" and "[2][5]" in system["content"]
    assert user == {"role": "user", "content": "Sources:\n\n[1] $sources ${question}\n\nQuestion: How $deep is {it}?"}


def test_a_chinese_question_is_asked_in_chinese() -> None:
    system, user = load_prompts().messages("多深？", "[1] 深。", LANGUAGES["zh"])
    assert "资料" in system["content"] and user["content"] == "资料：\n\n[1] 深。\n\n问题：多深？"


def test_a_folder_changes_what_it_holds_and_the_digest(tmp_path: Path) -> None:
    (tmp_path / "question.en.md").write_text("Q $question S $sources for $$5\n", encoding="utf-8")
    own = load_prompts(tmp_path)
    system, user = own.messages("A?", "B", LANGUAGES["en"])
    assert user["content"] == "Q A? S B for $5"
    assert system == load_prompts().messages("A?", "B", LANGUAGES["en"])[0]
    assert own.digest("question") != load_prompts().digest("question")
    assert own.digest("system", "agent") == load_prompts().digest("system", "agent")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("question.en.md", "only $question", "no $sources"),
        ("question.en.md", "$question $sources $answer", "$answer"),
        ("question.en.md", "$question $sources 5$", "a $ that begins no placeholder"),
        ("frage.md", "$question", "a name that nothing reads"),
        ("agents.en.md", "", "rename it to agent.en.md"),
        ("terms.de.md", "$question", "rename it to terms."),
        ("cypher.en.txt", "$graph", "rename it to cypher.en.md"),
        ("cypher.zh.md", "$rows", "no $graph"),
        ("agent.en.md", "$step", "the placeholders $steps and $$"),
        ("verdict.en.md", "$sentence", "no $sources"),
        ("notes.txt", "", "without a prompt in it"),
    ],
)
def test_a_prompt_that_will_not_do_is_refused(tmp_path: Path, name: str, text: str, found: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="GRAFTLINE_PROMPTS") as refused:
        load_prompts(tmp_path)
    assert found in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"):
        load_prompts(tmp_path / "nowhere")


def test_every_prompt_is_there_in_every_language_and_may_be_given_as_it_is(tmp_path: Path) -> None:
    packaged = load_prompts()
    assert {name.partition(".")[0] for name in packaged.texts} == set(PROMPTS)
    for name in PROMPTS:
        for code in LANGUAGES:
            assert packaged.has(name, code)
            (tmp_path / f"{name}.{code}.md").write_text(packaged.texts[f"{name}.{code}"], encoding="utf-8")
    assert load_prompts(tmp_path) == packaged


@pytest.mark.parametrize(
    ("name", "text", "mode", "differs"),
    [
        ("agent.en.md", "Look it up.", "agentic", True),
        ("agent.en.md", "Look it up.", "native", False),
        ("cypher.en.md", "Cypher for $graph", "cypher", True),
        ("terms.zh.md", "$question", "native", True),
        ("system.en.md", "Answer.", "native", True),
        ("standalone.en.md", "$conversation $question", "native", False),
        ("verdict.en.md", "$sources $sentence", "native", False),
    ],
)
def test_the_answers_id_depends_on_what_the_model_is_told_in_its_mode(
    tmp_path: Path, name: str, text: str, mode: str, differs: bool
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    model = FakeLanguageModel()
    model.packaged = False
    made = [
        Answerer(store=build_store(), embedder=FakeEmbedder(), language_model=model, prompts=at).made_in(mode)
        for at in (None, tmp_path)
    ]
    assert (made[0] != made[1]) == differs


def test_a_folders_prompts_are_what_agent_translation_and_rewriting_are_told(tmp_path: Path) -> None:
    for name, text in (("agent.en", "AGENT"), ("terms.en", "TERMS $question"), ("standalone.en", "ALONE $question")):
        (tmp_path / f"{name}.md").write_text(f"{text} $conversation" if "ALONE" in text else text, encoding="utf-8")
    model = FakeLanguageModel(lambda messages: "tent")
    model.packaged = False
    store = build_store()
    with Answerer(
        store=store, embedder=FakeEmbedder(languages=("en",)), language_model=model, prompts=tmp_path
    ) as answerer:
        answerer.ask("Where is the tent?", "agentic")
        answerer.ask("帐篷在哪里？", "native")
        chat = Chat(answerer, Conversations(tmp_path / "chats.sqlite"))
        list(chat.ask("Where is it?", "native", [{"role": "user", "content": "A tent?"}]))
    told = [call[0][0]["content"] for call in model.calls]
    assert "AGENT" in told and "TERMS 帐篷在哪里？" in told and "ALONE Where is it? user: A tent?" in told
