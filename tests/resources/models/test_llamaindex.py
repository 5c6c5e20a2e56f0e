"""A LlamaIndex class behind the language model, over LlamaIndex's own classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.llms import MockLLM

from pipelines.core.errors import ConfigurationError, ServiceError
from resources.models.language_model import CachedLanguageModel, open_language_model
from resources.settings import Settings

MOCK = "llamaindex:llama_index.core.llms.MockLLM"
OWN = f"llamaindex:{__name__}.CapitalLLM"


class CapitalLLM(MockLLM):
    """Answers with the last message in capitals, with counts of tokens; "fail" fails, and tells its key."""

    temperature: float = 0.7
    api_key: str = ""
    broken: bool = False
    calls: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, temperature: float = 0.7, api_key: str = "", broken: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.temperature, self.api_key, self.broken = temperature, api_key, broken

    def chat(self, messages: Sequence[ChatMessage], **options: Any) -> ChatResponse:
        text = messages[-1].content or ""
        if text == "fail" or self.broken:
            raise RuntimeError(f"the key {self.api_key} is wrong")
        roles = [message.role.value for message in messages]
        self.calls.append({"text": text, "roles": roles, "temperature": self.temperature, **options})
        counts = {"prompt_tokens": 7, "completion_tokens": 3}
        return ChatResponse(message=ChatMessage(role="assistant", content=text.upper()), additional_kwargs=counts)


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CapitalLLM.calls.clear()


def opened(tmp_path: Path, model: str = OWN, **values: str) -> CachedLanguageModel:
    given = {"GRAFTLINE_HOME": str(tmp_path), "LLM_MODEL": model} | values
    return open_language_model(Settings.load(given, tmp_path / "none"))


def asked(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be loud."}, {"role": "user", "content": text}]


def test_a_class_that_the_settings_name_answers_greedily_within_the_limit_and_once(tmp_path: Path) -> None:
    first, second = opened(tmp_path).complete([asked("tents"), asked("boots")], 5)
    assert (first.text, second.text) == ("TENTS", "BOOTS")
    assert (first.prompt_tokens, first.completion_tokens) == (7, 3)
    call = {"text": "tents", "roles": ["system", "user"], "temperature": 0.0, "max_tokens": 5}
    assert CapitalLLM.calls[0] == call
    assert opened(tmp_path).complete([asked("tents")], 5)[0].cached and len(CapitalLLM.calls) == 2


def test_options_go_before_what_we_would_choose(tmp_path: Path) -> None:
    opened(tmp_path, LLM_OPTIONS='{"temperature": 0.3}').complete([asked("tents")], 5)
    assert CapitalLLM.calls[0]["temperature"] == 0.3
    assert opened(tmp_path, LLM_OPTIONS='{"temperature": 0.3}').name != opened(tmp_path).name


def test_a_schema_is_asked_for_in_words(tmp_path: Path) -> None:
    opened(tmp_path).complete([asked("tents")], 5, {"type": "object"})
    assert CapitalLLM.calls[0]["text"].startswith("tents\n") and '{"type": "object"}' in CapitalLLM.calls[0]["text"]


def test_llamaindexs_own_mock_answers_without_counts(tmp_path: Path) -> None:
    (answer,) = opened(tmp_path, MOCK, LLM_OPTIONS='{"max_tokens": 3}').complete([asked("tents")], 5)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("text text text", 0, 0)


def test_an_error_names_the_class_and_no_key(tmp_path: Path) -> None:
    with pytest.raises(
        ServiceError, match=r"LLM_MODEL=llamaindex:.*CapitalLLM: found RuntimeError: the key •••"
    ) as caught:
        opened(tmp_path, LLM_API_KEY="sk-secret", LLM_OPTIONS='{"broken": true}').complete([asked("tents")], 5)
    assert "sk-secret" not in str(caught.value)


def test_an_error_of_one_prompt_is_its_failure_and_is_not_kept(tmp_path: Path) -> None:
    for _ in range(2):
        failed, fine = opened(tmp_path, LLM_API_KEY="sk-secret").complete([asked("fail"), asked("tents")], 5)
        assert failed.failure == "RuntimeError: the key ••• is wrong" and fine.text == "TENTS"
    (alone,) = opened(tmp_path, LLM_API_KEY="sk-secret").complete([asked("fail")], 5)
    assert alone.failure


def test_check_says_what_is_wrong_with_the_class_and_asks_nothing(tmp_path: Path) -> None:
    opened(tmp_path).check()
    assert CapitalLLM.calls == []
    with pytest.raises(ConfigurationError, match="pip install the package"):
        opened(tmp_path, "llamaindex:llama_index.llms.nobody.LLM").check()
    with pytest.raises(ConfigurationError, match="made from LlamaIndex's LLM"):
        opened(tmp_path, "llamaindex:llama_index.core.embeddings.MockEmbedding").check()
