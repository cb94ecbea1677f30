"""axe-core in a page: what it finds that keeps somebody from using the page.

Its file is all that is taken of the package that brings it, whose own driver wants another browser.

Source:
    https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
"""

import json
from importlib.resources import files

import pytest

_PACKAGE = "axe_playwright_python"
# Beside what is on by default: WCAG 2.2, success criterion 2.5.8.
_OPTIONS = '{resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}'
_FOUND = f"""
axe.run(%s, {_OPTIONS}).then((found) => found.violations.flatMap((one) => one.nodes.map(
  (node) => `${{one.impact}} ${{one.id}}: ${{node.target.join(" ")}}: ${{node.failureSummary}}`)))
"""


def axe():
    """The script itself."""
    try:
        return files(_PACKAGE).joinpath("axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        pytest.fail("the test needs axe-core: `make check` installs it", pytrace=False)


def found_by_axe(browser, script, *, within="html"):
    """Each finding on the page that a browser shows: how bad, by which rule, where, how to mend.

    The script comes by the DevTools protocol, which no policy of a page holds off.
    """
    if not browser.value_of("'axe' in window"):
        browser.value_of(script)
    return browser.awaited(_FOUND % json.dumps(within))
