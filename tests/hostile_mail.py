"""The hostile mails of RELIABILITY.md, section 3.4, made here: bytes with CRLF, nothing copied."""

import base64
from collections.abc import Callable, Iterator

FROM = "Ann Buyer <ann@buyer.example>"
SAYS = "Could you send us a quote for 40 seats?"  # the sender's words, where a mail has any
_EOL = b"\r\n"
_HTML = "Content-Type: text/html; charset=utf-8"


def mail(*headers, body=SAYS, sender=FROM):
    """A mail with headers of its own, given as text or bytes, and a body."""
    lines = [f"From: {sender}" if isinstance(sender, str) else sender, "To: sales@inlet.example"]
    every = [_bytes(line) for line in [*lines, *headers]]
    return _EOL.join(every) + 2 * _EOL + _bytes(body)


def _bytes(text):
    if isinstance(text, bytes):
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "surrogatepass")


def multipart(*parts, boundary="b", kind="mixed", closed=True):
    """A multipart's headers and body."""
    head = f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode()
    opened = b"".join(f"--{boundary}\r\n".encode() + _bytes(part) + _EOL for part in parts)
    return head + opened + (f"--{boundary}--\r\n".encode() if closed else b"")


def text_part(text=SAYS, header="Content-Type: text/plain"):
    return f"{header}\r\n\r\n{text}"


def within(content, *headers):
    """A mail whose body is a multipart as `multipart` makes it."""
    return _EOL.join(_bytes(line) for line in [f"From: {FROM}", *headers]) + _EOL + content


def nested(depth, *, boundary=None):
    """Multiparts in each other; with boundaries of their own unless one is given."""
    opened = "".join(
        f"Content-Type: multipart/mixed; boundary={name}\n\n--{name}\n"
        for name in (boundary or f"b{n}" for n in range(depth))
    )
    return within(_bytes(opened + text_part()))


def forwarded(depth):
    """Mails that forward each other."""
    return _bytes(f"From: {FROM}\nContent-Type: message/rfc822\n\n" * depth + text_part())


def word(data, charset="utf-8"):
    return f"=?{charset}?b?{base64.b64encode(data).decode()}?="


def _nesting():
    for depth in (50, 90, 200, 400, 500, 1_500, 3_000):
        yield f"multipart {depth} deep", lambda depth=depth: nested(depth)
    for depth in (50, 200, 1_500):
        yield f"one boundary {depth} deep", lambda depth=depth: nested(depth, boundary="same")
    for depth in (50, 200, 500, 1_500):
        yield f"rfc822 {depth} deep", lambda depth=depth: forwarded(depth)


def _many():
    def parts(count):
        return within(multipart(*[text_part("x")] * count))

    yield "20,000 parts", lambda: parts(20_000)
    yield "10,000 parts", lambda: parts(10_000)
    yield "100,000 headers", lambda: mail(*["X-A: b"] * 100_000)
    yield "Subject of 8 MB", lambda: mail("Subject: " + "a" * 8_000_000)
    yield "Subject over 200,000 lines", lambda: mail("Subject: a" + "\n a" * 200_000)
    yield "5,000 encoded words", lambda: mail("Subject: " + "=?utf-8?q?a?= " * 5_000)
    yield "5,000 open encoded words", lambda: mail("Subject: " + "=?utf-8?q?a " * 5_000)
    yield "5,000 named recipients", lambda: mail("Cc: " + ", ".join(["A B <a@b.example>"] * 5_000))


def _addresses():
    senders = {
        "500 closed comments": "(" * 500 + ")" * 500 + "a@b.example",
        "5,000 open comments": "(" * 5_000 + "a@b.example",
        "20,000 quoted words": '"a" ' * 20_000 + "<a@b.example>",
        "empty From": "",
        "From <": "<",
        "From @": "@",
        'From "': '"',
        "From <>": "<>",
        "From with a route": "<@a,@b:c@d>",
        "NUL in From": "A\0nn <ann@buyer.example>",
        "bracket in From": "alice@example.org)bob@example.com",
        "address as a name": '"alice@good.example" <bob@evil.example>',
        "address without quotes": "alice@good <bob@evil>",
        "line break in a name": f"{word(b'Ann' + bytes([10]) + b'Bcc: x@y.example')} <a@b.example>",
        "comment alone": "(c):",
    }
    for name, sender in senders.items():
        yield name, lambda sender=sender: mail(sender=sender)
    yield "bytes FF FE 80 in From", lambda: mail(sender=b"From: \xff\xfe\x80 <a@b.example>")
    yield "Latin-1 in From", lambda: mail(sender=b"From: J\xfcrgen <a@b.example>")
    yield "5,000 addresses", lambda: mail("Cc: " + ", ".join(["a@b.example"] * 5_000))
    yield "2,000 groups", lambda: mail("Cc: " + "g:" * 2_000 + ";")
    yield "undisclosed and an open quote", lambda: mail('Cc: undisclosed:;, "Ann <a@b.example>')
    yield "To [ and @@", lambda: mail("Cc: @@,,;", "Reply-To: x@[")


