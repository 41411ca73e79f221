import { randomBytes } from 'node:crypto';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';

export interface HandshakeOptions {
  method?: string;
  /** Added to those of a well-formed upgrade; `undefined` leaves one out. */
  headers?: Record<string, string | undefined>;
}

export interface HandshakeAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** Asks for an upgrade and gives the plain HTTP answer: 101, or the refusal with all it says. */
export function handshake(url: string, options: HandshakeOptions = {}): Promise<HandshakeAnswer> {
  const headers: OutgoingHttpHeaders = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  return new Promise((resolve, reject) => {
    const asked = request(url.replace(/^ws/, 'http'), {
      method: options.method ?? 'GET',
      headers,
      agent: false,
    });
    asked.setTimeout(8_000, () => asked.destroy(new Error('no answer to the handshake')));
    asked.on('error', reject);
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '' });
    });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    asked.end();
  });
}
