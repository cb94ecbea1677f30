"""`inlet samples`: messages to look at before there are any of one's own."""

from contextlib import closing

import typer

from app.cli.output import say, told_errors
from app.demo import Filling, fill
from app.loading import load_classifier
from app.parts import open_database_of, policies_of, utc_now
from app.settings import load_settings
from app.storage import samples as stored

app = typer.Typer(
    help="Sample messages, to see what the pages look like: add, remove.", no_args_is_help=True
)


@app.command()
def add() -> None:
    """Fill the inbox with 200 messages of the last week; nobody is told of them."""
    with told_errors():
        settings = load_settings()
        classifier = load_classifier(settings)
        filling = Filling(
            predict=classifier.predict,
            for_channel=classifier.for_channel,
            policy=policies_of(settings, classifier).current(),
        )
        with closing(open_database_of(settings)) as database:
            count = fill(database, filling, now=utc_now())
    if count:
        say(f"{count} sample messages added; `inlet samples remove` takes them out again")
    else:
        say("The samples are there already.")


@app.command()
def remove() -> None:
    """Take every sample out again, with all that was said of it."""
    with (
        told_errors(),
        closing(open_database_of(load_settings())) as database,
        database.write() as conn,
    ):
        count = stored.remove(conn)
    say(f"{count} sample messages removed")
