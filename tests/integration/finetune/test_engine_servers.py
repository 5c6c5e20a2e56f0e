"""The real servers: vLLM's with two adapters at once, and llama.cpp's where its program is on the PATH."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from resources.engines.batch_engine import dtype_name, stop_token_ids
from resources.engines.engine import InferenceEngine
from resources.engines.options import EngineOptions
from resources.engines.servers import llama_cpp, vllm_server
from resources.engines.servers.served_batch import Launch, RunningServer
from resources.engines.warm import WARM
from tests.resources.engines.test_options import options_for

pytestmark = pytest.mark.slow
QUESTIONS = ["What is the capital of France?", "Name a colour.", "七天内可以退货吗？", "Write one word."]
TOKENS = 24


@pytest.fixture(scope="module")
def prompt_ids(small_model: Path) -> list[list[int]]:
    conversations = [[{"role": "user", "content": question}] for question in QUESTIONS]
    return InferenceEngine("transformers", small_model).render(small_model, conversations)


@pytest.fixture(scope="module")
def reference(small_model: Path, prompt_ids: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    engine = InferenceEngine(
        "transformers", tmp_path_factory.mktemp("transformers"), options=EngineOptions(dtype="float32")
    )
    batch = engine.generate(small_model, prompt_ids, TOKENS)
    WARM.stop()
    assert batch.dtype == "float32"
    return batch.outputs


def test_llama_cpp_answers_as_transformers_does(
    small_model: Path, prompt_ids: list[list[int]], reference: list[Any], tmp_path: Path
) -> None:
    if shutil.which("llama-server") is None:
        pytest.skip("no llama-server on the PATH")
    engine = InferenceEngine("llama.cpp", tmp_path, options=EngineOptions(dtype="float32", max_num_seqs=4))
    batch = engine.generate(small_model, prompt_ids, TOKENS)
    again = engine.generate(small_model, prompt_ids, TOKENS)
    WARM.stop()
    assert (batch.engine, batch.fallback, again.came, batch.dtype) == ("llama.cpp", "", "warm", "float32")
    same = [one["token_ids"] == other["token_ids"] for one, other in zip(batch.outputs, reference, strict=True)]
    assert sum(same) >= 3 and batch.outputs == again.outputs
    assert batch.outputs[0]["text"] == reference[0]["text"] and batch.outputs[0]["finish_reason"] == "stop"


@pytest.fixture(scope="module")
def adapters(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One adapter that changes nothing, and one of noise."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    found = {}
    for name, scale in (("nothing", 0.0), ("noise", 0.5)):
        base = AutoModelForCausalLM.from_pretrained(small_model)
        torch.manual_seed(0)
        network = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
        for weights_name, weights in network.named_parameters():
            if "lora_B" in weights_name:
                torch.nn.init.normal_(weights, std=scale) if scale else torch.nn.init.zeros_(weights)
        found[name] = tmp_path_factory.mktemp("adapters") / name
        network.save_pretrained(found[name])
    return found


def test_vllms_server_answers_with_its_base_and_several_adapters_in_one_start(
    small_model: Path, prompt_ids: list[list[int]], adapters: dict[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("vllm")
    stop = stop_token_ids(small_model)
    launch = Launch(small_model, "base", 0, 1024, 8, dtype_name(), tmp_path, adapters=adapters)
    with RunningServer(vllm_server.SERVER, launch, tmp_path / "server.log") as server:
        base = server.generate(prompt_ids, TOKENS, stop)
        same = server.generate(prompt_ids, TOKENS, stop, adapter="nothing")
        other = server.generate(prompt_ids, TOKENS, stop, adapter="noise")
        pids = server.server.pids
    assert "Paris" in base[0].text and base[0].token_ids is not None and base[0].token_ids[-1] in stop
    assert [one.token_ids for one in same] == [one.token_ids for one in base] != [one.token_ids for one in other]
    assert base[0].prompt_tokens == len(prompt_ids[0]) and base[0].cached is not None
    assert pids and not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_vllms_server_answers_a_batch_of_the_engine(
    small_model: Path, prompt_ids: list[list[int]], reference: list[Any], tmp_path: Path
) -> None:
    pytest.importorskip("vllm")
    options = EngineOptions(dtype="float32", max_num_seqs=4, prefix_caching=True)
    batch = InferenceEngine("vllm-server", tmp_path, options=options).generate(small_model, prompt_ids, TOKENS)
    WARM.stop()
    assert (batch.engine, batch.fallback, batch.dtype) == ("vllm-server", "", "float32")
    same = [one["token_ids"] == other["token_ids"] for one, other in zip(batch.outputs, reference, strict=True)]
    assert sum(same) >= 3


def test_vllms_own_parser_takes_every_option_of_its_server(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    options = options_for("vllm-server")
    launch = Launch(small_model, "base", 4321, 5000, 64, "float16", tmp_path, options)
    words = vllm_server.SERVER.command(launch)
    parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(words[words.index("--model") :])
    found = AsyncEngineArgs.from_cli_args(parsed)
    assert {flag: getattr(found, flag) for flag in vllm_server.FLAGS.values()} == {
        flag: options.given[name] for name, flag in vllm_server.FLAGS.items()
    }
    assert (found.max_model_len, found.max_num_seqs, found.dtype) == (5000, 7, "float16")
    assert found.speculative_config == {"model": "/models/draft", "num_speculative_tokens": 6}


def test_llama_cpp_takes_every_option_of_its_server(
    small_model: Path, prompt_ids: list[list[int]], tmp_path: Path
) -> None:
    if shutil.which("llama-server") is None:
        pytest.skip("no llama-server on the PATH")
    options = options_for("llama.cpp").model_copy(update={"draft_model": str(small_model), "max_model_len": 512})
    launch = Launch(small_model, "base", 0, 512, 4, "bfloat16", tmp_path, options)
    with RunningServer(llama_cpp.SERVER, launch, tmp_path / "server.log") as server:
        assert all(one.token_ids for one in server.generate(prompt_ids, 8, stop_token_ids(small_model)))
