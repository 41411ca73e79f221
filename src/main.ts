import 'reflect-metadata';
import { ConfigurationError } from './config/env-reader.js';
import { Settings } from './config/settings.js';
import { createApp } from './create-app.js';

/** Node ends with this status on a configuration that cannot be used: EX_CONFIG of sysexits.h. */
const EX_CONFIG = 78;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function main(): Promise<void> {
  const app = await createApp();
  const { host, port, shutdownTimeout } = app.get(Settings);
  // Without it Nest ends the process by the signal that it has just handled, which looks like a crash.
  app.enableShutdownHooks([...SIGNALS], { useProcessExit: true });
  for (const signal of SIGNALS) {
    process.once(signal, () => endBy(shutdownTimeout));
    // Nest stops listening shortly before it exits: by then a second signal must not end the process as if by a crash.
    process.on(signal, () => undefined);
  }
  await app.listen(port, host);
  const url = await app.getUrl();
  console.log(`Parlor listens on ${url}
  API     ${url}/docs   ${url}/redoc   ${url}/openapi.json
  Sockets ${url.replace('http', 'ws')}/ws/auth   ${url.replace('http', 'ws')}/ws/room/{room_id}`);
}

/** Whatever hangs, the process ends. Everything that was acknowledged is stored by then. */
function endBy(shutdownTimeout: number): void {
  setTimeout(() => {
    console.error('The shutdown took too long; ending anyway.');
    process.exit(1);
  }, shutdownTimeout).unref();
}

/** One sentence for what an operator can mend, a stack for what only we can. */
function fail(error: unknown): void {
  if (error instanceof ConfigurationError) console.error(error.message);
  else if (isFromOutside(error)) console.error(`Parlor cannot go on: ${sentenceOf(error)}`);
  else console.error(error instanceof Error ? error.stack : error);
  process.exit(error instanceof ConfigurationError ? EX_CONFIG : 1);
}

function sentenceOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

/** What the operating system or the database refuse has a code: a taken port, a folder without rights. */
function isFromOutside(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

// A log that nobody takes any more, or whose disk is full, is no reason to end: the lines are lost, and nothing else.
for (const log of [process.stdout, process.stderr]) log.on('error', () => undefined);
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
main().catch(fail);
