"""Lives through the story with the websockets library: websockets_client.py URL"""

import asyncio
import sys

import websockets

from story import Refused, live


class Socket:
    def __init__(self, socket):
        self.socket = socket
        self.send = socket.send
        self.receive = socket.recv

    async def cut(self):
        self.socket.transport.abort()


async def connect(url, token):
    headers = {"Authorization": f"Bearer {token}"}
    try:
        return Socket(await websockets.connect(url, extra_headers=headers))
    except websockets.InvalidStatusCode as refusal:
        raise Refused(refusal.status_code) from refusal


asyncio.run(live(sys.argv[1], connect))
