import importlib
import inspect
import pkgutil

import pytest

import app.api
import app.dashboard

PACKAGES = (app.api, app.dashboard)


def routes():
    """Every route of the service, as its module declares it."""
    for package in PACKAGES:
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            router = getattr(importlib.import_module(found.name), "router", None)
            yield from router.routes if router else ()


def called_before(dependant):
    """Whatever is called before an endpoint; that itself may well be one that blocks."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from called_before(inner)


def runs_in_the_loop(call):
    called = call if inspect.isroutine(call) else call.__call__
    return inspect.iscoroutinefunction(called)


@pytest.mark.parametrize("route", list(routes()), ids=lambda route: f"{route.path}-{route.name}")
def test_no_request_waits_for_a_thread_before_its_endpoint_runs(route):
    in_threads = [call for call in called_before(route.dependant) if not runs_in_the_loop(call)]

    assert in_threads == []


def test_the_routes_of_the_api_and_of_the_pages_are_looked_at():
    paths = {route.path for route in routes()}

    assert {"/v1/classify", "/v1/messages", "/livez", "/inbox", "/settings"} <= paths
