"""`inlet serve`: the model is loaded by a thread while this one imports the rest."""

from typing import Annotated

import typer

from app.cli.leaving import leave_on_signals
from app.cli.output import told_errors
from app.cli.quick import collect_nothing
from app.loading import begin_loading
from app.logs import configure_logs
from app.settings import load_settings, overridden


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="port; without it and INLET_PORT: 8080, or the next free one", min=0, max=65_535
        ),
    ] = None,
) -> None:
    """Run the service: the API and, unless INLET_RUN_WORKER is false, the deliveries."""
    leave_on_signals()
    collect_nothing()
    with told_errors():
        read = load_settings()
        asked_for = port is not None or "port" in read.model_fields_set
        given = overridden(read, host=host, port=port)
        configure_logs(given.log_level)
        loading = begin_loading(given)
        from app.cli.serving import run  # beside the loading, which takes as long

        run(given, loading, any_port=not asked_for)
