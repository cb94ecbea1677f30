"""The first five minutes as a newcomer has them: one command, one click, one label corrected."""

import re

from support_browser import Browser
from support_service import Inlet, environ_of

_LINK = re.compile(r"(http://\S+)/login\?link=\S+")
_TOAST = "document.querySelector('#toasts .toast:last-child')?.textContent"


def test_from_one_command_and_one_click_to_a_corrected_label(tmp_path):
    environ = {**environ_of(tmp_path), "LOGNAME": "ana"}
    with Inlet("demo", environ=environ, folder=tmp_path) as demo, Browser(tmp_path) as browser:
        demo.wait_until_it_says("Serving until")
        link = _LINK.search(demo.said())
        assert link is not None, demo.said()
        browser.open(link[0])
        browser.click("form[action='/login'] button")
        browser.until("location.pathname", "/inbox")
        browser.until("document.documentElement.className", "js")
        samples = browser.value_of("document.body.textContent.includes('SAMPLE')")
        browser.press("j")
        row = browser.value_of("document.activeElement.closest('[data-row]').id")
        browser.press("e")
        browser.click(f"#{row} button[value=support]")
        browser.until(_TOAST, "Noted, thank you: the model learns from it")
        browser.until(f"document.getElementById('{row}').textContent.includes('A person: ')", True)

    assert samples is True
    assert browser.logged == []
