import { join } from 'node:path';
import { run } from './children.js';
import { pinned } from './machine.js';
import { PLACES } from './places.js';
import { failed, readingOf, type Reading } from './reading.js';
import type { ServerProcess } from './server-process.js';

/** Connecting, one second that does not count, and the last deliveries. */
const BESIDE_THE_MEASURED_SECONDS = 120;

/** How the generator reaches a server: which of `generator/adapters` it speaks, and with which rooms and tokens. */
export interface Approach {
  readonly adapter: 'parlor' | 'ws' | 'socketio' | 'nest';
  readonly options: readonly string[];
}

export class Generator {
  constructor(private readonly program: string) {}

  async load(
    server: ServerProcess,
    { adapter, options }: Approach,
    scenario: readonly string[],
    seconds: number,
  ): Promise<Reading> {
    const within = seconds + BESIDE_THE_MEASURED_SECONDS;
    const [command, args] = pinned('generator', this.program, [
      ...['--adapter', join(PLACES.generator, 'adapters', `${adapter}.conf`)],
      ...['--port', String(server.port), '--srv', String(server.pid), '--deadline', String(within - 10)],
      ...options,
      ...scenario,
    ]);
    const { ok, how, stdout, stderr } = await run(command, args, { withinSeconds: within });
    if (server.hasEnded) return failed(`the server ended meanwhile:\n${server.lastOutput}`);
    if (stdout.trim() !== '') return readingOf(stdout);
    return failed(`the generator ended with ${how}: ${ok ? '' : stderr.trim().slice(0, 500)}`);
  }
}