def _subjects():
    subjects = {
        "line break in Subject": word(b"Hi\r\nBcc: x@y.example"),
        "raw byte in Subject": b"Subject: caf\xe9",
        "surrogate in Subject": "=?utf-8?b?7aCA?=",
        "NUL in Subject and body": b"Subject: a\0b",
        "unknown charset in Subject": "=?x-none?q?hello?=",
        "NUL in a word's charset": b"Subject: =?utf\0-8?q?hello?=",
        "broken encoded word": "=?foo?x?bar?= =?utf-8?b?????=",
    }
    for name, subject in subjects.items():
        line = subject if isinstance(subject, bytes) else f"Subject: {subject}"
        yield name, lambda line=line: mail(line, body=SAYS + "\0")


def _ids_and_dates():
    for name, value in {"<": "<", "empty": "", "<[>": "<[>", "200 KB": "a." * 100_000}.items():
        yield f"Message-ID {name}", lambda value=value: mail(f"Message-ID: {value}")
    yield "Message-ID of Exchange", lambda: mail("Message-ID: <[0a1b]@microsoft.com>")
    dates = ("Thu, 99 Abc 99999999 99:99:99 +99999", "1 Jan 2026 00:00 +9999",
             "1 Jan 0000 00:00 +0000", f"1 Jan {'9' * 21} 00:00 +0000", "")  # fmt: skip
    for date in dates:
        yield f"Date {date[:24] or 'empty'}", lambda date=date: mail(f"Date: {date}")


def _types():
    pieces = "".join(f";name*{n}*=x" for n in range(20_000))
    values = {
        "empty": "",
        ";": ";",
        "/": "/",
        "multipart without boundary": "multipart/mixed",
        "empty boundary": 'multipart/mixed; boundary=""',
        "wrong boundary": "multipart/mixed; boundary=other",
        "boundary of 200 KB": f"multipart/mixed; boundary={'b' * 200_000}",
        "20,000 parameters": "text/plain" + "".join(f";p{n}=x" for n in range(20_000)),
        "20,000 pieces": f"application/pdf{pieces}",
        "bad pieces": "application/pdf; name*99999999999999999999=x; name*a=x; name**=x;"
        " name*0*=bad'x",
    }
    for name, value in values.items():
        body = f"--b\n{text_part()}\n--b--\n" if value.startswith("multipart") else SAYS
        header = f"Content-Type: {value}"
        yield f"Content-Type {name}", lambda h=header, body=body: mail(h, body=body)
    expression = 'Content-Type: multipart/mixed; boundary="(a+)+$"'
    yield "boundary (a+)+$", lambda: mail(expression, body=f"--{'a' * 5_000}\n\n{SAYS}")
    two = ("Content-Type: text/plain", "Content-Type: text/html")
    yield "two Content-Types", lambda: mail(*two)
    for value in ("", ";", 'attachment; filename="../../etc/passwd"'):
        header = f"Content-Disposition: {value}"
        part = multipart(text_part(), f"Content-Type: image/png\n{header}\n\nx")
        yield f"{value[:32] or 'empty'} as disposition", lambda part=part: within(part)
    bad = "Content-Type: image/png\nContent-Disposition: attachment; filename*=nope''%E4%00%FF\n\nx"
    yield "filename in no charset", lambda: within(multipart(text_part(), bad))


def _charsets():
    names = ("nope", "utf-8\\0", "utf-7", "idna", "punycode", "unicode_escape", "rot13", "zlib",
             "hex", "undefined", "utf-16", "mbcs", 'latin-1\\"; x=\\"', "charmap", "unknown-8bit",
             "../../etc", "a\0b")  # fmt: skip
    for name in names:
        header = f'Content-Type: text/plain; charset="{name}"'
        yield f"charset {name!r}", lambda header=header: mail(header)
    for name, size in (("idna", 100_000), ("punycode", 200_000)):
        header = f"Content-Type: text/plain; charset={name}"
        yield (
            f"{size} bytes of {name}",
            lambda h=header, n=size // 4: mail(h, body="a-b-" * n),
        )
    seven = "Content-Type: text/html; charset=utf-7"
    yield "utf-7 script", lambda: mail(seven, body=f"<p>{SAYS}</p>+ADw-script+AD4-alert(1)")
    only = "Content-Type: text/html; charset=windows-1252"
    yield "windows-1252 euro", lambda: mail(only, body=b"<p>Is it \x80 40 a seat?</p>")


def _encodings():
    bodies = {
        "x-bomb": SAYS,
        "uuencode": "begin 644 a.txt\n#0V%T\n`\nend\n",
        "x-uuencode": SAYS,
        "base64": "!!!!=",
        "BASE64": "A",
        "quoted-printable": f"{SAYS}=ZZ=4=\n=",
    }
    for encoding, body in bodies.items():
        header = f"Content-Transfer-Encoding: {encoding}"
        yield f"{encoding} {body[:6]!r}", lambda header=header, body=body: mail(header, body=body)
    trailing = base64.b64encode(SAYS.encode()) + b"!!!"
    coded = "Content-Transfer-Encoding: base64"
    yield "base64 and !!!", lambda: mail(coded, body=trailing)
    yield "multipart as base64", lambda: within(multipart(text_part()), coded)


