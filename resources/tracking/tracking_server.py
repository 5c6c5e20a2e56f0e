"""Whether MLflow's server or database is there, asked once and within seconds; and the credentials of its address."""

import base64
import os
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from pipelines.core.errors import ConfigurationError
from pipelines.core.masked import user_of, without_user

USERNAME, PASSWORD, TOKEN = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"
_REACHABLE_SECONDS = 5.0
_DRIVERS = {
    "postgresql": "psycopg2-binary",
    "mysql": "mysqlclient (or PyMySQL, with mysql+pymysql://…)",
    "mssql": "pyodbc",
}


def take_credentials(uri: str) -> str:
    """Return a server's address without its user and password, which go where MLflow's client looks for them.

    They also reach the child processes there, and neither a link nor a message of MLflow's shows them.
    """
    user, _, password = user_of(uri).partition(":")
    if not uri.startswith("http") or not user:
        return uri
    os.environ[USERNAME], os.environ[PASSWORD] = unquote(user), unquote(password)
    return without_user(uri)


def require_server(uri: str) -> None:
    """Raise OSError where nobody answers, ConfigurationError where the credentials are refused."""
    # MLflow's own client would retry for minutes before it says that nobody is there.
    request = urllib.request.Request(f"{uri.rstrip('/')}/health", headers=_authorization())
    try:
        with urllib.request.urlopen(request, timeout=_REACHABLE_SECONDS):
            return
    except urllib.error.HTTPError as error:
        if error.code not in (401, 403):
            raise
    raise ConfigurationError(
        f"MLflow at {uri}",
        f"{'these credentials' if _authorization() else 'a call without credentials'} refused",
        "a user and a password of that server",
        f"set {USERNAME} and {PASSWORD} in the environment, or MLFLOW_TRACKING_URI=http://USER:PASSWORD@HOST:PORT",
    )


def _authorization() -> dict[str, str]:
    """Return the header that MLflow's client would send: user and password go before a token."""
    user, password, token = (os.environ.get(name) for name in (USERNAME, PASSWORD, TOKEN))
    if user and password:
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def require_database(uri: str) -> None:
    """Raise SQLAlchemy's error where the database does not answer, ConfigurationError without its driver."""
    import sqlalchemy

    try:
        sqlalchemy.create_engine(uri).connect().close()
    except ImportError as error:
        kind = urlsplit(uri).scheme
        wanted = _DRIVERS.get(kind, error.name or kind)
        raise ConfigurationError(
            "MLFLOW_TRACKING_URI",
            f"{kind}:// without its driver ({error})",
            "a Python driver of that database, installed",
            f"pip install {wanted}, or unset MLFLOW_TRACKING_URI for the local store",
        ) from None
