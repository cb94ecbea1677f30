"""The names under which a mail's oddities are reported."""

AMBIGUOUS = "ambiguous"  # two From, Subject, Content-Type or boundaries: the first one was taken
CAPPED = "capped"  # more parts, levels, headers, parameters or addresses than we read
HIDDEN_TEXT = "hidden_text"  # HTML held text that no reader sees; it was left out
MALFORMED = "malformed"  # structure had to be guessed
MISMATCH = "mismatch"  # the plain and the HTML version say different things
NO_HEADERS = "no_headers"  # the whole was read as text
PALE_TEXT = "pale_text"  # HTML held text in the colour of its background; it was kept
TRUNCATED = "truncated"  # mail or text was longer than what we keep
