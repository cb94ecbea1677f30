"""From labelled messages to a published artifact."""
