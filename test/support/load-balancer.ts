import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { RestClient } from './rest-client.js';
import { portOf } from './services.js';
import { until } from './until.js';

const CONFIGURATION = join(import.meta.dirname, '../../deploy/haproxy.cfg');

/** HAProxy with the configuration that is shipped, before two nodes. */
export class LoadBalancer {
  readonly rest = new RestClient(() => this.url);
  /** All that it has said: its access log. */
  log = '';
  private readonly ended: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    const hear = (chunk: Buffer) => (this.log += chunk.toString());
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    this.ended = once(child, 'close');
  }

  static async before(first: string, second: string): Promise<LoadBalancer> {
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn('haproxy', ['-f', CONFIGURATION], {
      env: {
        PATH: process.env.PATH,
        LISTEN: address,
        NODE_1: new URL(first).host,
        NODE_2: new URL(second).host,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const balancer = new LoadBalancer(child, `http://${address}`);
    const ready = until(
      () => balancer.rest.get('/health/live').then(({ status }) => status, String),
      (status) => status === 200 || child.exitCode !== null,
    );
    if ((await ready) !== 200) throw new Error(`HAProxy does not run: ${balancer.log}`);
    return balancer;
  }

  get socketUrl(): string {
    return this.url.replace('http', 'ws');
  }

  async remove(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}
