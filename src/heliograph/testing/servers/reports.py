"""What a mail server writes back when a mail could not be delivered (RFC 3464), and how it hands that in."""

from __future__ import annotations

import smtplib


def delivery_report(recipient: str, status: str, words: str, *, action: str = "failed") -> bytes:
    """A report on one recipient: `delivery_report("a@b.example", "5.1.1", "No such user")`."""
    lines = (
        "From: MAILER-DAEMON@mail.test",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="report"',
        "",
        "--report",
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"The mail to {recipient} could not be delivered: {words}",
        "",
        "--report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mail.test",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; 550 {status} {words}",
        "",
        "--report--",
        "",
    )
    return "\r\n".join(lines).encode()


def hand_in(port: int, recipient: str, content: bytes, *, sender: str = "", timeout: float = 10.0) -> None:
    """To a listener on loopback; with the null sender, as reports come. Raises smtplib.SMTPException and OSError."""
    with smtplib.SMTP("127.0.0.1", port, timeout=timeout) as client:
        client.sendmail(sender, [recipient], content)
