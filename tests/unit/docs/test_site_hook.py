from types import SimpleNamespace

import pytest
from site_hook import adapted, on_page_markdown
from support_docs import blocks, script

LIST = (
    "At Postmark:\n1. Open it:\n   ```text\n   https://x\n   ```\n2. Press\n   *Check*.\nThen wait."
)
READ = (
    "At Postmark:\n\n1. Open it:\n    ```text\n    https://x\n    ```\n2. Press\n    *Check*.\n"
    "Then wait."
)


def test_a_list_after_a_sentence_is_a_list_and_holds_what_belongs_to_it():
    assert adapted(LIST) == READ


def test_a_list_within_a_list_moves_in_with_its_entry():
    nested = "1. Set\n   - URL\n   - time-out"

    assert adapted(nested) == "1. Set\n    - URL\n    - time-out"


def test_a_table_after_a_sentence_is_a_table():
    assert adapted("As here\n| a |\n|---|\n| b |") == "As here\n\n| a |\n|---|\n| b |"


@pytest.mark.parametrize(
    "text",
    [
        "```yaml\nrules:\n- a\n  b\n```",
        "```sh\ncat x\n- y\n1. z\n| p |\n```",
        "# Title\n- one\n- two",
        "    inlet endpoints add sales\n    inlet endpoints list",
        "A sentence\nof two lines.\n\nAnother - not a list.",
    ],
)
def test_all_else_stays_as_it_is(text):
    assert adapted(text) == text


def test_a_page_is_a_script_of_its_commands_and_files():
    page = (
        '```python title="a.py"\nprint(1)\n```\n'
        "<!-- not run: it calls Slack -->\n```sh\nrm -r /\n```\n"
        "```sh\ncurl 127.0.0.1:8080\n```\n```json\n{}\n```\n"
    )

    assert script(page, ports={"8080": 1}) == (
        "set -eu -o pipefail\n"
        "cat > a.py <<'END-OF-FILE'\nprint(1)\nEND-OF-FILE\n"
        "echo '--- line 8'\ncurl 127.0.0.1:1\n"
    )
    assert [block.excuse for block in blocks(page)] == [None, "it calls Slack", None, None]


def test_a_link_out_of_the_folder_is_named_and_one_within_is_kept():
    page = SimpleNamespace(file=SimpleNamespace(src_uri="sources/chat.md"))
    text = "[rows](../../data/README.md#fields) and [events](../events.md)"

    read = on_page_markdown(text, page=page, config=None, files=None)

    assert read == "rows (`data/README.md`) and [events](../events.md)"
