import type { Verdict } from './checker.js';
import { VIOLATIONS, type Finding } from './findings.js';
import type { History } from './history.js';
import type { Tally } from './tally.js';

const SHOWN = 10;
const AROUND = 2;
const LINES_AROUND = 8;

export function printCounts(history: History, tally: Tally, verdict: Verdict, calmAcks: number[]): void {
  const { attempts, acks, subscriptions } = history;
  // A probe that got through is a leak, or was let in by a join that was under way; it is no message.
  const acked = new Set(acks.map(({ key }) => key).filter((key) => !key.includes('/probe-'))).size;
  group('faults', tally.under('fault '));
  row('kills', tally.of('kills'));
  row('  right after an ack', tally.of('kills right after ack'));
  row('  right after a live message', tally.of('kills right after message'));
  row('connections broken on purpose', tally.of('connections broken on purpose'));
  row('writes refused while the disk was full', tally.of('writes refused during full disk'));
  row('writes refused while the database was locked', tally.of('writes refused during lock'));
  row('sockets that were not read', tally.of('sockets that were not read'));
  row('second SIGTERM', tally.of('second SIGTERM'));
  console.log('server');
  for (const name of ['server starts', 'starts that were refused by the disk or a lock'])
    row(name, tally.of(name));
  for (const name of ['longest start ms', 'longest shutdown ms', 'most memory MB']) row(name, tally.of(name));
  for (const name of ['most bytes waiting for a socket', 'lines on standard error'])
    row(name, tally.of(name));
  console.log('messages');
  row('sent', tally.of('messages'));
  row('acknowledged', acked);
  row('attempts', attempts.length);
  row('acknowledgements', acks.length);
  row('attempts without an answer (unknown)', tally.of('attempts without an answer'));
  row('recovered (unknown, and had landed)', verdict.recovered);
  row('retries', tally.of('retries'));
  row('retried on another device', tally.of('retried on another device'));
  row('sent through both doors at once', tally.of('sent through both doors at once'));
  row('attempts over sockets', tally.of('attempts over socket'));
  row('attempts over REST', tally.of('attempts over rest'));
  group('  refused', tally.under('refused: '));
  row('ack in calm, ms', latencyOf(calmAcks));
  console.log('connections');
  for (const name of ['connects', 'connected', 'resumes', 'gap notices', 'devices that forgot everything']) {
    row(name, tally.of(name));
  }
  group('  closed with', tally.under('closed with '));
  group('  handshakes refused', tally.under('handshakes refused: '));
  group('  errors without ref', tally.under('errors without ref: '));
  row('subscriptions', subscriptions.length);
  row('seen live', tally.of('seen live'));
  row('seen by catch-up', tally.of('seen by catch-up'));
  row('pages', tally.of('pages'));
  console.log('memberships');
  group('  went out by', tally.under('went out by '));
  row('probes by those who are out', tally.of('probes by those who are out'));
  row('absences that were judged', verdict.absences.judged);
  row('absences about which nothing can be said', verdict.absences.unclear);
}

/** Every counter, then the first findings of each kind with what the clients saw around them. */
export function printVerdict(history: History, { findings }: Verdict): void {
  console.log('violations');
  for (const kind of VIOLATIONS) row(kind, findings.of(kind).length);
  for (const kind of findings.kinds) {
    const all = findings.of(kind);
    console.log(`\n${kind}: ${all.length}, the first of them:`);
    for (const finding of all.slice(0, SHOWN)) {
      console.log(`  - ${finding.text}`);
      for (const line of around(history, finding)) console.log(`      ${line}`);
    }
  }
}

/** What everybody saw near the place, and what the author tried. */
function around(history: History, { room, seq, key }: Finding): string[] {
  const lines = history.attempts
    .filter((attempt) => key !== undefined && attempt.key === key)
    .map(({ at, device, door }) => `${time(at)} ${device} sent it over ${door}`);
  for (const ack of history.acks.filter((one) => key !== undefined && one.key === key)) {
    lines.push(
      `${time(ack.at)} acknowledged as seq ${ack.seq}, id ${ack.id}${ack.isDuplicate ? ', a duplicate' : ''}`,
    );
  }
  if (room === undefined || seq === undefined) return lines;
  for (const subscription of history.subscriptions) {
    if (subscription.room !== room) continue;
    const near = subscription.seen.filter((seen) => Math.abs(seen.seq - seq) <= AROUND);
    if (near.length === 0) continue;
    const views = near.map(
      (seen) => `${seen.seq}${seen.isLive ? '' : 'h'}=${seen.author}:${seen.digest}@${time(seen.at)}`,
    );
    const { device, connection, after } = subscription;
    lines.push(`${device} on connection ${connection.id}, after ${after ?? '-'}: ${views.join(' ')}`);
  }
  return lines.slice(0, LINES_AROUND);
}

function latencyOf(samples: number[]): string {
  const sorted = [...samples].sort((one, other) => one - other);
  const at = (part: number): string => {
    const sample = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
    return sample === undefined ? '-' : sample.toFixed(1);
  };
  return `p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)}  (${sorted.length.toLocaleString('en-US')} of them)`;
}

function group(title: string, counts: readonly (readonly [string, number])[]): void {
  console.log(title);
  for (const [name, count] of counts) row(title.startsWith(' ') ? `  ${name}` : name, count);
}

function row(name: string, value: number | string): void {
  const shown = typeof value === 'number' ? Math.round(value).toLocaleString('en-US') : value;
  console.log(`  ${name.padEnd(46)} ${shown}`);
}

function time(at: number): string {
  return `${(at / 1000).toFixed(3)}s`;
}
