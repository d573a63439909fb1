"""What a delivery's channel would send, asked of the channel without sending anything."""

from __future__ import annotations

from heliograph.core.delivery import Address, Delivery, Letter
from heliograph.core.message import Message
from heliograph.core.ports import Channels
from heliograph.core.preview import Preview, Previewing


def preview(
    channels: Channels, message: Message, delivery: Delivery, config: dict[str, str] | None = None
) -> Preview | None:
    """What the delivery's channel would send; None when it is not configured or cannot tell."""
    channel: object = channels.get(delivery.channel)
    if not isinstance(channel, Previewing):
        return None
    address = Address(value=delivery.address, associate_id=delivery.associate_id, device_id=delivery.device_id)
    letter = Letter(message=message, delivery_id=delivery.id, address=address, attempt=1, config=config or {})
    return channel.preview(letter)
