/**
 * The story of story.py with the WebSocket that Node has from undici. It is what browsers have: no headers, no
 * statuses, tickets instead of tokens. `node --experimental-websocket node-client.mjs URL`
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

const PATIENCE = 8_000;
const [url] = process.argv.slice(2);
const done = (step) => console.log(JSON.stringify({ step }));
const late = setTimeout(() => {
  throw new Error('The server keeps us waiting.');
}, PATIENCE * 4);

const rest = async (method, path, body, token) => {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
};

/** Frames that a step does not ask for are kept for a later one. */
const connect = async (path) => {
  const socket = new globalThis.WebSocket(url.replace('http', 'ws') + path);
  const kept = [];
  const asked = [];
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    const index = asked.findIndex(({ type }) => type === frame.type);
    if (index === -1) kept.push(frame);
    else asked.splice(index, 1)[0].resolve(frame);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('refused'));
  });
  const next = (type) =>
    new Promise((resolve) => {
      const index = kept.findIndex((frame) => frame.type === type);
      if (index === -1) asked.push({ type, resolve });
      else resolve(kept.splice(index, 1)[0]);
    });
  const send = (frame) => socket.send(JSON.stringify(frame));
  const close = () =>
    new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
      socket.close(1000);
    });
  return { next, send, close };
};

const username = `visitor_${randomUUID().slice(0, 8)}`;
const login = { username, password: randomUUID() };
await rest('POST', '/api/users/', { ...login, email: `${username}@example.org` });
const { access_token: token } = await rest('POST', '/api/token', login);
const room = await rest('POST', '/api/rooms/', { name: `room of ${username}` }, token);
const ticket = async () => (await rest('POST', '/api/ws-tickets', {}, token)).ticket;
done('login');

const used = await ticket();
const first = await connect(`/ws/auth?ticket=${used}`);
await first.next('connection_established');
first.send({ type: 'join_room', room_id: room.id, ref: 'join' });
assert.equal((await first.next('room_joined')).head_seq, 0);
assert.equal((await first.next('ack')).ref, 'join');
const { epoch } = await first.next('message_history');
done('join');

const content = 'hello, héllo, 你好, \u{1f408}';
first.send({ type: 'message', room_id: room.id, content, ref: 'send' });
assert.deepEqual(await first.next('ack').then(({ ref, seq }) => ({ ref, seq })), { ref: 'send', seq: 1 });
done('send and ack');
assert.equal((await first.next('message')).content, content);
done('receive');
first.send({ type: 'ping' });
await first.next('pong');
done('ping');

assert.equal(await first.close(), 1000);
for (const missed of ['missed 2', 'missed 3']) {
  await rest('POST', `/api/rooms/${room.id}/messages`, { content: missed }, token);
}
done('close');

const second = await connect(`/ws/room/${room.id}?after_seq=1&epoch=${epoch}&ticket=${await ticket()}`);
const page = await second.next('message_history');
assert.deepEqual(
  page.messages.map(({ seq }) => seq),
  [2, 3],
);
second.send({ content: 'live' });
assert.equal((await second.next('message')).seq, 4);
assert.equal(await second.close(), 1000);
done('resume');

for (const query of ['', '?token=nonsense', `?ticket=${used}`]) {
  await assert.rejects(connect(`/ws/auth${query}`), /refused/);
}
done('refused');
clearTimeout(late);
