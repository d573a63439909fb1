"""A message centre on a real socket: keeps what is submitted, sends receipts, and is as ill-behaved as a test asks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from heliograph.channels.smpp.pdu import (
    ANSWER,
    UDH,
    BrokenPdu,
    Command,
    Pdu,
    Sm,
    Status,
    Tag,
    read_bind,
    read_pdu,
    read_sm,
    text_field,
)
from heliograph.channels.sms import gsm
from heliograph.testing.servers.listening import Conversing

_BINDS = (Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER)
_UCS2 = 0x08
SYSTEM_ID, PASSWORD = "lamp", "secret"


class Fault(StrEnum):
    """How the answer to a submit goes wrong; the message is kept all the same."""

    SILENT = "silent"  # it never comes
    HANG_UP = "hang up"  # the connection is closed instead
    GARBAGE = "garbage"  # what comes is not SMPP
    HUGE = "huge"  # what comes claims to be larger than anything


class Receipts(StrEnum):
    """How receipts are sent to those who ask for one."""

    NONE = "none"
    TEXT = "text"  # the vendors' text alone
    TLV = "tlv"  # optional parameters alone
    EARLY = "early"  # both, before the submit is answered


class Client(msgspec.Struct, eq=False):
    """One connection."""

    writer: asyncio.StreamWriter
    system_id: str = ""  # empty until it is bound
    sequence: int = 0
    waiting: dict[int, asyncio.Future[Pdu]] = {}


class Smsc(Conversing):
    """`async with Smsc(password="secret") as smsc:` then connect to `smsc.port`.

    `submitted` holds the messages in order, `answers` the statuses and faults for the next ones; 0 when none is left.
    """

    def __init__(
        self,
        *,
        system_id: str = SYSTEM_ID,
        password: str = PASSWORD,
        host: str = "127.0.0.1",
        port: int = 0,
        receipts: Receipts = Receipts.NONE,
        state: str = "DELIVRD",
        ids: Callable[[int], tuple[str, str]] = lambda number: (f"m-{number}", f"m-{number}"),
        delay: float = 0.0,
        on_submit: Callable[[Sm], None] | None = None,
    ) -> None:
        """`ids` makes of a number the id in the answer and the id in the receipt; `delay` is seconds before an answer."""
        super().__init__(host, port)
        self._known = (system_id, password)
        self._receipts = receipts
        self._state = state
        self._ids = ids
        self._delay = delay
        self._on_submit = on_submit
        self._clients: list[Client] = []
        self._under_way = 0
        self.submitted: list[Sm] = []
        self.answers: deque[int | Fault] = deque()
        self.bind_status: int | None = None  # answered to every bind, instead of the truth
        self.binds = 0
        self.enquiries = 0
        self.unbinds = 0
        self.most_under_way = 0
        self.congestion: int | None = None
        self.deaf = False  # answers nothing at all

    def script(self, *answers: int | Fault) -> None:
        """Answer the next submits so, in this order."""
        self.answers.extend(answers)

    async def stop(self) -> None:
        """Listen no more, and break every connection; `start` listens at the same port again."""
        self.hang_up()
        await super().stop()

    def hang_up(self) -> None:
        """Break every connection."""
        for client in self._clients:
            client.writer.transport.abort()

    @property
    def bound(self) -> int:
        """How many are signed in."""
        return sum(bool(client.system_id) for client in self._clients)

    async def deliver(self, sm: Sm, within: float = 5.0) -> int:
        """Send a message to the client that bound last; the status it answers. Raises TimeoutError."""
        client = [client for client in self._clients if client.system_id][-1]
        answer = await self._ask(client, Command.DELIVER_SM, sm.encode(), within)
        return answer.status

    async def enquire(self, within: float = 5.0) -> None:
        """Ask the client that bound last whether it is there. Raises TimeoutError."""
        await self._ask([client for client in self._clients if client.system_id][-1], Command.ENQUIRE_LINK, b"", within)

    # -------------------------------------------------------------------------------- connections

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer, waiting={})
        self._clients.append(client)
        try:
            with suppress(BrokenPdu):
                while not writer.is_closing():
                    await self._take(client, await read_pdu(reader))
        finally:
            self._clients.remove(client)

    async def _take(self, client: Client, pdu: Pdu) -> None:
        if self.deaf:
            return
        if pdu.command & ANSWER:
            waiting = client.waiting.pop(pdu.sequence, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
        elif pdu.command in _BINDS:
            self._bind(client, pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            self.enquiries += 1
            client.writer.write(pdu.answer().encode())
        elif pdu.command == Command.UNBIND:
            self.unbinds += 1
            client.writer.write(pdu.answer().encode())
            client.writer.close()
        elif pdu.command == Command.SUBMIT_SM and client.system_id:
            self._start(self._submit(client, pdu))
        elif pdu.command == Command.SUBMIT_SM:
            client.writer.write(pdu.answer(Status.NOT_BOUND).encode())
        else:
            client.writer.write(Pdu(Command.GENERIC_NACK, Status.INVALID_COMMAND, pdu.sequence).encode())

    def _bind(self, client: Client, pdu: Pdu) -> None:
        self.binds += 1
        who = read_bind(pdu.body)
        status: int = Status.OK if (who.system_id, who.password) == self._known else Status.WRONG_PASSWORD
        status = self.bind_status if self.bind_status is not None else status
        client.system_id = "" if status else who.system_id
        client.writer.write(pdu.answer(status, text_field("fake-smsc")).encode())

    # ------------------------------------------------------------------------------------ messages

    async def _submit(self, client: Client, pdu: Pdu) -> None:
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            sm = read_sm(pdu.body)
            self.submitted.append(sm)
            if self._on_submit is not None:
                self._on_submit(sm)
            number = len(self.submitted)
            answer = self.answers.popleft() if self.answers else 0
            await asyncio.sleep(self._delay)
            await self._answer(client, pdu, sm, number, answer)
        except BrokenPdu:
            client.writer.write(pdu.answer(Status.INVALID_COMMAND).encode())
        finally:
            self._under_way -= 1

    async def _answer(self, client: Client, pdu: Pdu, sm: Sm, number: int, answer: int | Fault) -> None:
        if isinstance(answer, Fault):
            self._fail(client, pdu, answer)
            return
        if answer:
            client.writer.write(pdu.answer(answer).encode())
            return
        wants = sm.registered & 1 and self._receipts is not Receipts.NONE
        if wants and self._receipts is Receipts.EARLY:
            await self._receipt(client, sm, number)
        tlvs = b"" if self.congestion is None else b"\x04\x28\x00\x01" + bytes([self.congestion])
        client.writer.write(pdu.answer(0, text_field(self._ids(number)[0]) + tlvs).encode())
        if wants and self._receipts is not Receipts.EARLY:
            await self._receipt(client, sm, number)

    def _fail(self, client: Client, pdu: Pdu, fault: Fault) -> None:
        match fault:
            case Fault.SILENT:
                pass
            case Fault.HANG_UP:
                client.writer.transport.abort()
            case Fault.GARBAGE:
                client.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4)
            case Fault.HUGE:
                client.writer.write(b"\x7f\xff\xff\xff" + pdu.answer().encode()[4:])

    async def _receipt(self, client: Client, sm: Sm, number: int) -> None:
        receipt = receipt_for(sm, self._ids(number)[1], self._state, tlv=self._receipts is not Receipts.TEXT)
        if self._receipts is Receipts.TLV:
            receipt = msgspec.structs.replace(receipt, text=b"")
        with suppress(TimeoutError):
            await self._ask(client, Command.DELIVER_SM, receipt.encode(), 5.0)

    async def _ask(self, client: Client, command: Command, body: bytes, within: float) -> Pdu:
        client.sequence += 1
        sequence = client.sequence
        client.waiting[sequence] = asyncio.get_running_loop().create_future()
        client.writer.write(Pdu(command, 0, sequence, body).encode())
        async with asyncio.timeout(within):
            return await client.waiting[sequence]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self.keep(asyncio.create_task(work))


def receipt_for(sm: Sm, id: str, state: str = "DELIVRD", *, tlv: bool = True) -> Sm:
    """The receipt of a message, with the text that most vendors write."""
    stamp = datetime.now(UTC).strftime("%y%m%d%H%M")
    done = "001" if state == "DELIVRD" else "000"
    error = "000" if state == "DELIVRD" else "034"
    text = f"id:{id} sub:001 dlvrd:{done} submit date:{stamp} done date:{stamp} stat:{state} err:{error} text:"
    number = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "REJECTD": 8}.get(
        state, 7
    )
    tlvs = (
        {int(Tag.RECEIPTED_MESSAGE_ID): id.encode() + b"\x00", int(Tag.MESSAGE_STATE): bytes([number])} if tlv else {}
    )
    return Sm(
        source=sm.to,
        source_ton=sm.to_ton,
        source_npi=sm.to_npi,
        to=sm.source,
        esm_class=0x04,
        text=text.encode(),
        tlvs=tlvs,
    )


def words(sm: Sm) -> str:
    """The text of a message as its recipient reads it, without the header that joins parts."""
    data = sm.content
    if sm.esm_class & UDH and data:
        data = data[1 + data[0] :]
    return data.decode("utf-16-be", "replace") if sm.data_coding == _UCS2 else gsm.decode(data)
