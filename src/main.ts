import 'reflect-metadata';
import { ConfigurationError } from './config/env-reader.js';
import { Settings } from './config/settings.js';
import { createApp } from './create-app.js';

/** Node ends with this status on a configuration that cannot be used: EX_CONFIG of sysexits.h. */
const EX_CONFIG = 78;

async function main(): Promise<void> {
  const app = await createApp();
  // Without it Nest ends the process by the signal that it has just handled, which looks like a crash.
  app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
  const { host, port } = app.get(Settings);
  await app.listen(port, host);
  const url = await app.getUrl();
  console.log(`Parlor listens on ${url}
  API     ${url}/docs   ${url}/redoc   ${url}/openapi.json
  Sockets ${url.replace('http', 'ws')}/ws/auth   ${url.replace('http', 'ws')}/ws/room/{room_id}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigurationError ? error.message : error);
  process.exitCode = error instanceof ConfigurationError ? EX_CONFIG : 1;
});
