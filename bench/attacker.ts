import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ATTACKS, isAttack, type AttackName } from './names.js';

/** `node attacker.js ATTACK PORT SECONDS`: attacks a server on this machine, and prints what became of it as JSON. */

/** The innocent use 127.0.0.1. One attacker has one address; a crowd has these many. */
const CROWD = 200;
const SLOW_CONNECTIONS = 2_000;
const SLOW_EVERY_MS = 500;
const HALF_OPEN = 10_000;
const HALF_OPEN_EACH_TURN = 100;
const LARGE_FRAMES_AT_ONCE = 50;
const LARGE_FRAME = 64 * 1024 * 1024;
const FLOOD_AT_ONCE = 64;
const LOG_INS_PER_SECOND = 1_000;
const TURN_MS = 20;

// It stands for other machines: what it takes of this core must not be charged to the server.
setPriority(constants.priority.PRIORITY_LOW);

const [attack = '', port = '', seconds = ''] = process.argv.slice(2);
const until = performance.now() + Number(seconds) * 1000;
const counts = new Map<string, number>();
const open = new Set<Socket>();
let dialled = 0;

const isOver = (): boolean => performance.now() >= until;

function count(what: string, more = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + more);
}

/** Counts how it ends. What it is answered is its first line: the status. */
function dial(isCrowd: boolean, onOpen: (socket: Socket) => void): Promise<void> {
  dialled += 1;
  const localAddress = isCrowd ? `127.0.1.${1 + (dialled % CROWD)}` : '127.0.0.2';
  return new Promise((resolve) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
    let isAnswered = false;
    open.add(socket);
    socket.once('connect', () => {
      count('connected');
      onOpen(socket);
    });
    socket.on('data', (data: Buffer) => {
      if (isAnswered) return;
      isAnswered = true;
      count(/^HTTP\/1\.1 \d+/.exec(data.toString('latin1'))?.[0] ?? 'answered otherwise');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => count(error.code ?? 'error'));
    socket.once('close', () => {
      open.delete(socket);
      count(isAnswered ? 'closed after an answer' : 'closed without an answer');
      resolve();
    });
  });
}

/** Keeps so many connections at work, each anew when it has ended. */
async function keepBusy(
  connections: number,
  isCrowd: boolean,
  onOpen: (socket: Socket) => void,
): Promise<void> {
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      await dial(isCrowd, onOpen);
      await pause(TURN_MS);
    }
  };
  const workers = Array.from({ length: connections }, worker);
  await pause(Math.max(0, until - performance.now()));
  for (const socket of open) socket.destroy();
  await Promise.all(workers);
}

/** Writes something every now and then, and never ends. */
function trickle(socket: Socket, first: string, again: () => string): void {
  socket.write(first);
  const timer = setInterval(() => socket.write(again()), SLOW_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

function upgrade(path: string, more = ''): string {
  const key = randomBytes(16).toString('base64');
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${more}`
  );
}

function post(path: string, body: Buffer | string, more = ''): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${more}`;
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
}

/** A masked frame's header (RFC 6455, 5.2) that promises so many bytes. */
function frameHeader(firstByte: number, length: number): Buffer {
  const header = Buffer.alloc(14);
  header[0] = firstByte;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

function afterUpgrade(socket: Socket, path: string, more: string, then: () => void): void {
  socket.write(`${upgrade(path, more)}\r\n`);
  socket.once('data', () => then());
}

/** Writes as fast as it is read. */
function pour(socket: Socket, chunk: Buffer): void {
  const write = (): void => {
    while (socket.writable && socket.write(chunk)) count('MiB sent', chunk.length / 2 ** 20);
    if (socket.writable) socket.once('drain', write);
  };
  write();
}

/** So many log-ins a second, whatever becomes of them. */
async function logIns(isCrowd: boolean, username: (n: number) => string): Promise<void> {
  const all: Promise<void>[] = [];
  const start = performance.now();
  for (let sent = 0; !isOver();) {
    const due = ((performance.now() - start) / 1000) * LOG_INS_PER_SECOND;
    for (; sent < due; sent += 1) {
      const body = JSON.stringify({ username: username(sent), password: `wrong ${sent} wrong` });
      all.push(
        dial(isCrowd, (socket) => void socket.write(post('/api/token', body, 'Connection: close\r\n'))),
      );
    }
    await pause(TURN_MS);
  }
  await Promise.race([Promise.all(all), pause(5_000)]);
  for (const socket of open) socket.destroy();
}

async function halfOpen(): Promise<void> {
  while (!isOver()) {
    for (let turn = 0; turn < HALF_OPEN_EACH_TURN && open.size < HALF_OPEN; turn += 1) {
      void dial(true, (socket) => void socket.write(upgrade('/ws/auth')));
    }
    await pause(TURN_MS);
  }
  for (const socket of open) socket.destroy();
}

const attacks: Record<AttackName, () => Promise<void>> = {
  'slow headers': () =>
    keepBusy(SLOW_CONNECTIONS, true, (socket) =>
      trickle(socket, 'GET /api/rooms HTTP/1.1\r\nHost: 127.0.0.1\r\n', () => 'X-Slow: 1\r\n'),
    ),
  'slow bodies': () =>
    keepBusy(SLOW_CONNECTIONS, true, (socket) =>
      trickle(
        socket,
        'POST /api/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{',
        () => ' ',
      ),
    ),
  'half-open handshakes': halfOpen,
  '64 MiB frames': () =>
    keepBusy(LARGE_FRAMES_AT_ONCE, true, (socket) =>
      afterUpgrade(socket, '/ws', '', () => {
        socket.write(frameHeader(0x81, LARGE_FRAME));
        pour(socket, Buffer.alloc(64 * 1024, 0x20));
      }),
    ),
  'unfinished messages': () =>
    keepBusy(LARGE_FRAMES_AT_ONCE, true, (socket) =>
      afterUpgrade(socket, '/ws', '', () => {
        trickle(socket, '', () => String.fromCharCode(0x01, 0x81, 0, 0, 0, 0, 0x20));
      }),
    ),
  'decompression bombs': () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    const request = post('/api/token', bomb, 'Content-Encoding: gzip\r\nConnection: close\r\n');
    return keepBusy(LARGE_FRAMES_AT_ONCE, true, (socket) => void socket.write(request));
  },
  'wrong log-ins, one address': () => logIns(false, (n) => `nobody ${n % 50}`),
  'wrong log-ins, one account': () => logIns(true, () => 'person0'),
  'wrong log-ins, everybody': () => logIns(true, (n) => `somebody ${n}`),
  'upgrades with bad tokens': () =>
    keepBusy(FLOOD_AT_ONCE, false, (socket) => void socket.write(`${upgrade('/ws/auth?token=a.b.c')}\r\n`)),
  'frames without a pause': () =>
    keepBusy(4, false, (socket) =>
      afterUpgrade(socket, '/ws', '', () => pour(socket, Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))),
    ),
};

if (!isAttack(attack)) throw new Error(`There is no attack "${attack}": ${ATTACKS.join(', ')}.`);
await attacks[attack]();
console.log(JSON.stringify(Object.fromEntries(counts)));
process.exit(0);
