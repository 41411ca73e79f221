/**
 * The API document as the server would serve it: `node scripts/api-document.mjs [--write]`.
 *
 * With --write it goes into openapi.json, which is checked in so that a change of the contract shows in
 * review; without, it is compared with that file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { createApp } from '../dist/create-app.js';
import { describeApi } from '../dist/http/openapi.js';

const FILE = join(import.meta.dirname, '..', 'openapi.json');

const folder = mkdtempSync(join(tmpdir(), 'parlor-docs-'));
const app = await createApp({ DATABASE_URL: `sqlite:///${join(folder, 'parlor.db')}`, LOG_LEVEL: 'error' });
const document = await format(JSON.stringify(describeApi(app)), { parser: 'json' });
await app.close();
rmSync(folder, { recursive: true });

if (process.argv.includes('--write')) {
  writeFileSync(FILE, document);
} else if (document !== readFileSync(FILE, 'utf8')) {
  console.error('openapi.json is not what the server serves. Run "npm run docs" and look at the difference.');
  process.exitCode = 1;
}
