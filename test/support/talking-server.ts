import { readFile } from 'node:fs/promises';
import { RestClient, type Caller } from './rest-client.js';
import { ServerProcess } from './server-process.js';
import { SocketClient } from './socket-client.js';
import type { Env } from './test-settings.js';

/** Limits that no test here is about. */
const GENEROUS: Env = {
  FRAMES_PER_SECOND: '1000000',
  FRAMES_BURST: '1000000',
  MESSAGES_PER_SECOND: '1000000',
  MESSAGES_BURST: '1000000',
};

/** A server as a process of its own, with people who talk. */
export class TalkingServer {
  readonly rest = new RestClient(() => this.url);
  url = '';
  private sockets: SocketClient[] = [];

  private constructor(readonly process: ServerProcess) {}

  static async inFolder(): Promise<TalkingServer> {
    return new TalkingServer(await ServerProcess.inFolder());
  }

  async start(env: Env = {}): Promise<void> {
    this.url = await this.process.start({ ...GENEROUS, ...env });
  }

  /** Ends as by a power switch, but for the disk: what was written is written. */
  async kill(): Promise<void> {
    for (const socket of this.sockets.splice(0)) socket.terminate();
    this.process.signal('SIGKILL');
    await this.process.ended();
  }

  async remove(): Promise<void> {
    for (const socket of this.sockets.splice(0)) socket.terminate();
    await this.process.remove();
  }

  async person(username: string): Promise<Caller> {
    const account = { username, password: 'correct horse' };
    await this.rest.post('/api/users/', { ...account, email: `${username}@example.org` });
    const { body } = await this.rest.post<{ access_token: string }>('/api/token', account);
    return { token: body.access_token };
  }

  /** Room 1, 2, 3 and so on. */
  async room(owner: Caller, name: string): Promise<number> {
    const { body } = await this.rest.post<{ id: number }>('/api/rooms/', { name }, owner);
    return body.id;
  }

  /** The memory that the process holds, in bytes (proc(5), VmRSS). */
  residentBytes(): Promise<number> {
    return this.memory('VmRSS');
  }

  /** The most memory that the process ever had mapped, in bytes, whether it was touched or not (proc(5), VmPeak). */
  mappedBytes(): Promise<number> {
    return this.memory('VmPeak');
  }

  private async memory(kind: 'VmRSS' | 'VmPeak'): Promise<number> {
    const status = await readFile(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(new RegExp(`^${kind}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  }

  /** A `/ws/auth` socket, greeted. */
  connect(person: Caller): Promise<SocketClient> {
    return this.open(person, '/ws/auth');
  }

  /** A socket of this room, greeted and with the history read. */
  async listen(person: Caller, room: number): Promise<SocketClient> {
    const client = await this.open(person, `/ws/room/${room}`);
    await client.wholeHistory();
    return client;
  }

  private async open(person: Caller, path: string): Promise<SocketClient> {
    const headers = { authorization: `Bearer ${person.token}` };
    const client = await SocketClient.open(`${this.url.replace('http', 'ws')}${path}`, { headers });
    this.sockets.push(client);
    await client.next('connection_established');
    return client;
  }
}
