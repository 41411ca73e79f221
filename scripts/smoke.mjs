/**
 * Starts Parlor as the README says and looks at it from outside: `node scripts/smoke.mjs [--report FILE]`.
 *
 * The server runs on a free port with its database in a temporary folder, so that nothing is left behind.
 * The report has a line per step, `NAME PASSED FAILED`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const START_MS = 120_000;
const STOP_MS = 20_000;
const REQUEST_MS = 10_000;

const { values: options } = parseArgs({ options: { report: { type: 'string' } } });

const folder = mkdtempSync(join(tmpdir(), 'parlor-smoke-'));
const env = {
  ...process.env,
  DATABASE_URL: `sqlite:///${folder}/parlor.db`,
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'info',
};

/** A group of its own, so that nothing of it can outlive this script. */
const npm = (args) => {
  const child = spawn('npm', ['run', ...args], {
    cwd: join(import.meta.dirname, '..'),
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, exit: once(child, 'exit'), lines: createInterface({ input: child.stdout }) };
};

const killGroup = ({ child }) => {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
};

const within = (ms, promise, what) => {
  const late = new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: nothing for ${ms / 1000} s`)), ms);
    promise.finally(() => clearTimeout(timer)).catch(() => undefined);
  });
  return Promise.race([promise, late]);
};

const demand = (condition, complaint) => {
  if (!condition) throw new Error(complaint);
};

/** The URL that the server prints once it listens; what it prints is shown for as long as it lives. */
const printedUrl = (server) =>
  new Promise((resolve, reject) => {
    server.lines.on('line', (line) => {
      console.log(line);
      const url = /http:\/\/[^\s/]+:\d+/.exec(line)?.[0];
      if (url !== undefined) resolve(url);
    });
    server.exit.then(([code]) => reject(new Error(`exit code ${code} before it printed its URL`)), reject);
  });

const get = async (url, headers = {}) => {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(REQUEST_MS) });
  const body = await response.text();
  demand(response.status === 200, `GET ${url}: ${response.status} ${body.slice(0, 200)}`);
  return body;
};

const outcomes = [];
const step = async (name, work) => {
  try {
    const value = await work();
    outcomes.push(`${name} 1 0`);
    console.log(`ok      ${name}`);
    return value;
  } catch (error) {
    outcomes.push(`${name} 0 1`);
    console.log(`FAILED  ${name}: ${error.message}`);
    return undefined;
  }
};

/** An operator is made with the server running, signs in with the printed password, and sees connections. */
const grantAndUse = async (url) => {
  const admin = npm(['admin', '--', 'grant', 'smoke-operator', 'ops']);
  const output = [];
  admin.lines.on('line', (line) => output.push(line));
  const [code] = await within(START_MS, admin.exit, 'npm run admin').finally(() => killGroup(admin));
  const printed = output.join('\n');
  const password = /password.*: (\S+)$/im.exec(printed)?.[1];
  console.log(password === undefined ? printed : printed.replace(password, '***'));
  demand(code === 0, `exit code ${code}`);
  demand(password !== undefined, 'no password was printed');
  const response = await fetch(`${url}/api/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'smoke-operator', password }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  demand(response.status === 200, `sign-in of the new operator: ${response.status}`);
  const { access_token: token } = await response.json();
  const connections = JSON.parse(await get(`${url}/api/connections`, { authorization: `Bearer ${token}` }));
  demand(connections.total_connections === 0, 'a new server has connections');
};

const server = npm(['start']);
try {
  const url = await step('npm-start', () => within(START_MS, printedUrl(server), 'npm start'));
  if (url !== undefined) {
    await step('ready', async () => {
      const health = JSON.parse(await get(`${url}/health/ready`));
      demand(health.status === 'ok', `status is ${health.status}`);
    });
    await step('openapi', async () => {
      const document = JSON.parse(await get(`${url}/openapi.json`));
      demand(document.openapi?.startsWith('3.1'), `openapi is ${document.openapi}`);
    });
    await step('docs', async () => {
      demand(/<html/i.test(await get(`${url}/docs`)), '/docs is no page');
      demand(/<html/i.test(await get(`${url}/redoc`)), '/redoc is no page');
    });
    await step('npm-run-admin', () => grantAndUse(url));
    await step('stop', async () => {
      server.child.kill('SIGTERM');
      const [code, signal] = await within(STOP_MS, server.exit, 'after SIGTERM');
      demand(code === 0, `exit code ${code ?? signal}`);
    });
  }
} finally {
  killGroup(server);
  rmSync(folder, { recursive: true });
}

if (options.report !== undefined) writeFileSync(options.report, outcomes.map((line) => `${line}\n`).join(''));
process.exitCode = outcomes.every((line) => line.endsWith(' 1 0')) ? 0 : 1;
