import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { iso } from '../database/columns.js';
import { CLOSE } from '../protocol/close-codes.js';
import type { Connection } from './connection.js';

/** Of a token that lives shortly, the last part in which its end is near. */
const NEAR = 1 / 5;

/**
 * Ends each socket with its token, after a warning. A socket has one timer at a time: until the warning, then until
 * the end.
 */
@Injectable()
export class TokenExpiry {
  private readonly timers = new Map<Connection, NodeJS.Timeout>();
  /** Milliseconds between the warning and the end. */
  private readonly notice: number;
  private readonly onNear = (connection: Connection): void => this.warn(connection);
  private readonly onEnd = (connection: Connection): void => connection.close(CLOSE.tokenExpired);

  constructor({ tokenWarningSeconds, accessTokenSeconds }: Settings) {
    this.notice = Math.min(tokenWarningSeconds, accessTokenSeconds * NEAR) * 1000;
  }

  /** Begins anew for a connection that has another token now. */
  watch(connection: Connection): void {
    this.forget(connection);
    if (!connection.user || !connection.isOpen) return;
    this.wait(connection, this.onNear, connection.user.expiresAt - this.notice);
  }

  forget(connection: Connection): void {
    clearTimeout(this.timers.get(connection));
    this.timers.delete(connection);
  }

  private warn(connection: Connection): void {
    if (!connection.user) return;
    const { expiresAt } = connection.user;
    const left = Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
    connection.send({ type: 'token_expiring', expires_at: iso(expiresAt), seconds_left: left });
    this.wait(connection, this.onEnd, expiresAt);
  }

  private wait(connection: Connection, then: (connection: Connection) => void, time: number): void {
    this.timers.set(connection, setTimeout(then, time - Date.now(), connection).unref());
  }
}
