"""Lives through the story with Autobahn|Python: autobahn_client.py URL"""

import asyncio
import re
import sys
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

from story import Refused, live


class Socket(WebSocketClientProtocol):
    def __init__(self):
        super().__init__()
        self.opened = asyncio.get_running_loop().create_future()
        self.texts = asyncio.Queue()

    def onOpen(self):
        self.opened.set_result(self)

    def onMessage(self, payload, isBinary):
        self.texts.put_nowait(payload.decode())

    def onClose(self, wasClean, code, reason):
        if not self.opened.done():
            status = re.search(r"\[(\d{3})\]", reason or "")
            self.opened.set_exception(Refused(int(status[1])) if status else ConnectionError(reason))

    async def send(self, text):
        self.sendMessage(text.encode())

    async def receive(self):
        return await self.texts.get()

    async def cut(self):
        self.transport.abort()


async def connect(url, token):
    factory = WebSocketClientFactory(url, headers={"Authorization": f"Bearer {token}"})
    factory.protocol = Socket
    address = urlsplit(url)
    _, socket = await asyncio.get_running_loop().create_connection(factory, address.hostname, address.port)
    return await socket.opened


asyncio.run(live(sys.argv[1], connect))
