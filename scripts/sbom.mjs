/**
 * Prints a CycloneDX bill of materials of what is shipped, from the lock file alone: `node scripts/sbom.mjs`.
 *
 * npm writes it, for everything. `npm sbom --omit dev` would leave out packages that are shipped as well, whenever
 * another one wants them for its own development; so what the lock file has for development only is taken out
 * here. See docs/decisions/0012-the-bill-of-materials.md.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOR_DEVELOPMENT = 'cdx:npm:package:development';

const root = join(import.meta.dirname, '..');
const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

const { status, stdout } = spawnSync(
  'npm',
  ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only', '--offline'],
  { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] },
);
if (status !== 0) throw new Error(`npm sbom ended with ${status}.`);

/** An alias stands in the lock file under its own name, with that of the package beside it. */
const nameAt = (place, entry) => entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 13);
const shipped = new Set(
  Object.entries(read('package-lock.json').packages)
    .filter(([place, { dev }]) => place !== '' && !dev)
    .map(([place, entry]) => `${nameAt(place, entry)}@${entry.version}`),
);
const bill = JSON.parse(stdout);
const whole = bill.metadata.component;
const isKept = (ref) => shipped.has(ref);

// npm calls the whole after the folder that it lies in.
whole.name = read('package.json').name;
bill.components = bill.components
  .filter((component) => isKept(component['bom-ref']))
  // One that is there twice in one version, also for development, would have the mark of either.
  .map(({ properties = [], ...component }) => ({
    ...component,
    properties: properties.filter(({ name }) => name !== FOR_DEVELOPMENT),
  }));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => ref === whole['bom-ref'] || isKept(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isKept) }));
console.log(JSON.stringify(bill, null, 2));
