/**
 * Asks the registry what is known against the packages that are shipped: `node scripts/audit.mjs`.
 *
 * Fails on advisories that are high or critical, and names the others. A registry that does not answer the
 * question, as mirrors often do not, is said and is no failure: it says nothing about the packages.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const TIMEOUT_MS = 120_000;
const GRAVE = ['high', 'critical'];

/** What npm printed, if it is a report. */
const reportOf = (text) => {
  try {
    const report = JSON.parse(text);
    return report.metadata?.vulnerabilities === undefined ? { trouble: report.message } : report;
  } catch {
    return { trouble: undefined };
  }
};

const { stdout, error } = spawnSync('npm', ['audit', '--omit', 'dev', '--json'], {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
});
const { metadata, vulnerabilities, trouble } = reportOf(stdout);

if (metadata === undefined) {
  const said = trouble ?? error?.message ?? 'it sent no report';
  console.log(`Not audited: the registry did not answer (${said.replace(/\bhttps?:\S+/g, 'its address')}).`);
} else {
  const { total, ...counts } = metadata.vulnerabilities;
  console.log(`${metadata.dependencies.prod} packages that are shipped, ${total} with advisories.`);
  for (const { name, severity, via } of Object.values(vulnerabilities)) {
    const titles = via.map((cause) => (typeof cause === 'string' ? `through ${cause}` : cause.title));
    console.log(`  ${severity}: ${name}: ${titles.join('; ')}`);
  }
  if (GRAVE.some((severity) => counts[severity] > 0)) process.exitCode = 1;
}
