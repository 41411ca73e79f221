import { checkAnswers } from './check-answers.js';
import { checkLogs, recoveredOf, type StoredRoom } from './check-log.js';
import { checkMemberships, type MembershipCounts } from './check-membership.js';
import { checkViews } from './check-views.js';
import { Findings } from './findings.js';
import type { History } from './history.js';

export interface Verdict {
  readonly findings: Findings;
  /** Allowed: the outcome was unknown, and a retry found the message stored. */
  readonly recovered: number;
  readonly absences: MembershipCounts;
}

/** Goes over everything that was sent, answered and seen, and over what is stored. */
export function check(history: History, rooms: readonly StoredRoom[]): Verdict {
  const findings = new Findings();
  checkLogs(history, rooms, findings);
  checkViews(history, rooms, findings);
  checkAnswers(history, findings);
  const absences = checkMemberships(history, findings);
  for (const { kind, text } of history.faults) findings.add(kind, text);
  return { findings, recovered: recoveredOf(history), absences };
}
