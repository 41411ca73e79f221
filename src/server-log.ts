import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { isNativeError } from 'node:util/types';
import type { LogThreshold } from './config/settings.js';

const LEVELS: Record<LogThreshold, LogLevel[]> = {
  silent: [],
  error: ['fatal', 'error'],
  warn: ['fatal', 'error', 'warn'],
  info: ['fatal', 'error', 'warn', 'log'],
  debug: ['fatal', 'error', 'warn', 'log', 'debug'],
};

/** What the framework says of itself at each start: worth a look only when something does not start. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** The server's log, without the framework's own start-up lines unless the level is `debug`. */
export class ServerLog extends ConsoleLogger {
  constructor(private readonly threshold: LogThreshold) {
    super({ logLevels: LEVELS[threshold] });
  }

  /**
   * An error is its stack and that of its cause, never its properties: those of a failed query hold what
   * people wrote.
   */
  override error(message: unknown, ...rest: unknown[]): void {
    super.error(withoutProperties(message), ...rest.map(withoutProperties));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (this.threshold !== 'debug' && typeof context === 'string' && FRAMEWORK.has(context)) return;
    super.log(message, ...rest);
  }
}

function withoutProperties(logged: unknown): unknown {
  return isNativeError(logged) ? stackOf(logged) : logged;
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return isNativeError(error.cause) ? `${own}\nCaused by: ${stackOf(error.cause)}` : own;
}
