import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, jest } from '@jest/globals';
import type { Abstract, Type } from '@nestjs/common';
import type { ClientOptions } from 'ws';
import { DatabaseFile } from './database-file.js';
import { bodyOf, RestClient, type Caller } from './rest-client.js';
import { SocketClient } from './socket-client.js';
import type { TestDatabase } from './database.js';
import { TEST_REDIS } from './services.js';
import { createDatabase, DATABASE, type DatabaseName } from './test-database.js';
import { TestNode } from './test-node.js';
import { GENEROUS, type Env } from './test-settings.js';

export interface Person extends Caller {
  id: number;
  /** Unique on this server: the given name and a number. */
  username: string;
  email: string;
  password: string;
  refreshToken: string;
}

export interface Room {
  id: number;
  name: string;
  description: string | null;
  visibility: 'public' | 'private';
  created_at: string;
  owner_id: number;
  head_seq: number;
  is_member: boolean;
  role: 'owner' | 'admin' | 'member' | null;
  capabilities: string[];
}

export interface Tokens {
  access_token: string;
  token_type: string;
  expires_in: number;
  refresh_token: string;
}

/** One value for each of several arguments, as a tuple of the same length. */
type Each<Arguments extends readonly unknown[], Value> = { [Index in keyof Arguments]: Value };

/** A mailbox waits 8 seconds; the test around it has to outlive that to show what arrived. */
jest.setTimeout(60_000);

/**
 * A server for this `describe` or file: starts before its first test, stops after its last. Jest itself fails
 * a test during which a promise is rejected and nobody listens.
 */
export function runServer(env: Env = {}, on = INSTALLATION): TestServer {
  const server = new TestServer(env, on);
  beforeAll(() => server.start());
  afterAll(() => server.remove());
  return server;
}

/** What the servers of a test run on. */
interface Installation {
  readonly database: DatabaseName;
  /** Servers on that database. Whoever asks for an address gets each in turn. */
  readonly nodes: number;
}

/** TEST_NODES=2 goes with TEST_DATABASE=postgres. */
const INSTALLATION: Installation = { database: DATABASE, nodes: Number(process.env.TEST_NODES ?? 1) };
/** One server of those that can be several, and two of them. */
export const ON_POSTGRES: Installation = { database: 'postgres', nodes: 1 };
export const TWO_NODES: Installation = { database: 'postgres', nodes: 2 };

/** A real server in this process, or several: a free port for each, a database of their own. */
export class TestServer {
  readonly rest = new RestClient(() => this.url);
  private nodes: TestNode[] = [];
  private turn = 0;
  private readonly redisPrefix = `${randomUUID()}:`;
  private stored: TestDatabase | undefined;
  private sockets: SocketClient[] = [];
  private names = 0;

  constructor(
    private readonly env: Env = {},
    private readonly on = INSTALLATION,
  ) {}

  async start(env: Env = {}): Promise<void> {
    this.stored ??= await createDatabase(this.on.database);
    const settings = { ...this.shared, ...GENEROUS, ...this.env, ...env };
    const all = Array.from({ length: this.on.nodes }, (_, index) =>
      TestNode.start({ NODE_NAME: `node ${index + 1}`, ...settings }),
    );
    this.nodes = await Promise.all(all);
  }

  /** What another server needs to be one more node. */
  get shared(): Env {
    const redis: Env =
      this.on.database === 'postgres' ? { REDIS_URL: TEST_REDIS, REDIS_PREFIX: this.redisPrefix } : {};
    return { DATABASE_URL: this.database.url, ...redis };
  }

  /** Starts on what this server's sudden death would leave; the one that "died" runs on, and shares nothing. */
  async afterCrashOf(other: TestServer): Promise<void> {
    if (this.on.database === 'postgres') {
      // The database did not die, and serves both.
      this.stored = other.database;
    } else {
      this.stored = await createDatabase(this.on.database);
      await other.file.copyTo(this.databasePath);
    }
    await this.start();
  }

  /** A provider of the server, for what no client can bring about. */
  inside<T>(token: Type<T> | Abstract<T>): T {
    const [node] = this.nodes;
    if (!node) throw new Error('The server does not run.');
    return node.inside(token);
  }

  /** Stops as SIGTERM does, and keeps the database for the next start. */
  async stop(): Promise<void> {
    // Until then it has an address, at which it refuses.
    await Promise.all(this.nodes.map((node) => node.stop()));
    this.nodes = [];
  }

  async remove(): Promise<void> {
    this.hangUp();
    await this.stop();
    await this.stored?.remove();
  }

  get url(): string {
    const node = this.nodes[(this.turn += 1) % this.nodes.length];
    if (!node) throw new Error('The server is not running.');
    return node.url;
  }