def _bulk():
    soft = "Content-Transfer-Encoding: quoted-printable"
    yield "4 M soft breaks", lambda: mail(soft, body=b"=\r\n" * 4_000_000 + SAYS.encode())
    yield "line of 8 MB", lambda: mail(body="a" * 8_000_000)
    yield "CR alone", lambda: mail().replace(b"\r\n", b"\r")
    yield "4 M newlines", lambda: mail(body=b"\n" * 4_000_000 + SAYS.encode())
    yield "4 M CR", lambda: mail(body=b"\r" * 4_000_000 + SAYS.encode())
    yield "empty", lambda: b""
    yield "1,000 NUL", lambda: b"\0" * 1_000
    yield "all bytes", lambda: bytes(range(256)) * 2_000
    yield "two mbox lines", lambda: b"From a@b Thu\r\nFrom a@b Thu\r\n" + mail()
    yield "no headers", lambda: SAYS.encode()
    for name, line in {
        "no colon": "Nonsense",
        "space before the colon": "Subject : hello",
        "tab before the colon": "Subject\t: hello",
        "empty name": ": hello",
        "LF CR before a header": b"Subject: hello\n\rBcc: x@y.example",
        "VT, FF and NEL": "Subject: a\x0bb\x0cc\x85d",
        "U+2028 in Subject": "Subject: a\u2028b",
        "List-Unsubscribe to metadata": "List-Unsubscribe: <http://169.254.169.254/latest>",
        "tab-folded Received": "Received: from a\n\tby b\n\t; Mon, 5 Abc 2026 10:00:00 +0000",
    }.items():
        yield name, lambda line=line: mail(line, "X-Last: 1")
    yield "byte order mark", lambda: b"\xef\xbb\xbf" + mail()
    partial = "Content-Type: message/partial; id=x; number=1; total=2147483647"
    yield "message/partial", lambda: mail(partial)
    external = 'Content-Type: message/external-body; access-type=local-file; name="/etc/passwd"'
    yield "external body", lambda: mail(external, body="Content-Type: text/plain\n\n")


def _pages():
    pages = {
        "200,000 div": "<div>" * 200_000,
        "500,000 <": "<" * 500_000,
        "200,000 comments": "<!--" * 200_000,
        "1 M &": "&" * 1_000_000,
        "200,000 attributes": f"<p {'a=1 ' * 200_000}>{SAYS}</p>",
        "200,000 <!x": "<!x " * 200_000,
        "100,000 li": "<li>x" * 100_000,
        "80,000 blockquote": "<blockquote>x" * 80_000,
        "100,000 open quotes": '<p a="' * 100_000,
        "a number of 5,000 digits": f"<p>&#{'1' * 5_000};{SAYS}</p>",
    }
    for name, page in pages.items():
        yield f"HTML of {name}", lambda page=page: mail(_HTML, body=page)
    hidden = f'<div style="display:none">buy now</div><p>{SAYS}</p>'
    yield "hidden HTML", lambda: mail(_HTML, body=hidden)
    report = "Final-Recipient: rfc822; a@b.example\n\n" * 20_000
    status = f"Content-Type: message/delivery-status\n\n{report}"
    said = text_part("It was not delivered.")
    yield "report on 20,000", lambda: within(multipart(said, status, kind="report"))


def _also():
    request = f"From: {FROM}\nSubject: Fwd\n\n{SAYS}"
    inner = f"Content-Type: message/rfc822\n\n{request}"
    yield "a request in a forwarded mail", lambda: within(multipart(inner))
    noise = "Content-Type: message/rfc822\n\n\0\1\2 this is no mail"
    yield "rfc822 that is no mail", lambda: within(multipart(text_part(), noise))
    note = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nnot this"
    yield "attachment before the text", lambda: within(multipart(note, text_part()))
    big = "Content-Type: application/zip; name=b.zip\nContent-Transfer-Encoding: base64\n\n"
    file = big + ("A" * 76 + "\n") * 470_000
    yield "attachment of 35 MB", lambda: within(multipart(text_part(), file))
    other = multipart(text_part(), text_part(f"<p>{'Other words. ' * 20}</p>", _HTML),
                      kind="alternative")  # fmt: skip
    yield "HTML that says something else", lambda: within(other)


_GROUPS = (_nesting, _many, _addresses, _subjects, _ids_and_dates, _types, _charsets, _encodings,
           _bulk, _pages, _also)  # fmt: skip


def hostile_mails() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Give all of them: a name, and what makes the bytes; some are of many megabytes."""
    for group in _GROUPS:
        yield from group()
