import type { Findings } from './findings.js';
import type { Connection, History } from './history.js';

/** The server answers in 5 s at most when the database is locked, and may have been paused for 3 s. */
const ANSWER_WITHIN_MS = 19_000;

/** Every frame with a `ref` is answered, in order, unless the socket closes. */
export function checkAnswers(history: History, findings: Findings): void {
  for (const connection of history.connections) checkConnection(connection, history.settledAt, findings);
}

function checkConnection(connection: Connection, settledAt: number | undefined, findings: Findings): void {
  const { device, asks, closedAt = Infinity } = connection;
  let unanswered = 0;
  let lastAnswer = 0;
  for (const { what, at, answeredAt } of [...asks].reverse()) {
    if (answeredAt !== undefined) {
      lastAnswer = Math.max(lastAnswer, answeredAt);
      continue;
    }
    unanswered += 1;
    const overtaken = lastAnswer > 0;
    const forgotten = closedAt - at > ANSWER_WITHIN_MS && (settledAt === undefined || at < settledAt);
    if (!overtaken && !forgotten) continue;
    const how = overtaken ? 'a later frame was answered' : `none within ${ANSWER_WITHIN_MS} ms`;
    findings.add('unanswered', `${device}: a ${what} frame of ${Math.round(at)} ms got no answer; ${how}`);
  }
  const open = settledAt !== undefined && closedAt > settledAt;
  if (open && unanswered > 0 && asks.some((ask) => ask.answeredAt === undefined && ask.at < settledAt)) {
    findings.add('unanswered', `${device}: ${unanswered} frames had no answer when all was quiet`);
  }
}
