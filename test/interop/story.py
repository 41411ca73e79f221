"""What a client has to be able to do with Parlor, for any WebSocket library.

A library brings three things: connect(url, token), and on what that gives send(text), receive() and cut().
connect raises Refused when the server answers the handshake with anything but 101. Each step prints one line;
the first that goes wrong ends the program.
"""

import json
import os
import urllib.error
import urllib.request
from asyncio import wait_for

PATIENCE = 8


class Refused(Exception):
    """The handshake was answered with this HTTP status."""

    def __init__(self, status):
        super().__init__(f"refused with {status}")
        self.status = status


def rest(url, method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def expect(seen, wanted):
    if seen != wanted:
        raise AssertionError(f"wanted {wanted!r}, saw {seen!r}")


def done(step, **facts):
    print(json.dumps({"step": step, **facts}), flush=True)


class Frames:
    """Parsed frames of a socket; those that a step does not ask for are kept for a later one."""

    def __init__(self, socket):
        self.socket = socket
        self.kept = []

    async def send(self, **frame):
        await self.socket.send(json.dumps(frame))

    async def next(self, kind):
        for index, frame in enumerate(self.kept):
            if frame["type"] == kind:
                return self.kept.pop(index)
        while True:
            frame = json.loads(await wait_for(self.socket.receive(), PATIENCE))
            if frame["type"] == kind:
                return frame
            self.kept.append(frame)


def sign_up(url):
    name = f"visitor_{os.urandom(4).hex()}"
    login = {"username": name, "password": f"{name} likes long passwords"}
    rest(url, "POST", "/api/users/", {**login, "email": f"{name}@example.org"})
    return rest(url, "POST", "/api/token", login)["access_token"]


async def live(url, connect):
    sockets = url.replace("http", "ws", 1)
    token = sign_up(url)
    me = rest(url, "GET", "/api/users/me/", token=token)
    room = rest(url, "POST", "/api/rooms/", {"name": f"room of {me['username']}"}, token)["id"]
    done("login")

    async def opened(path="/ws/auth"):
        frames = Frames(await wait_for(connect(sockets + path, token), PATIENCE))
        expect((await frames.next("connection_established"))["user_id"], me["id"])
        return frames

    first = await opened()
    await first.send(type="join_room", room_id=room, ref="join")
    expect((await first.next("room_joined"))["head_seq"], 0)
    expect((await first.next("ack"))["ref"], "join")
    epoch = (await first.next("message_history"))["epoch"]
    done("join")

    text = "hello, h\u00e9llo, \u4f60\u597d, \U0001f408"
    await first.send(type="message", room_id=room, content=text, client_msg_id="m-1", ref="send")
    ack = await first.next("ack")
    expect((ack["ref"], ack["seq"]), ("send", 1))
    done("send and ack")

    seen = await first.next("message")
    expect((seen["seq"], seen["id"], seen["content"]), (1, ack["id"], text))
    done("receive")

    await first.send(type="ping")
    await first.next("pong")
    done("ping")

    await first.socket.cut()
    for number in (2, 3):
        rest(url, "POST", f"/api/rooms/{room}/messages", {"content": f"missed {number}"}, token)
    done("cut")

    second = await opened()
    await second.send(type="join_room", room_id=room, after_seq=1, epoch=epoch)
    page = await second.next("message_history")
    expect([message["seq"] for message in page["messages"]], [2, 3])
    await second.send(type="message", room_id=room, content=text, client_msg_id="m-1", ref="again")
    again = await second.next("ack")
    expect((again["id"], again["seq"], again["duplicate"]), (ack["id"], 1, True))
    await second.send(type="message", room_id=room, content="live", ref="live")
    expect((await second.next("message"))["seq"], 4)
    await second.socket.cut()
    done("resume")

    bound = await opened(f"/ws/room/{room}?after_seq=3&epoch={epoch}")
    page = await bound.next("message_history")
    expect([message["content"] for message in page["messages"]], ["live"])
    await bound.socket.cut()
    done("room socket")

    for path, bad, status in (("/ws/auth", "nonsense", 401), ("/ws/nowhere", token, 404)):
        try:
            await wait_for(connect(sockets + path, bad), PATIENCE)
            raise AssertionError(f"{path} let anybody in")
        except Refused as refusal:
            expect(refusal.status, status)
    try:
        rest(url, "GET", "/api/users/me/", token="nonsense")
        raise AssertionError("REST let anybody in")
    except urllib.error.HTTPError as error:
        expect(error.code, 401)
    done("refused", status=401)
