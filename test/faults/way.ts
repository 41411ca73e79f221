import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { portOf } from './proxy.js';

/** The way of one node to its database or its Redis, which can be cut, or swallow everything for a while. */
export class Way {
  private readonly sockets = new Set<Socket>();
  private state: 'whole' | 'cut' | 'stalled' = 'whole';

  private constructor(
    private readonly listener: Server,
    private readonly target: URL,
    private readonly targetPort: number,
  ) {
    listener.on('connection', (near) => this.accept(near));
  }

  /** @param defaultPort of a URL that names none */
  static async to(url: string, defaultPort: number): Promise<Way> {
    const target = new URL(url);
    const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new Way(listener, target, Number(target.port || defaultPort));
  }

  /** The target, by this way. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(portOf(this.listener));
    return url.href;
  }

  /** Whoever is on it gets a RST, and whoever comes too. */
  cut(): void {
    this.state = 'cut';
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Nothing passes in either direction, and nobody is told. What was swallowed comes when it is mended. */
  stall(): void {
    this.state = 'stalled';
    for (const socket of this.sockets) socket.pause();
  }

  mend(): void {
    this.state = 'whole';
    for (const socket of this.sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((closed) => this.listener.close(() => closed()));
  }

  private accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: this.targetPort, host: this.target.hostname, allowHalfOpen: true });
    this.join(near, far);
    this.join(far, near);
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => undefined);
    from.on('data', (chunk) => {
      if (to.destroyed || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (this.state === 'whole') from.resume();
      });
    });
    from.on('end', () => to.end());
    from.once('close', (failed) => {
      this.sockets.delete(from);
      if (failed) to.resetAndDestroy();
      else to.end();
    });
    if (this.state === 'stalled') from.pause();
  }
}
