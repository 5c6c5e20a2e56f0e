"""`graftline serve`: one process that answers questions by HTTP, in OpenAI's protocol, by MCP and on a page."""

import os
import sys

import click

from pipelines.commands.command import Command

_LOCAL = ("127.0.0.1", "localhost", "::1")
_PORT = 8300
_SWITCH_SECONDS = 0.0005
"""After which a thread that computes lets one run that has a model's piece to hand on; Python's own 5 ms add up."""


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on; not localhost needs a key")
@click.option("--port", type=int, default=_PORT, metavar="PORT", help="port; where it is taken any free one")
@click.option(
    "--name", "names", multiple=True, help="host name by which browsers call it beside localhost (repeatable)"
)
@click.option("--mcp-stdio", is_flag=True, help="speak MCP over standard input and output, and nothing else")
def command(host: str, port: int, names: tuple[str, ...], mcp_stdio: bool) -> int:
    """Answer questions by OpenAI's protocol, MCP and a page on localhost.

    A mode is a model's name, and so is `champion`: the promoted model, which is followed when the alias moves. With
    GRAFTLINE_API_KEY set, whatever shows documents asks for that key.
    """
    from pipelines.core.errors import ConfigurationError
    from pipelines.serving.opening import warm_answerer
    from resources.settings import Settings
    from resources.tables.tables import TableStore

    settings = Settings.load()
    key = settings.api_key.get_secret_value()
    tables = TableStore(settings.home / "tables")
    if mcp_stdio:
        from pipelines.serving.mcp_server import mcp_tools

        mcp_tools(warm_answerer(settings), tables).run("stdio")
        return 0
    if host not in _LOCAL and not key:
        raise ConfigurationError(
            "graftline serve --host", f"{host} without a key", "GRAFTLINE_API_KEY for all but localhost",
            f"GRAFTLINE_API_KEY=… graftline serve --host {host}",
        )  # fmt: skip
    import uvicorn

    from pipelines.commands.ui import free_port
    from pipelines.serving.app import create_app
    from pipelines.serving.champion.opening import open_champion
    from pipelines.serving.champion.routes import Champion

    # Threads that wait for a model's pieces are many, those that compute are few.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.setswitchinterval(_SWITCH_SECONDS)
    chosen = free_port(port) if host in _LOCAL else port
    following = open_champion(settings)
    app = create_app(
        warm_answerer(settings, following),
        tables,
        settings.home,
        api_key=key,
        hosts=(*names, *((host,) if host not in _LOCAL else ())),
        champion=Champion(following, settings.answer_tokens),
    )
    click.echo(f"Ask on http://{host}:{chosen}/ (page), /v1 (OpenAI's protocol), /mcp; Ctrl-C stops it.")
    uvicorn.run(app, host=host, port=chosen, log_level="warning", server_header=False, timeout_graceful_shutdown=10)
    return 0
