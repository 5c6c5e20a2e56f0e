"""Every option reaches every engine that has it, and is refused by name by one that has not."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.core.errors import ConfigurationError
from resources.engines import transformers_batch, vllm_batch
from resources.engines.batch_engine import CannotRun, Engine
from resources.engines.engine import InferenceEngine
from resources.engines.engines import engine_named, engine_names, require_options, skipped
from resources.engines.kept_model import KeptModel
from resources.engines.options import SAMPLING, EngineOptions, engine_options
from resources.engines.servers import gguf_file, llama_cpp, sglang_server, tensorrt_llm, vllm_server
from resources.engines.servers.protocols import HOSTED, LLAMA_CPP, SGLANG, TRTLLM, VLLM, Asked
from resources.engines.servers.served_batch import Launch, LocalEngine
from resources.settings import Settings

VALUES: dict[str, Any] = {
    "tensor_parallel": 2, "pipeline_parallel": 3, "data_parallel": 4, "dtype": "float16", "quantization": "fp8",
    "max_model_len": 5000, "max_num_seqs": 7, "max_num_batched_tokens": 999, "gpu_memory_share": 0.55,
    "kv_cache_bytes": 123456, "prefix_caching": False, "attention_backend": "FLASHINFER", "speculative_tokens": 6,
    "draft_model": "/models/draft", "temperature": 0.7, "top_p": 0.9, "top_k": 11, "min_p": 0.05,
    "repetition_penalty": 1.1, "seed": 17, "served_model": "theirs",
}  # fmt: skip
SERVERS = {
    "vllm-server": (vllm_server.SERVER, VLLM),
    "sglang": (sglang_server.SERVER, SGLANG),
    "tensorrt-llm": (tensorrt_llm.SERVER, TRTLLM),
    "llama.cpp": (llama_cpp.SERVER, LLAMA_CPP),
}
"""The values of VALUES, as each engine writes them."""
IN_COMMAND = {
    "vllm-server": {
        "tensor_parallel": "--tensor-parallel-size 2", "pipeline_parallel": "--pipeline-parallel-size 3",
        "data_parallel": "--data-parallel-size 4", "dtype": "--dtype float16", "quantization": "--quantization fp8",
        "max_model_len": "--max-model-len 5000", "max_num_seqs": "--max-num-seqs 7",
        "max_num_batched_tokens": "--max-num-batched-tokens 999", "gpu_memory_share": "--gpu-memory-utilization 0.55",
        "kv_cache_bytes": "--kv-cache-memory-bytes 123456", "prefix_caching": "--no-enable-prefix-caching",
        "attention_backend": "--attention-backend FLASHINFER",
        "speculative_tokens": '"num_speculative_tokens": 6', "draft_model": '"model": "/models/draft"',
    },
    "sglang": {
        "tensor_parallel": "--tp-size 2", "pipeline_parallel": "--pp-size 3", "data_parallel": "--dp-size 4",
        "dtype": "--dtype float16", "quantization": "--quantization fp8", "max_model_len": "--context-length 5000",
        "max_num_seqs": "--max-running-requests 7", "max_num_batched_tokens": "--chunked-prefill-size 999",
        "gpu_memory_share": "--mem-fraction-static 0.55", "prefix_caching": "--disable-radix-cache",
        "attention_backend": "--attention-backend FLASHINFER",
        "speculative_tokens": "--speculative-num-draft-tokens 6",
        "draft_model": "--speculative-algorithm STANDALONE --speculative-draft-model-path /models/draft",
    },
    "tensorrt-llm": {
        "tensor_parallel": "--tp_size 2", "pipeline_parallel": "--pp_size 3", "dtype": "dtype: float16",
        "quantization": "quant_algo: FP8", "max_model_len": "--max_seq_len 5000", "max_num_seqs": "--max_batch_size 7",
        "max_num_batched_tokens": "--max_num_tokens 999",
        "gpu_memory_share": "--kv_cache_free_gpu_memory_fraction 0.55", "prefix_caching": "enable_block_reuse: false",
        "attention_backend": "attn_backend: FLASHINFER", "speculative_tokens": "max_draft_len: 6",
        "draft_model": "speculative_model_dir: /models/draft",
    },
    "llama.cpp": {
        "dtype": "float16.gguf", "quantization": "q8_0.gguf", "max_model_len": "--ctx-size 35000",
        "max_num_seqs": "--parallel 7", "max_num_batched_tokens": "--batch-size 999 --ubatch-size 999",
        "prefix_caching": "--cache-prompt", "attention_backend": "--flash-attn on",
        "speculative_tokens": "--spec-draft-n-max 6", "draft_model": "--spec-draft-model",
    },
}  # fmt: skip
OF_LLAMA = {"quantization": "q8_0", "prefix_caching": True, "attention_backend": "on"}


def options_for(engine: str) -> EngineOptions:
    takes = engine_named(engine).takes
    values = VALUES | (OF_LLAMA if engine == "llama.cpp" else {})
    return EngineOptions(**{name: value for name, value in values.items() if name in takes})


def launched(server: LocalEngine, options: EngineOptions, folder: Path, **more: Any) -> str:
    asked = options.given
    launch = Launch(
        Path("/models/base"),
        "base",
        4321,
        asked.get("max_model_len", 1024),
        64,
        asked.get("dtype", "bfloat16"),
        folder,
        options,
        **more,
    )
    command = " ".join(server.command(launch))
    return command + "\n" + "".join(path.read_text() for path in folder.glob("*.yaml"))


@pytest.fixture(autouse=True)
def _no_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_file, "gguf_of", lambda model, kind, folder: folder / f"{model.name}-{kind}.gguf")


@pytest.mark.parametrize("engine", SERVERS)
def test_each_option_that_a_server_has_is_in_its_command_or_file(engine: str, tmp_path: Path) -> None:
    options, expected = options_for(engine), IN_COMMAND[engine]
    assert options.given.keys() == expected.keys() | SAMPLING.keys()  # nothing that it has is left untested
    if engine == "llama.cpp":  # a file is of one kind, which quantization then says
        command = launched(SERVERS[engine][0], options.model_copy(update={"quantization": None}), tmp_path)
        assert expected["dtype"] in command
        expected = {name: text for name, text in expected.items() if name != "dtype"}
    command = launched(SERVERS[engine][0], options, tmp_path)
    missing = {name: text for name, text in expected.items() if text not in command}
    assert not missing, command
    assert "127.0.0.1" in command and "4321" in command


@pytest.mark.parametrize("engine", SERVERS)
def test_sampling_reaches_the_request_and_without_it_the_likeliest_is_taken(engine: str) -> None:
    protocol = SERVERS[engine][1]
    renamed = {"repetition_penalty": "repeat_penalty"} if engine == "llama.cpp" else {}
    drawn = protocol.body(Asked("base", [1, 2], 5, [7], options_for(engine).sampling))
    assert {name: drawn[renamed.get(name, name)] for name in SAMPLING} == {name: VALUES[name] for name in SAMPLING}
    greedy = protocol.body(Asked("base", [1, 2], 5, [7], EngineOptions().sampling))
    assert (greedy["temperature"], greedy["seed"], greedy["prompt"]) == (0.0, 0, [1, 2])


def test_a_hosted_server_gets_sampling_and_nothing_else_can_be_asked_of_it() -> None:
    body = HOSTED.body(Asked("theirs", [1], 5, [7], options_for("hosted").sampling))
    assert {name: body[name] for name in SAMPLING} == {name: VALUES[name] for name in SAMPLING}
    with pytest.raises(ConfigurationError, match="tensor_parallel, which hosted does not have"):
        require_options("hosted", EngineOptions(tensor_parallel=2))


def test_vllm_offline_gets_what_its_server_gets() -> None:
    found = vllm_batch.arguments(options_for("vllm"), 64)
    assert found == {
        "tensor_parallel_size": 2, "pipeline_parallel_size": 3, "dtype": "float16", "quantization": "fp8",
        "max_model_len": 5000, "max_num_seqs": 7, "max_num_batched_tokens": 999, "gpu_memory_utilization": 0.55,
        "kv_cache_memory_bytes": 123456, "enable_prefix_caching": False, "attention_backend": "FLASHINFER",
        "speculative_config": {"model": "/models/draft", "num_speculative_tokens": 6},
    }  # fmt: skip
    assert vllm_batch.arguments(EngineOptions(dtype="float32"), 64) == {
        "dtype": "float32",
        "max_model_len": -1,
        "max_num_seqs": 64,
    }


@pytest.mark.slow
def test_vllms_own_arguments_have_these_names() -> None:
    pytest.importorskip("vllm")
    import dataclasses

    from vllm.engine.arg_utils import EngineArgs

    names = {field.name for field in dataclasses.fields(EngineArgs)}
    assert {*vllm_batch.arguments(options_for("vllm"), 64), *vllm_server.FLAGS.values()} <= names


def test_transformers_draws_only_where_a_temperature_is_asked_for() -> None:
    greedy = transformers_batch.generation_arguments(EngineOptions(top_k=5).sampling)
    assert greedy == {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    drawn = transformers_batch.generation_arguments(options_for("transformers").sampling)
    assert drawn == {
        "do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 11, "min_p": 0.05, "repetition_penalty": 1.1,
    }  # fmt: skip


@pytest.mark.parametrize("engine", engine_names())
def test_what_an_engine_does_not_have_is_refused_by_name_before_it_starts(engine: str, tmp_path: Path) -> None:
    takes = engine_named(engine).takes
    refused = [name for name in VALUES if name not in takes]
    assert refused  # no engine has all of them
    for name in refused:
        options = EngineOptions(**{name: VALUES[name], **({"speculative_tokens": 1} if name == "draft_model" else {})})
        with pytest.raises(ConfigurationError, match=rf"(speculative_tokens|{name}), which {engine} does not have"):
            InferenceEngine(engine, tmp_path, options=options)


@pytest.mark.parametrize(
    ("engine", "asked", "told"),
    [
        ("vllm", {"quantization": "q8_0"}, "quantization = 'q8_0'; expected for vllm one of awq, gptq, fp8"),
        ("llama.cpp", {"quantization": "awq"}, "one of q8_0, q4_0.*set GRAFTLINE_ENGINE to one of vllm"),
        ("transformers", {"attention_backend": "FLASHINFER"}, "one of eager, sdpa"),
    ],
)
def test_a_value_that_an_engine_does_not_know_is_refused(engine: str, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        require_options(engine, EngineOptions(**asked))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "a JSON object"),
        ("[1]", "not an object"),
        ('{"max_num_seq": 3}', "'max_num_seq'.*write max_num_seqs instead"),
        ('{"max_num_seqs": 0}', "max_num_seqs = 0"),
        ('{"max_num_seqs": "3"}', "max_num_seqs = '3'"),
        ('{"gpu_memory_share": 1.5}', "gpu_memory_share = 1.5"),
        ('{"draft_model": "/m"}', "draft_model needs speculative_tokens"),
    ],
)
def test_options_that_are_wrong_are_named(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        engine_options(text)


def test_the_settings_reach_the_engine_and_a_text_depends_on_them(tmp_path: Path) -> None:
    settings = Settings.load(
        {
            "GRAFTLINE_ENGINE": "hosted",
            "GRAFTLINE_ENGINE_OPTIONS": '{"temperature": 0.5}',
            "GRAFTLINE_ENGINE_URL": "https://joe:pass@host/v1",
            "GRAFTLINE_ENGINE_API_KEY": "sk-secret",
        },
        tmp_path,
    )
    engine = InferenceEngine.of(settings, tmp_path)
    assert engine.options == EngineOptions(temperature=0.5)
    assert "https://host/v1" in engine.made_with and '{"temperature": 0.5}' in engine.made_with
    assert "pass" not in engine.made_with and "sk-secret" not in f"{settings!r}{engine.made_with}"
    with pytest.raises(ConfigurationError, match=r"GRAFTLINE_ENGINE_OPTIONS.*'max_num_seq'"):
        Settings.load({"GRAFTLINE_ENGINE_OPTIONS": '{"max_num_seq": 3}'}, tmp_path)


def test_several_adapters_are_served_at_once_with_room_for_the_largest_rank(tmp_path: Path) -> None:
    adapters = {}
    for name, config in (("one", {"r": 8}), ("two", {"r": 8, "rank_pattern": {"q_proj": 24}})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps(config))
        adapters[name] = tmp_path / name
    command = launched(vllm_server.SERVER, EngineOptions(), tmp_path, adapters=adapters)
    modules = f"--lora-modules one={tmp_path / 'one'} two={tmp_path / 'two'}"
    assert "--enable-lora --max-loras 2 --max-lora-rank 32" in command and modules in command
    command = launched(sglang_server.SERVER, EngineOptions(), tmp_path, adapters=adapters)
    assert f"--enable-lora --lora-paths one={tmp_path / 'one'} two={tmp_path / 'two'}" in command


def test_guesses_without_a_draft_model_come_from_the_prompt(tmp_path: Path) -> None:
    options = EngineOptions(speculative_tokens=3)
    assert '"method": "ngram"' in launched(vllm_server.SERVER, options, tmp_path)
    assert "--speculative-algorithm NGRAM" in launched(sglang_server.SERVER, options, tmp_path)
    assert "--spec-type ngram-simple" in launched(llama_cpp.SERVER, options, tmp_path)
    launched(tensorrt_llm.SERVER, options, tmp_path)
    extra = yaml.safe_load((tmp_path / "trtllm.yaml").read_text())
    assert extra["speculative_config"] == {"decoding_type": "NGram", "max_draft_len": 3}


def test_engines_that_cannot_run_here_are_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    reasons = skipped({})
    assert reasons["llama.cpp"] == "no llama-server on the PATH"
    assert reasons["tensorrt-llm"] == "no trtllm-serve on the PATH"
    assert reasons["hosted"] == "GRAFTLINE_ENGINE_URL is not set" and "transformers" not in reasons


def test_what_runs_in_an_engines_place_says_which_options_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def refuse(model: str, room: int, job: dict[str, Any]) -> Any:
        raise CannotRun("no such architecture")

    def take(model: str, room: int, job: dict[str, Any]) -> Any:
        seen.append(job["options"])
        return object()

    table = {"vllm": Engine(refuse, "vllm"), "transformers": Engine(take, "json", takes=transformers_batch.TAKES)}
    monkeypatch.setattr("resources.engines.kept_model.engine_named", table.__getitem__)
    kept = KeptModel("vllm")
    kept._start("model", 10, {"options": {"max_num_seqs": 8, "temperature": 0.5}})
    assert kept.fallback == "no such architecture; without max_num_seqs, which transformers does not have"
    assert seen == [{"temperature": 0.5}]
