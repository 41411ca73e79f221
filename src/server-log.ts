import { ConsoleLogger, type LogLevel } from '@nestjs/common';
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

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (this.threshold !== 'debug' && typeof context === 'string' && FRAMEWORK.has(context)) return;
    super.log(message, ...rest);
  }
}
