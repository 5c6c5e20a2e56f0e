"""Swap: a language model behind an address. LLM_BASE_URL, LLM_MODEL and LLM_API_KEY are all that changes.

LLM_BASE_URL=http://localhost:8000/v1 LLM_MODEL=NAME python examples/hosted_model.py
"""

from small_world import small_world

if __name__ == "__main__":
    with small_world():
        from resources.models.language_model import open_language_model
        from resources.settings import Settings

        model = open_language_model(Settings.load())
        question = [{"role": "user", "content": "Who manages the Halden warehouse?"}]
        (answer,) = model.complete([question], max_tokens=64)
        print(f"{model.name}: {answer.text} ({answer.prompt_tokens} + {answer.completion_tokens} tokens)")
