"""Put the pages beside the API: their routes, their files, and their answers to errors."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from app.dashboard import (
    acting,
    deliveries,
    inbox,
    inbox_stream,
    language,
    message,
    model_page,
    numbers,
    people,
    sending,
    settings_endpoints,
    settings_keys,
    settings_people,
    settings_policy,
    settings_system,
    signing_in,
    signing_in_oidc,
    start,
    statics,
    trying,
)
from app.dashboard.access import open_front_door
from app.dashboard.failing import on_any_http_exception, on_internal
from app.dashboard.inbox_stream import watch_inbox
from app.dashboard.model_page import open_versions
from app.dashboard.numbers import remember_numbers
from app.dashboard.rendering import load_shell
from app.dashboard.sending import open_trials
from app.dashboard.settings_policy import open_policy


def add_dashboard(api: FastAPI) -> None:
    """Add the pages to an application that has its services, before it serves anything."""
    api.state.shell = load_shell()
    api.state.on_internal = on_internal  # app.api.middleware asks for it
    open_front_door(api)
    watch_inbox(api)
    remember_numbers(api)
    open_versions(api)
    open_policy(api)
    open_trials(api)
    for module in (
        start,
        statics,
        language,
        signing_in,
        signing_in_oidc,
        inbox,
        inbox_stream,
        acting,
        message,
        deliveries,
        sending,
        people,
        numbers,
        model_page,
        trying,
        settings_endpoints,
        settings_keys,
        settings_people,
        settings_policy,
        settings_system,
    ):
        api.include_router(module.router)
    # Starlette's own type says that a handler takes any exception.
    api.add_exception_handler(HTTPException, on_any_http_exception)  # type: ignore[arg-type]
