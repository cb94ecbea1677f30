"""Bytes to text by an allow-list of charsets; never raises, never gives a lone surrogate.

Source:
    WHATWG Encoding Standard, "Names and labels": labels that mail uses wrongly mean what the
    larger set says (latin-1 is windows-1252, gb2312 is gb18030, …).
"""

import re
from encodings import normalize_encoding
from encodings.aliases import aliases

FALLBACK = "cp1252"  # decodes all but five bytes, and those are replaced

# Python's name -> the codec that we decode with. Not in it, on purpose: utf-7, punycode, idna,
# unicode_escape, rot13 and all that are not charsets.
_ALLOWED = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "iso2022_jp_1": "iso2022_jp_ext",
    "iso2022_jp_2": "iso2022_jp_2",
    "iso2022_kr": "iso2022_kr",
    "euc_jp": "euc_jp",
    "koi8_r": "koi8_r",
    "koi8_u": "koi8_u",
    "mac_roman": "mac_roman",
    "mac_cyrillic": "mac_cyrillic",
    "utf_8": "utf_8",
    "utf_16": "utf_16",
    "utf_16_le": "utf_16_le",
    "utf_16_be": "utf_16_be",
}
_ALLOWED |= {f"iso8859_{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
_SAME = ("cp437", "cp850", "cp852", "cp855", "cp866", "cp874", "cp932", "cp949", "cp950")
_WINDOWS = tuple(f"cp125{n}" for n in range(9))
_ALLOWED |= {
    name: name for name in (*_SAME, *_WINDOWS, "gb18030", "big5hkscs", "iso2022_jp_ext", "johab")
}
# Labels that Python does not know, or knows otherwise.
_LABELS = {
    "unicode_1_1_utf_8": "utf_8",
    "utf8mb4": "utf_8",
    "unicode": "utf_16_le",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "x_gbk": "gb18030",
    "x_euc_jp": "euc_jp",
    "x_x_big5": "big5hkscs",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601": "cp949",
    "x_mac_roman": "mac_roman",
    "macintosh": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "dos_874": "cp874",
    "windows_874": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "koi": "koi8_r",
}
_LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_BOMS = ((b"\xef\xbb\xbf", "utf_8"), (b"\xff\xfe", "utf_16_le"), (b"\xfe\xff", "utf_16_be"))
_ISO_2022_JP = (b"\x1b$B", b"\x1b$@", b"\x1b(J")  # its escapes; nothing else has them


def codec_of(label: str | None) -> str | None:
    """Name the codec of a charset's label; None for what is not on the list."""
    label = (label or "").strip().strip("\"'").strip()
    if not _LABEL.fullmatch(label):
        return None
    name = normalize_encoding(label.replace(":", "-")).lower()
    name = name.replace(".", "_").replace("-", "_")
    return _LABELS.get(name) or _ALLOWED.get(aliases.get(name, name))


def decode(data: bytes, label: str | None) -> str:
    """Give the text of bytes in a named charset; one that is missing or wrong is guessed."""
    for bom, codec in _BOMS:
        if data.startswith(bom) and (codec == "utf_8" or _is_wide(label)):
            return data[len(bom) :].decode(codec, "replace")
    codec = codec_of(label) or _guess(data)
    if codec.startswith("utf_16") and b"\0" not in data:
        codec = FALLBACK  # not two bytes a character: a line end alone would hold a NUL
    if codec in (FALLBACK, "utf_8"):
        return _latin_or_utf8(data)
    return data.decode(codec, "replace")


def _is_wide(label: str | None) -> bool:
    return (codec_of(label) or "utf_16").startswith("utf_16")


def _guess(data: bytes) -> str:
    return "iso2022_jp_ext" if any(sign in data for sign in _ISO_2022_JP) else FALLBACK


def _latin_or_utf8(data: bytes) -> str:
    """Decode what claims to be ASCII, Latin-1 or UTF-8: the claim is wrong too often to trust."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    if any(ord(character) > 127 and character != "\ufffd" for character in set(text)):
        return text  # damaged or cut UTF-8: it has sequences that are right
    return data.decode(FALLBACK, "replace")