  get socketUrl(): string {
    return this.url.replace(/^http/, 'ws');
  }

  get database(): TestDatabase {
    if (this.stored === undefined) throw new Error('The server was never started.');
    return this.stored;
  }

  /** Where the server runs on SQLite. */
  get file(): DatabaseFile {
    if (this.database instanceof DatabaseFile) return this.database;
    throw new Error('This server has no file.');
  }

  get databasePath(): string {
    return this.file.path;
  }

  // People and rooms

  uniqueName(name: string): string {
    return `${name}_${++this.names}`;
  }

  async person(name: string): Promise<Person> {
    const username = this.uniqueName(name);
    const account = {
      username,
      email: `${username}@example.org`,
      password: `${username} has a long password`,
    };
    const { id } = bodyOf(await this.rest.post<{ id: number }>('/api/users/', account), 201);
    const tokens = await this.logIn(account);
    return { ...account, id, ...tokens };
  }

  /** A person who may look at the running system: what `npm run admin -- grant` does to a running server. */
  async operator(role: 'ops' | 'admin' = 'ops'): Promise<Person> {
    const person = await this.person(role);
    await this.database.execute(`UPDATE users SET role = '${role}' WHERE id = ${person.id}`);
    return { ...person, ...(await this.logIn(person)) };
  }

  /** A new session; every `Person` starts with one. */
  async logIn(who: { username: string; password: string }): Promise<{ token: string; refreshToken: string }> {
    const form = { username: who.username, password: who.password };
    const tokens = bodyOf(await this.rest.post<Tokens>('/api/token', form), 200);
    return { token: tokens.access_token, refreshToken: tokens.refresh_token };
  }

  people<const Names extends readonly string[]>(...names: Names): Promise<Each<Names, Person>>;
  people(...names: string[]): Promise<Person[]> {
    return Promise.all(names.map((name) => this.person(name)));
  }

  async room(owner: Person, draft: { name?: string; visibility?: 'public' | 'private' } = {}): Promise<Room> {
    const body = { name: this.uniqueName('room'), ...draft };
    return bodyOf(await this.rest.post<Room>('/api/rooms/', body, owner), 201);
  }

  /** A public room of the first, which the others have joined. */
  async roomOf(owner: Person, ...members: Person[]): Promise<Room> {
    const room = await this.room(owner);
    for (const member of members) {
      bodyOf(await this.rest.post(`/api/rooms/${room.id}/join`, undefined, member), 200);
    }
    return room;
  }

  /** A private room of the first, who has added the others. */
  async privateRoomOf(owner: Person, ...members: Person[]): Promise<Room> {
    const room = await this.room(owner, { visibility: 'private' });
    for (const member of members) {
      bodyOf(await this.rest.put(`/api/rooms/${room.id}/members/${member.id}`, owner), 200);
    }
    return room;
  }

  // Sockets

  /** Any socket, with nothing read from it. */
  async socket(path: string, as?: Caller, options: ClientOptions = {}): Promise<SocketClient> {
    const authorization = as ? { authorization: `Bearer ${as.token}` } : {};
    const headers = { ...authorization, ...options.headers };
    const client = await SocketClient.open(this.socketUrl + path, { ...options, headers });
    this.sockets.push(client);
    return client;
  }

  /** Cuts every socket that was opened here. */
  hangUp(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
  }

  /** One `/ws/auth` socket each, greeted. */
  connect<const People extends readonly Person[]>(...people: People): Promise<Each<People, SocketClient>>;
  connect(...people: Person[]): Promise<SocketClient[]> {
    return Promise.all(
      people.map(async (person) => {
        const client = await this.socket('/ws/auth', person);
        await client.next('connection_established');
        return client;
      }),
    );
  }

  /** One `/ws/room/{id}` socket each, greeted and with the history read. */
  connectTo<const People extends readonly Person[]>(
    room: Room,
    ...people: People
  ): Promise<Each<People, SocketClient>>;
  connectTo(room: Room, ...people: Person[]): Promise<SocketClient[]> {
    return Promise.all(
      people.map(async (person) => {
        const client = await this.socket(`/ws/room/${room.id}`, person);
        await client.next('connection_established');
        await client.next('message_history');
        return client;
      }),
    );
  }

  /** One `/ws/auth` socket each that has joined the room, with the history read. */
  connectAndJoin<const People extends readonly Person[]>(
    room: Room,
    ...people: People
  ): Promise<Each<People, SocketClient>>;
  async connectAndJoin(room: Room, ...people: Person[]): Promise<SocketClient[]> {
    const clients: SocketClient[] = await this.connect(...people);
    for (const client of clients) {
      client.send({ type: 'join_room', room_id: room.id });
      await client.next('room_joined');
      await client.next('message_history');
    }
    return clients;
  }
}
