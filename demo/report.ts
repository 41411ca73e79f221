import type { Conversation } from './conversation.js';
import type { Expectation } from './expectation.js';
import type { Plan } from './plan.js';
import type { Outcome } from './replay.js';
import type { Verdict } from './verify.js';

export function printConversation(
  { people, presentAtStart }: Conversation,
  expected: Expectation,
  plan: Plan,
): void {
  const { messages, joins, leaves, reconnects } = expected;
  print(
    'people',
    `${number(people.length)}, ${number(presentAtStart.size)} of them there from the start, and the operator`,
  );
  print('joins', number(joins) + note(plan.impliedJoins, 'by speaking after a leave'));
  print('leaves', number(leaves) + note(plan.ignoredLeaves, 'repeated, left out'));
  print('reconnects', number(reconnects));
  print('messages', number(messages.length));
}

export function printOutcome({ seconds, acks, deliveries, receipts }: Outcome, verdict: Verdict): void {
  const caughtUp = verdict.deliveries - verdict.live - verdict.onJoining;
  const kinds = [
    `${number(verdict.live)} live`,
    `${number(verdict.onJoining)} on joining`,
    `${number(caughtUp)} in catch-ups after a reconnect`,
  ];
  print(
    'rate',
    `${rate(receipts.length, seconds)} messages/s, ${rate(verdict.live, seconds)} deliveries/s, ${seconds.toFixed(1)} s`,
  );
  print('ack', acks.summary());
  print('delivery', deliveries.summary());
  print('checked', `${number(verdict.deliveries)} deliveries: ${kinds.join(', ')}`);
  print('stored', `${number(verdict.stored)} in the REST history`);
}

export function printVerdict(file: string, { differences }: Verdict): void {
  if (differences.count === 0) {
    console.log(`  agreed: what everybody saw, the REST history and ${file}, message by message\n`);
    return;
  }
  console.log(`  MISMATCH: ${number(differences.count)} differences, the first of them:`);
  for (const difference of differences.first) console.log(`    ${difference}`);
  console.log('');
}

function print(name: string, value: string): void {
  console.log(`  ${name.padEnd(10)}  ${value}`);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function rate(count: number, seconds: number): string {
  return number(Math.round(count / Math.max(seconds, 0.001)));
}

function note(count: number, what: string): string {
  return count === 0 ? '' : ` (${number(count)} ${what})`;
}
