import { Injectable, Logger } from '@nestjs/common';
import type { ClientOrigin } from '../identity/client-origin.js';

/** What somebody who watches the server wants to hear of. */
export type SecurityEvent =
  | 'access_denied'
  | 'handshake_refused'
  | 'limit_hit'
  | 'log_in_failed'
  | 'log_in_throttled'
  | 'password_changed'
  | 'refresh_token_reused'
  | 'session_ended'
  | 'token_refused';

/** Ids, codes and counts. Nothing that people type belongs here: a password is soon typed into the wrong field. */
export type SecurityFacts = Readonly<Record<string, number | string | undefined>>;

/** Lines of one event in a second. A flood is told by its count, so that it cannot fill a disk. */
const LINES_PER_SECOND = 20;

interface Told {
  second: number;
  lines: number;
  suppressed: number;
}

/** Security events as lines of JSON: which, whose request, from where. Never a token, a password or a text. */
@Injectable()
export class SecurityLog {
  private readonly logger = new Logger('Security');
  private readonly told = new Map<SecurityEvent, Told>();

  tell(event: SecurityEvent, { requestId, address }: ClientOrigin, facts: SecurityFacts = {}): void {
    const suppressed = this.suppressedBefore(event);
    if (suppressed === undefined) return;
    const line = { event, request_id: requestId, address, ...facts, suppressed: suppressed || undefined };
    this.logger.warn(JSON.stringify(line));
  }

  /** How many lines of the event were left out before this one; nothing when this one is left out too. */
  private suppressedBefore(event: SecurityEvent): number | undefined {
    const second = Math.floor(performance.now() / 1000);
    const told = this.told.get(event);
    if (told?.second !== second) {
      this.told.set(event, { second, lines: 1, suppressed: 0 });
      return told?.suppressed ?? 0;
    }
    if (told.lines >= LINES_PER_SECOND) {
      told.suppressed += 1;
      return undefined;
    }
    told.lines += 1;
    return 0;
  }
}
