"""What a mail server writes back when a mail could not be delivered (RFC 3464), and how it hands that in."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage, Message


def delivery_report(recipient: str, status: str, words: str, *, action: str = "failed") -> bytes:
    """A report on one recipient: `delivery_report("a@b.example", "5.1.1", "No such user")`."""
    said = EmailMessage()
    said["From"] = "MAILER-DAEMON@mail.test"
    said["Subject"] = "Undelivered Mail Returned to Sender"
    said["Auto-Submitted"] = "auto-replied"
    said.set_content(f"The mail to {recipient} could not be delivered: {words}\n")
    said.make_mixed()
    said.replace_header("Content-Type", "multipart/report; report-type=delivery-status")
    status_part = Message()
    status_part["Content-Type"] = "message/delivery-status"
    about, one = Message(), Message()
    about["Reporting-MTA"] = "dns; mail.test"
    one["Final-Recipient"] = f"rfc822; {recipient}"
    one["Action"] = action
    one["Status"] = status
    one["Diagnostic-Code"] = f"smtp; 550 {status} {words}"
    status_part.set_payload([about, one])
    said.attach(status_part)
    return said.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def hand_in(port: int, recipient: str, content: bytes, *, sender: str = "", timeout: float = 10.0) -> None:
    """To a listener on loopback; with the null sender, as reports come. Raises smtplib.SMTPException and OSError."""
    with smtplib.SMTP("127.0.0.1", port, timeout=timeout) as client:
        client.sendmail(sender, [recipient], content)
