import { WebSocket } from 'ws';
import { fieldsIn, isFields, listIn, numberIn, textIn, type Fields } from './fields.js';

const ANSWER_WITHIN_MS = 30_000;

/**
 * The heap of a server that was started with `--inspect`, through the protocol that debuggers speak
 * (https://chromedevtools.github.io/devtools-protocol/v8/).
 */
export class Heap {
  private lastId = 0;

  private constructor(private readonly socket: WebSocket) {}

  static async of(inspectorPort: number): Promise<Heap> {
    const response = await fetch(`http://127.0.0.1:${inspectorPort}/json/list`);
    const [target] = listIn({ targets: await response.json() }, 'targets');
    if (!isFields(target)) throw new Error('The server has no inspector.');
    const address = textIn(target, 'webSocketDebuggerUrl');
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Heap(socket);
  }

  /** Bytes that are still needed: garbage is collected first, which stops the server for a moment. */
  async live(): Promise<number> {
    await this.ask('HeapProfiler.collectGarbage');
    return numberIn(await this.ask('Runtime.getHeapUsage'), 'usedSize');
  }

  close(): void {
    this.socket.terminate();
  }

  private ask(method: string): Promise<Fields> {
    const id = (this.lastId += 1);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method} was not answered.`)), ANSWER_WITHIN_MS);
      const take = (data: unknown): void => {
        const answer = fieldsIn(String(data));
        if (answer.id !== id) return;
        clearTimeout(late);
        this.socket.off('message', take);
        resolve(isFields(answer.result) ? answer.result : {});
      };
      this.socket.on('message', take);
      this.socket.send(JSON.stringify({ id, method }));
    });
  }
}
