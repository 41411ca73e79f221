/**
 * A chat on bare `ws`: no token, no membership, nothing stored. `VARIANT` is
 *
 * - `bare`: the text is encoded once and `send` called for every member, as people write it;
 * - `coalesce`: the frame is built once, and all frames of a room in one turn of the event loop leave in one
 *   write for each member.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { setImmediate } from 'node:timers';
import { WebSocketServer } from 'ws';

const COALESCE = process.env.VARIANT === 'coalesce';
const BACKLOG = 4096;
const PATH = '/ws/room/';

const rooms = new Map();
let waiting = [];
let lastId = 0;

function roomOf(id) {
  const known = rooms.get(id);
  if (known) return known;
  const room = { id, members: new Set(), streams: new Set(), frames: [] };
  rooms.set(id, room);
  return room;
}

function publish(room, data) {
  const frame = JSON.parse(data);
  if (frame.type !== 'message') return;
  const message = {
    type: 'message',
    id: (lastId += 1),
    room: room.id,
    user: 'user',
    content: frame.content,
    created_at: new Date().toISOString(),
  };
  const text = JSON.stringify(message);
  if (COALESCE) enqueue(room, text);
  else for (const member of room.members) member.send(text);
}

function enqueue(room, text) {
  if (waiting.length === 0) setImmediate(flush);
  if (room.frames.length === 0) waiting.push(room);
  room.frames.push(encoded(text));
}

function flush() {
  const due = waiting;
  waiting = [];
  for (const room of due) {
    const bytes = room.frames.length === 1 ? room.frames[0] : Buffer.concat(room.frames);
    room.frames = [];
    for (const stream of room.streams) stream.write(bytes);
  }
}

/** An unmasked text frame (RFC 6455, 5.2). */
function encoded(text) {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81;
  if (header === 2) {
    frame[1] = length;
  } else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.utf8Write(text, header);
  return frame;
}

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  clientTracking: false,
  maxPayload: 1 << 20,
});
const server = createServer((_request, response) => {
  response.statusCode = 404;
  response.end();
});
server.on('upgrade', (request, stream, head) =>
  sockets.handleUpgrade(request, stream, head, (socket) => {
    const room = roomOf(request.url.split('?')[0].slice(PATH.length));
    room.members.add(socket);
    room.streams.add(stream);
    socket.on('error', () => {});
    socket.on('message', (data) => publish(room, data));
    socket.on('close', () => {
      room.members.delete(socket);
      room.streams.delete(stream);
    });
  }),
);
server.listen(Number(process.env.PORT), '127.0.0.1', BACKLOG);
