import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface WireRequest {
  readonly method: string;
  /** As it stands in the request line: nothing is tidied up. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends requests as they are over a few connections that stay open: what fetch would mend travels as it was made. */
export class Wire {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(private readonly url: string) {}

  send({ method, target, headers, body }: WireRequest): Promise<WireAnswer> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve, reject) => {
      // Node would send the body of a GET without its length, which makes another request of it.
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const options = {
        hostname,
        port,
        method,
        path: target,
        headers: { ...headers, ...length },
        agent: this.agent,
      };
      const asked = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      asked.setTimeout(8_000, () => asked.destroy(new Error(`no answer to ${method} ${target}`)));
      asked.on('error', reject);
      asked.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
