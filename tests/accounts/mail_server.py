"""A real SMTP server on loopback that keeps what it was given and can be told to misbehave."""

import asyncio
import email
import socket
from collections.abc import Callable
from email import policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """messages: what was accepted, in order, parsed. refuse, hang, cut: addresses that get no plain yes.

    refuse: address to the answer to RCPT; answer_data: address to the answer after the text; hang: the answer after
    the text never comes; cut: the text is taken and the connection closed without an answer; on_text: called when a
    text was taken, before the answer.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.messages: list[EmailMessage] = []
        self.connections = 0
        self.refuse: dict[str, str] = {}
        self.answer_data: dict[str, str] = {}
        self.hang: set[str] = set()
        self.cut: set[str] = set()
        self.on_text: Callable[[], None] | None = None
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def addresses(self) -> list[str]:
        return [message["To"] for message in self.messages]

    async def handle_EHLO(  # noqa: N802  the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802  the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  the library's name
        (to,) = envelope.rcpt_tos
        if to in self.hang:
            await asyncio.sleep(3600)
        if to in self.answer_data:
            return self.answer_data[to]
        assert isinstance(envelope.content, bytes)
        self.messages.append(email.message_from_bytes(envelope.content, policy=policy.default))
        if self.on_text:
            self.on_text()
        if to in self.cut:
            assert server.transport
            server.transport.abort()
        return "250 OK"
