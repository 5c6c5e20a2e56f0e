"""No user and no password of an address is shown, whatever else stands around it."""

import traceback
from pathlib import Path

import pytest

from pipelines.commands.doctor import doctor_report
from pipelines.core.errors import InputError, ServiceError
from pipelines.core.masked import masked, without_user
from pipelines.knowledge.documents.addresses import RemoteFile, remote_files
from resources.settings import Settings

ADDRESSES = [
    "http://joe:s3cret@127.0.0.1:9",
    "bolt://neo4j:s3cret@127.0.0.1:1",
    "bolt://neo4j:s3cr@s3cret@127.0.0.1:1/x",
    "bolt://neo4j:s3/s3cret@127.0.0.1:1",
    "https://s3cret@host/v1",
    "zip://*.md::sftp://joe:s3cret@host/docs.zip",
    "https://host/docs?sv=2&sig=s3cret&x=1",
    "postgresql+psycopg2://joe:s3cret@host/mlflow",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_secret_is_hidden_in_a_text_and_in_an_error(address: str):
    assert "s3c" not in masked(f"found {address}; expected") and "found " in masked(f"found {address}; expected")
    error = InputError(address, address, "documents", f"open {address}")
    assert "s3c" not in f"{error} {error.where} {error.found} {error.fix}"


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/a@b/*.md", "http://host:80/a@b", "http://[::1]:80/a", "sqlite:////a/b@c.db", "joe@host", "a: b@c"],
)
def test_what_holds_no_secret_stays(address: str):
    assert masked(address) == without_user(address) == address


def test_a_file_system_that_quotes_its_address_is_not_quoted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Quoting:
        def find(self, *_: object, **__: object) -> None:
            raise RuntimeError("no answer from http://joe:s3cret@host/docs")

        open = find

    with pytest.raises(OSError, match="no answer from http://•••@host/docs") as caught:
        RemoteFile("a.md", 1, "", "a.md", Quoting(), tmp_path).fetch()
    assert "s3cret" not in "".join(traceback.format_exception_only(caught.value))
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda root: (Quoting(), "docs"))
    with pytest.raises(ServiceError, match="no answer from http://•••@host/docs") as told:
        remote_files("http://joe:s3cret@host/docs", "http://joe:s3cret@host/docs", tmp_path)
    assert told.value.__suppress_context__  # else Dagster shows the text of what is behind it


def test_doctor_shows_no_password_of_an_address_neither_as_setting_nor_as_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "")
    addresses = {
        "MLFLOW_TRACKING_URI": "http://joe:s3cretpw@127.0.0.1:9",
        "NEO4J_URI": "bolt://neo4j:s3cretpw@127.0.0.1:1",
        "LLM_BASE_URL": "http://joe:s3cretpw@127.0.0.1:9/v1",
        "LLM_MODEL": "m",
        "EMBEDDING_BASE_URL": "http://joe:s3cretpw@127.0.0.1:9/v1",
        "GRAFTLINE_DOCUMENTS": "nosuch://joe:s3cretpw@127.0.0.1/docs",
        "GRAFTLINE_HOME": str(tmp_path),
    }
    lines, problems = doctor_report(Settings.read(addresses, tmp_path / "none"))
    assert "s3cretpw" not in "\n".join([*lines, *problems])
    assert any("http://•••@127.0.0.1:9 " in line for line in lines)
    told = " ".join(problems)
    assert all(name in told for name in ("NEO4J_URI", "LLM_BASE_URL", "MLFLOW_TRACKING_URI", "GRAFTLINE_DOCUMENTS"))
