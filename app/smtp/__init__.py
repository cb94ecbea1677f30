"""The door for mail servers: SMTP or LMTP; a mail is kept, then acknowledged, and read elsewhere.

Needs the extra `smtp` (aiosmtpd).

Source:
    RFC 5321 (SMTP), 2033 (LMTP), 1870 (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8),
    2920 (PIPELINING), 2034 and 3463 (enhanced status codes).
"""
