import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The sides of a half-open connection have to notice by themselves; this is after both must have. */
const HALF_OPEN_FOR_MS = 12_000;

/** One direction of a connection: what is delayed stays in order, also when the delay changes. */
class Lane {
  private readonly waiting: { readonly at: number; readonly act: () => void }[] = [];
  private timer: NodeJS.Timeout | undefined;

  push(delay: number, act: () => void): void {
    if (delay === 0 && this.waiting.length === 0) return act();
    this.waiting.push({ at: performance.now() + delay, act });
    this.timer ??= setTimeout(() => this.drain(), delay);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.waiting.length = 0;
  }

  private drain(): void {
    this.timer = undefined;
    for (let first = this.waiting[0]; first; first = this.waiting[0]) {
      const left = first.at - performance.now();
      if (left > 0) {
        this.timer = setTimeout(() => this.drain(), left);
        return;
      }
      this.waiting.shift();
      first.act();
    }
  }
}

/** One TCP connection through the proxy, and what can be done to it. */
export class ProxiedConnection {
  /** The first bytes tell a socket from a request, and which device it belongs to. */
  isSocket = false;
  device: string | undefined;
  private delayMs = 0;
  private mode: 'open' | 'half-open' | 'deaf' | 'stalled' = 'open';
  private sniffed = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly lanes = { up: new Lane(), down: new Lane() };

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly onEnd: () => void,
    onAnswer: (chunk: Buffer) => void,
  ) {
    client.on('data', (chunk) => {
      this.sniff(chunk);
      this.pass(chunk, client, server);
    });
    server.on('data', (chunk) => {
      onAnswer(chunk);
      if (this.mode !== 'deaf') this.pass(chunk, server, client);
    });
    client.on('end', () => this.later(client, () => server.end()));
    server.on('end', () => this.later(server, () => client.end()));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', (failed) => {
        if (this.mode === 'half-open') return;
        if (failed) other.resetAndDestroy();
        else this.later(socket, () => other.end());
        if (client.destroyed && server.destroyed) this.finish();
      });
    }
  }

  /** Whether nothing has been done to it so far. */
  get isWhole(): boolean {
    return this.mode === 'open' && !this.client.destroyed && !this.server.destroyed;
  }

  /** Both sides get a RST; what was on its way is gone. */
  cut(): void {
    this.mode = 'open';
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
    this.finish();
  }

  /** As behind a router that has forgotten the connection: nothing passes, and nobody is told. */
  halfOpen(): void {
    this.mode = 'half-open';
    this.client.pause();
    this.server.pause();
    this.after(HALF_OPEN_FOR_MS, () => this.cut());
  }

  /** The server hears the client, the client does not hear the server; then the connection is cut. */
  loseAnswers(milliseconds: number): void {
    this.mode = 'deaf';
    this.after(milliseconds, () => this.cut());
  }

  /** The client stops reading; what it sends still arrives. */
  stall(milliseconds: number): void {
    this.mode = 'stalled';
    this.server.pause();
    this.after(milliseconds, () => {
      this.mode = 'open';
      this.server.resume();
    });
  }

  /** Every piece comes later, in both directions and in order. */
  slowDown(delay: number, milliseconds: number): void {
    this.delayMs = delay;
    this.after(milliseconds, () => (this.delayMs = 0));
  }

  heal(): void {
    if (this.mode !== 'open') this.cut();
    this.delayMs = 0;
  }

  private sniff(chunk: Buffer): void {
    if (this.sniffed) return;
    this.sniffed = true;
    const head = chunk.toString('latin1');
    this.isSocket = head.startsWith('GET /ws');
    this.device = /\r\nuser-agent: (\S+)\r\n/i.exec(head)?.[1];
  }

  private pass(chunk: Buffer, from: Socket, to: Socket): void {
    this.later(from, () => {
      if (to.destroyed || to.writableEnded || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (this.mode === 'open' || (this.mode === 'stalled' && from === this.client)) from.resume();
      });
    });
  }

  private later(from: Socket, act: () => void): void {
    this.lanes[from === this.client ? 'up' : 'down'].push(this.delayMs, act);
  }

  private after(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, milliseconds);
    this.timers.add(timer);
  }

  private finish(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.lanes.up.clear();
    this.lanes.down.clear();
    this.onEnd();
  }
}

/** Stands between the clients and the servers, so that the network can be broken in the middle. */
export class Proxy {
  private readonly connections = new Set<ProxiedConnection>();
  private tripwire: { readonly text: string; readonly act: (port: number) => void } | undefined;
  private accepted = 0;

  private constructor(
    private readonly listener: Server,
    readonly origin: string,
  ) {}

  /** With several ports, connections go to each of them by turns, whether anybody listens there or not. */
  static async before(ports: readonly number[]): Promise<Proxy> {
    const listener = createServer({ allowHalfOpen: true });
    await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
    const proxy = new Proxy(listener, `http://127.0.0.1:${portOf(listener)}`);
    listener.on('connection', (client) => {
      proxy.accept(client, ports[(proxy.accepted += 1) % ports.length] ?? 0);
    });
    return proxy;
  }

  /** The WebSockets that are open and whole. */
  get sockets(): ProxiedConnection[] {
    return [...this.connections].filter(({ isSocket, isWhole }) => isSocket && isWhole);
  }

  get all(): ProxiedConnection[] {
    return [...this.connections];
  }

  /**
   * Calls `act` with the port of the server that next says this, before anybody else hears it: the moment in which
   * it must have done already what it says.
   *
   * @returns how to call it off
   */
  atNext(text: string, act: (port: number) => void): () => void {
    this.tripwire = { text, act };
    return () => (this.tripwire = undefined);
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.cut();
    await new Promise<void>((closed) => this.listener.close(() => closed()));
  }

  private accept(client: Socket, port: number): void {
    const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const connection = new ProxiedConnection(
      client,
      server,
      () => this.connections.delete(connection),
      (chunk) => this.heard(chunk, port),
    );
    this.connections.add(connection);
  }

  private heard(chunk: Buffer, port: number): void {
    const wire = this.tripwire;
    if (!wire || !chunk.includes(wire.text)) return;
    this.tripwire = undefined;
    wire.act(port);
  }
}

export function portOf(listener: Server): number {
  const address: AddressInfo | string | null = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return address.port;
}
