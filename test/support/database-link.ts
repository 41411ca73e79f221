import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The network between a server and its PostgreSQL, which a test can break. */
export class DatabaseLink {
  private readonly sockets = new Set<Socket>();
  private state: 'whole' | 'deaf' | 'down' = 'whole';

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', (client) => this.link(client));
  }

  static async to(url: string): Promise<DatabaseLink> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DatabaseLink(server, new URL(url));
  }

  /** The same database, by way of the link. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${portOf(this.server.address())}`;
    return url.href;
  }

  /** What is asked arrives; what is answered is lost. */
  deafen(): void {
    this.state = 'deaf';
  }

  /** Connections are reset, and new ones too. */
  cut(): void {
    this.state = 'down';
    this.reset();
  }

  /** Connections are reset once; the next ones are whole. */
  mend(): void {
    this.state = 'whole';
    this.reset();
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((closed) => this.server.close(closed));
  }

  private reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  private link(client: Socket): void {
    if (this.state === 'down') {
      client.resetAndDestroy();
      return;
    }
    const database = connect(Number(this.target.port || 5432), this.target.hostname);
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk) => database.write(chunk));
    database.on('data', (chunk) => {
      if (this.state !== 'deaf') client.write(chunk);
    });
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The link does not listen.');
  return address.port;
}
