import { RestClient, type Caller } from '../support/rest-client.js';
import { ServerProcess } from '../support/server-process.js';
import { SocketClient } from '../support/socket-client.js';
import type { Env } from '../support/test-server.js';
import type { DiskShim } from './disk-shim.js';

/** Limits that no test here is about. */
const GENEROUS: Env = {
  FRAMES_PER_SECOND: '1000000',
  FRAMES_BURST: '1000000',
  MESSAGES_PER_SECOND: '1000000',
  MESSAGES_BURST: '1000000',
};

/** A server as a process of its own, on a disk that can be watched and broken; with people who talk. */
export class ShimmedServer {
  readonly rest = new RestClient(() => this.url);
  private url = '';
  private sockets: SocketClient[] = [];

  private constructor(
    readonly process: ServerProcess,
    readonly disk: DiskShim,
  ) {}

  static async on(putOn: (folder: string) => Promise<DiskShim>): Promise<ShimmedServer> {
    const process = await ServerProcess.inFolder();
    return new ShimmedServer(process, await putOn(process.folder));
  }

  async start(env: Env = {}, options: { recorded?: boolean } = {}): Promise<void> {
    this.url = await this.process.start({ ...GENEROUS, ...this.disk.env(options), ...env });
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

  /** A socket of this room, greeted and with the history read. */
  async listen(person: Caller, room: number): Promise<SocketClient> {
    const headers = { authorization: `Bearer ${person.token}` };
    const client = await SocketClient.open(`${this.url.replace('http', 'ws')}/ws/room/${room}`, { headers });
    this.sockets.push(client);
    await client.next('connection_established');
    await client.wholeHistory();
    return client;
  }
}
