"""The commands of `inlet`; each is a thin shell around what the service does."""

import typer

from app.cli import (
    backup,
    classify,
    deliveries,
    demo,
    doctor,
    endpoints,
    feedback,
    keys,
    login,
    owners,
    policy,
    policy_simulate,
    restore,
    review,
    samples,
    send_test,
    serve,
    sessions,
    sla,
    smtp,
    versions,
)

app = typer.Typer(
    name="inlet",
    help="Reads inbound business messages, says what the sender wants, and tells a person.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("smtp")(smtp.smtp)
app.command("send-test")(send_test.send_test)
app.command("classify")(classify.classify)
app.command("sla")(sla.sla)
app.command("review")(review.review)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("login")(login.login)
app.add_typer(keys.app, name="keys")
app.add_typer(sessions.app, name="sessions")
app.add_typer(samples.app, name="samples")
app.add_typer(versions.app, name="models")
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(deliveries.app, name="deliveries")
policy.app.command("simulate")(policy_simulate.simulate)
app.add_typer(policy.app, name="policy")
app.add_typer(owners.app, name="owners")
app.add_typer(feedback.app, name="feedback")


def run() -> None:
    """Run the command line."""
    app()
