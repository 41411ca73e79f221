import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Approach } from './generator.js';
import type { Durability, PeerName } from './names.js';
import { launchOf, type Template } from './parlor.js';
import { PLACES } from './places.js';
import { freePort, ServerProcess, type Launch } from './server-process.js';

/** A server that runs, and how to reach it. */
export interface Running {
  readonly server: ServerProcess;
  readonly approach: Approach;
  /** Absent when it has no REST. */
  readonly rest?: { readonly messages: string; readonly token?: string };
}

export interface Ground {
  readonly durability: Durability;
  /** With at least the rooms that will be asked for. */
  readonly template: Template;
}

/** Starts a peer in a folder of its own, which must not exist yet. */
export async function startPeer(name: PeerName, folder: string, ground: Ground): Promise<Running> {
  const port = await freePort();
  switch (name) {
    case 'parlor':
      return startParlor(folder, port, ground);
    case 'ws-bare':
      return startPlain(name, 'ws', launch(name, folder, port, 'ws-server.mjs', { VARIANT: 'bare' }));
    case 'ws-coalesce':
      return startPlain(name, 'ws', launch(name, folder, port, 'ws-server.mjs', { VARIANT: 'coalesce' }));
    case 'socketio':
      return startPlain(name, 'socketio', launch(name, folder, port, 'socketio-server.mjs', {}));
    case 'nest':
      return startPlain(
        name,
        'nest',
        launch(name, folder, port, 'dist/nest-server.js', { DB: join(folder, 'nest.db') }),
      );
  }
}

async function startParlor(folder: string, port: number, { durability, template }: Ground): Promise<Running> {
  template.copyTo(folder);
  const server = await ServerProcess.settled(launchOf(folder, port, durability));
  const { rooms, tokens } = template.community;
  const [token = ''] = tokens;
  const rest = { messages: `${server.origin}/api/rooms/${rooms[0]}/messages`, token };
  return { server, approach: template.approachFrom(folder), rest };
}

async function startPlain(name: PeerName, adapter: Approach['adapter'], started: Launch): Promise<Running> {
  mkdirSync(started.folder, { recursive: true });
  const server = await ServerProcess.settled(started);
  return {
    server,
    approach: { adapter, options: [] },
    ...(name === 'nest' ? { rest: { messages: `${server.origin}/api/rooms/1/messages` } } : {}),
  };
}

function launch(
  what: PeerName,
  folder: string,
  port: number,
  program: string,
  env: Readonly<Record<string, string>>,
): Launch {
  return {
    what,
    args: [join(PLACES.peers, program)],
    folder,
    port,
    env: { NODE_ENV: 'production', PORT: String(port), ...env },
  };
}

/** Whether it has REST, known without starting it. */
export function hasRest(name: PeerName): boolean {
  return name === 'parlor' || name === 'nest';
}
