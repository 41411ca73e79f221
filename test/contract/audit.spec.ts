import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { runProgram } from '../support/run-program.js';

/** npm needs some seconds to start on a busy machine. */
jest.setTimeout(120_000);

/** A registry that knows one thing about ws, and answers nothing else. */
let registry: Server;
/** Of this test alone: npm remembers advisories. */
let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'parlor-npm-'));
});
afterEach(async () => {
  await new Promise((resolve) => registry.close(resolve));
  await rm(cache, { recursive: true });
});

const advisory = (severity: string) => ({
  ws: [{ id: 1, url: 'https://advisories.example/1', title: 'A hole', severity, vulnerable_versions: '*' }],
});

async function audit(status: number, answer: object) {
  registry = createServer((request, response) => {
    request.resume();
    const isQuestion = request.url === '/-/npm/v1/security/advisories/bulk';
    response.writeHead(isQuestion ? status : 404, {
      'content-type': 'application/json',
      connection: 'close',
    });
    response.end(JSON.stringify(isQuestion ? answer : {}));
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const address = registry.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  const settings = [
    `npm_config_registry=http://127.0.0.1:${address.port}/`,
    `npm_config_cache=${cache}`,
    'npm_config_fetch_retries=0',
  ];
  return runProgram('env', ...settings, process.execPath, 'scripts/audit.mjs');
}

describe('npm run audit', () => {
  it('passes when nothing is known', async () => {
    const { code, output } = await audit(200, {});

    expect(output).toMatch(/^\d+ packages that are shipped, 0 with advisories\.\n$/);
    expect(code).toBe(0);
  });

  it.each(['high', 'critical'])('fails when something %s is known, and names it', async (severity) => {
    const { code, output } = await audit(200, advisory(severity));

    expect(output).toContain(`  ${severity}: ws: A hole\n`);
    expect(code).toBe(1);
  });

  it('names something moderate, and passes', async () => {
    const { code, output } = await audit(200, advisory('moderate'));

    expect(output).toContain('  moderate: ws: A hole\n');
    expect(code).toBe(0);
  });

  it('says that the registry does not answer, and passes', async () => {
    const { code, output } = await audit(405, {});

    expect(output).toMatch(/^Not audited: the registry did not answer \(405 /);
    expect(code).toBe(0);
  });
});
