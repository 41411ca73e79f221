/**
 * What a message costs with several nodes: `node scripts/node-costs.mjs [--seconds 10]`, after `npm run build`.
 *
 * Starts nodes with a Redis of their own and a database of their own in PARLOR_TEST_POSTGRES, says something at a steady
 * rate, and prints how much CPU each process has used for 1,000 messages, by proc(5), and how many bytes Redis has sent.
 * What the processes use when nothing is said is taken off. Of PostgreSQL only what serves these nodes counts, not its
 * writers in the background. docs/scaling.md has the result.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { URL } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { WebSocket } from 'ws';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } });
const SECONDS = Number(values.seconds);
const POSTGRES = process.env.PARLOR_TEST_POSTGRES ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
/** Milliseconds of CPU in one tick of proc(5), which Linux shows to programs as 100 a second. */
const TICK_MS = 10;
const SENDERS = 10;
const CONTENT = 'x'.repeat(120);

/** Sockets on each node; the senders are the first of them, in turns. */
const CASES = [
  { name: '1 room of 100, on 1 node', sockets: [100], rate: 100 },
  { name: '1 room of 100, on 2 nodes', sockets: [50, 50], rate: 100 },
  { name: '1 room of 2, both on 1 of 2 nodes', sockets: [2, 0], rate: 200 },
  { name: '1 room of 2, on 2 nodes', sockets: [1, 1], rate: 200 },
];

const folder = mkdtempSync(join(tmpdir(), 'parlor-costs-'));
const database = `parlor_costs_${randomBytes(6).toString('hex')}`;
const children = [];

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
};

const start = (command, args, env) => {
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
};

const postgres = async (work) => {
  const client = new pg.Client({ connectionString: POSTGRES });
  await client.connect();
  return work(client).finally(() => client.end());
};

const startNode = async (name, redis) => {
  const url = new URL(POSTGRES);
  url.pathname = `/${database}`;
  const many = '1000000';
  const child = start(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
    ...{ PATH: process.env.PATH, NODE_ENV: 'production', LOG_LEVEL: 'warn', HOST: '127.0.0.1', PORT: '0' },
    ...{ DATABASE_URL: url.href, REDIS_URL: redis, NODE_NAME: name, BCRYPT_COST: '4' },
    SECRET_KEY: 'Only for a measurement, 0123456789 abcdefghijkl',
    ...{ REQUESTS_BURST: many, REQUESTS_BURST_PER_ADDRESS: many, UPGRADES_BURST_PER_ADDRESS: many },
    ...{ FRAMES_PER_SECOND: many, MESSAGES_PER_SECOND: many, MESSAGES_BURST: many, FRAMES_BURST: many },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const listens = /Parlor listens on (http:\S+)/.exec(line);
    if (listens) return { name, url: listens[1], pid: child.pid };
  }
  throw new Error(`${name} ended before it listened.`);
};

const post = async (url, body, token) => {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

const cpuOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

const main = async () => {
  await postgres((client) => client.query(`CREATE DATABASE ${database}`));
  const port = await freePort();
  const redisProcess = start('redis-server', ['--port', `${port}`, '--save', '', '--appendonly', 'no']);
  redisProcess.stdout.resume();
  const redis = new Redis(port, '127.0.0.1');
  redis.on('error', () => undefined); // Until it listens.
  await redis.ping();
  const nodes = [];
  for (const name of ['node-1', 'node-2']) nodes.push(await startNode(name, `redis://127.0.0.1:${port}`));
  const [{ url }] = nodes;
  const people = [];
  for (let index = 0; index < SENDERS; index += 1) {
    const account = { username: `user${index}`, password: 'correct horse battery' };
    await post(`${url}/api/users/`, { ...account, email: `${account.username}@example.org` });
    people.push((await post(`${url}/api/token`, account)).access_token);
  }

  const used = async () => {
    const backends = await postgres((client) =>
      client.query('SELECT pid FROM pg_stat_activity WHERE datname = $1', [database]),
    );
    const sent = /total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))[1];
    return {
      ...Object.fromEntries(nodes.map(({ name, pid }) => [name, cpuOf(pid)])),
      postgres: backends.rows.reduce((sum, { pid }) => sum + cpuOf(pid), 0),
      redis: cpuOf(redisProcess.pid),
      'bytes from Redis': Number(sent),
    };
  };
  const during = async (work) => {
    const before = await used();
    await work();
    const after = await used();
    return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));
  };

  for (const { name, sockets: counts, rate } of CASES) {
    const { id } = await post(`${url}/api/rooms/`, { name }, people[0]);
    for (const token of people) await post(`${url}/api/rooms/${id}/join`, {}, token);
    let received = 0;
    let caughtUp = 0;
    const open = counts.map((count, node) =>
      Array.from({ length: count }, (_, index) => {
        const path = `${nodes[node].url.replace('http', 'ws')}/ws/room/${id}`;
        const headers = { authorization: `Bearer ${people[index % SENDERS]}` };
        const socket = new WebSocket(path, { headers, perMessageDeflate: false });
        socket.on('message', (data) => {
          received += data.includes('"type":"message",') ? 1 : 0;
          caughtUp += data.includes('"type":"message_history",') ? 1 : 0;
        });
        return socket;
      }),
    );
    const all = open.flat();
    while (caughtUp < all.length) await pause(20);
    const senders = Array.from({ length: SENDERS }, (_, index) => {
      const there = open[index % open.length];
      return there.length > 0 ? there[(index >> 1) % there.length] : all[index % all.length];
    });
    const say = async (count) => {
      const from = performance.now();
      const wanted = received + count * all.length;
      for (let index = 0; index < count; index += 1) {
        const wait = from + (index * 1000) / rate - performance.now();
        if (wait > 1) await pause(wait);
        senders[index % SENDERS].send(JSON.stringify({ type: 'message', content: CONTENT }));
      }
      while (received < wanted) await pause(20);
    };
    await say(rate * 2); // Until code is compiled.
    const idle = await during(() => pause(5_000));
    const busy = await during(() => say(rate * SECONDS));
    const each = (what) => (busy[what] - (idle[what] * SECONDS) / 5) / (rate * SECONDS);
    console.log(`${name}, ${rate} messages a second, for each 1,000 messages:`);
    for (const what of Object.keys(busy)) {
      const isBytes = what === 'bytes from Redis';
      console.log(
        `  ${what.padEnd(16)} ${(each(what) * 1000).toFixed(0).padStart(9)} ${isBytes ? '' : 'ms of CPU'}`,
      );
    }
    for (const socket of all) socket.terminate();
  }
  redis.disconnect();
};

try {
  await main();
} finally {
  for (const child of children) child.kill('SIGKILL');
  await postgres((client) => client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
  rmSync(folder, { recursive: true, force: true });
}
