import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredMessage } from './frames.js';

interface RoomOptions {
  readonly url: string;
  readonly roomId: number;
  readonly getTicket: () => Promise<string>;
  readonly getToken: () => Promise<string>;
  readonly onMessage: (message: StoredMessage) => void;
  readonly onReset: () => void;
  readonly onRefused: (content: string, why: string) => void;
  readonly onEnd: (why: unknown) => void;
}

interface DocumentedClient {
  openRoom(options: RoomOptions): { send(content: string): void };
}

/** The client of docs/protocol.md, letter for letter. */
export async function documentedClient(): Promise<DocumentedClient> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');
  const source = /```js\n([^]+?)```/.exec(page)?.[1];
  if (source === undefined) throw new Error('docs/protocol.md has no client.');
  return (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as DocumentedClient;
}
