"""How much of a mail is looked at; all of it is taken before, not after, the work is done.

Source:
    RELIABILITY.md, P20.
"""

RAW_BYTES = 35 * 1024 * 1024
HEADER_BLOCK_BYTES = 256 * 1024
HEADER_BYTES = 32 * 1024  # one header, unfolded
PARTS = 200  # of all levels together
DEPTH = 10  # the outermost part has depth 0
PARAMETERS = 100  # of one Content-Type or Content-Disposition
BOUNDARY_CHARS = 256  # RFC 2046 allows 70; some mailers take more
BOUNDARY_LINES = 10_000  # lines of one part that begin like its boundary
ENCODED_BYTES = 8 * 1024 * 1024  # of all text parts together, as transferred
HTML_CHARS = 1024 * 1024  # of all HTML parts together
TEXT_CHARS = 1024 * 1024  # kept, and so many bytes as UTF-8 too
ADDRESSES = 500  # of one header
REFERENCES = 200  # the first, which names the thread, and the last ones

# What the API takes of a message (app/api/schemas.py), so that no mail is refused by it.
SUBJECT_CHARS = 1_000
NAME_CHARS = 320
EMAIL_CHARS = 320
ID_CHARS = 512
FILE_NAME_BYTES = 255  # of UTF-8
