import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { numberIn, textIn } from './fields.js';
import type { Approach } from './generator.js';
import type { Durability } from './names.js';
import { PLACES } from './places.js';
import { ask, askFields, forEach } from './rest-client.js';
import { freePort, ServerProcess, type Launch } from './server-process.js';

/** One list for all that play many people on one machine. */
const RAISED_LIMITS = parseEnv(
  readFileSync(new URL('../scripts/raised-limits.env', import.meta.url), 'utf8'),
);
export const PASSWORD = 'correct horse battery';
const AT_A_TIME = 16;

/** What has nothing to do with limits. */
const NEEDED = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'DATABASE_URL',
  'DURABILITY',
  'LOG_LEVEL',
  'ACCESS_TOKEN_EXPIRE_MINUTES',
];

/** Everything that is meant to stop people is raised, as docs/configuration.md says for a benchmark. */
export function launchOf(folder: string, port: number, durability: Durability): Launch {
  return {
    what: 'Parlor',
    args: [PLACES.parlor],
    folder,
    port,
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: `sqlite:///${databaseIn(folder)}`,
      DURABILITY: durability,
      LOG_LEVEL: 'warn',
      BCRYPT_COST: '4',
      ACCESS_TOKEN_EXPIRE_MINUTES: '1440',
      ...RAISED_LIMITS,
    },
  };
}

/** The same server with the limits that it has when nobody says otherwise. */
export function serveWithDefaults({ env, ...launch }: Launch): Launch {
  return { ...launch, env: Object.fromEntries(NEEDED.map((name) => [name, env[name]])) };
}

export function databaseIn(folder: string): string {
  return join(folder, 'parlor.db');
}

export interface People {
  readonly tokens: readonly string[];
  readonly userIds: readonly number[];
}

export interface Community extends People {
  readonly rooms: readonly number[];
}

export async function signUp(origin: string, count: number): Promise<People> {
  const tokens: string[] = [];
  const userIds: number[] = [];
  await forEach([...Array(count).keys()], AT_A_TIME, async (index) => {
    const username = `person${index}`;
    const account = { username, email: `${username}@example.org`, password: PASSWORD };
    userIds[index] = numberIn(await askFields('POST', `${origin}/api/users`, { json: account }), 'id');
    const login = { username, password: PASSWORD };
    tokens[index] = textIn(await askFields('POST', `${origin}/api/token`, { json: login }), 'access_token');
  });
  return { tokens, userIds };
}

/** Makes rooms, and makes everybody a member of every room. */
async function makeRooms(origin: string, { tokens }: People, count: number): Promise<number[]> {
  const [owner = ''] = tokens;
  const ids: number[] = [];
  await forEach([...Array(count).keys()], AT_A_TIME, async (index) => {
    const room = { name: `room ${index}` };
    ids[index] = numberIn(await askFields('POST', `${origin}/api/rooms`, { token: owner, json: room }), 'id');
  });
  const joins = tokens.slice(1).flatMap((token) => ids.map((id) => ({ token, id })));
  await forEach(joins, AT_A_TIME, async ({ token, id }) => {
    await ask('POST', `${origin}/api/rooms/${id}/join`, { token });
  });
  return ids;
}

/** Starts a Parlor in an empty folder, does something over REST as anybody else would, and stops it again. */
export async function prepare<T>(folder: string, what: (origin: string) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  // The preparation is not measured, so it does not wait for the disk.
  const server = await ServerProcess.start(launchOf(folder, await freePort(), 'normal'));
  try {
    return await what(server.origin);
  } finally {
    await server.stop();
  }
}

/** A prepared folder, from which every run takes a fresh copy: all runs begin alike, and none seeds again. */
export class Template {
  private constructor(
    private readonly folder: string,
    readonly community: Community,
  ) {}

  static async make(folder: string, users: number, rooms: number): Promise<Template> {
    const community = await prepare(folder, async (origin) => {
      const people = await signUp(origin, users);
      return { ...people, rooms: await makeRooms(origin, people, rooms) };
    });
    return new Template(folder, community);
  }

  copyTo(folder: string): void {
    cpSync(this.folder, folder, { recursive: true });
  }

  approachFrom(folder: string): Approach {
    return approachOf(folder, this.community);
  }
}

/** Members of a room take the tokens by turns. */
export function approachOf(folder: string, { tokens, rooms }: Community, name = 'bench'): Approach {
  const [tokenFile, roomFile] = [join(folder, `${name}.tokens`), join(folder, `${name}.rooms`)];
  writeFileSync(tokenFile, `${tokens.join('\n')}\n`);
  writeFileSync(roomFile, `${rooms.join('\n')}\n`);
  return { adapter: 'parlor', options: ['--tokens', tokenFile, '--rooms-file', roomFile] };
}
