"""A letter as the item its recipient will see. Pure."""

from __future__ import annotations

from heliograph.core.delivery import InboxItem, ItemState, Letter
from heliograph.core.message import Push, Text

_PLAIN = "Message"  # the Pocket name of a message that asks for nothing


def item(letter: Letter, associate_id: int) -> InboxItem:
    """The item, not stored yet (`id` 0). Its time is when the message was sent, not when it got here."""
    message = letter.message
    content = message.content
    if isinstance(content, Push):
        shown_ms = content.display_seconds * 1000
        return InboxItem(
            id=0,
            associate_id=associate_id,
            company_id=message.company_id,
            message_id=message.id,
            delivery_id=letter.delivery_id,
            title=content.title,
            body=content.body,
            url=content.url,
            type=content.type.value,
            record_id=content.record_id,
            data=content.data,
            state=ItemState.UNREAD,
            time=message.created_at,
            expires_at=message.created_at + shown_ms if shown_ms else 0,
        )
    return InboxItem(
        id=0,
        associate_id=associate_id,
        company_id=message.company_id,
        message_id=message.id,
        delivery_id=letter.delivery_id,
        title=f"{content.sender}: {content.subject}" if content.subject else content.sender,
        body=content.body,
        url="",
        type=_PLAIN,
        record_id=0,
        data=_thread(content),
        state=ItemState.UNREAD,
        time=message.created_at,
        expires_at=0,
    )


def _thread(text: Text) -> dict[str, str]:
    """What the text follows or answers, for whoever wants to answer in the same thread."""
    told = {"parent_id": str(text.parent_id) if text.parent_id else "", "session_key": text.session_key}
    return {key: value for key, value in told.items() if value}
