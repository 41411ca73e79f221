/** Who calls: anything with an access token. */
export interface Caller {
  readonly token: string;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  /** The JSON of the body, or `undefined` where there is none. */
  body: T;
  text: string;
}

export interface RequestOptions {
  as?: Caller | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: string | Uint8Array<ArrayBuffer> | URLSearchParams;
  headers?: Record<string, string>;
}

/** Plain fetch with the answer read. `T` is what the caller expects; nothing checks it but the test. */
export class RestClient {
  constructor(private readonly url: () => string) {}

  get<T = unknown>(path: string, as?: Caller): Promise<Answer<T>> {
    return this.request('GET', path, { as });
  }

  post<T = unknown>(path: string, body?: unknown, as?: Caller): Promise<Answer<T>> {
    return this.request('POST', path, { as, body });
  }

  put<T = unknown>(path: string, as?: Caller, body?: unknown): Promise<Answer<T>> {
    return this.request('PUT', path, { as, body });
  }

  delete<T = unknown>(path: string, as?: Caller): Promise<Answer<T>> {
    return this.request('DELETE', path, { as });
  }

  async request<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const headers = new Headers(options.headers);
    if (options.as) headers.set('authorization', `Bearer ${options.as.token}`);
    if (options.body !== undefined && !headers.has('content-type'))
      headers.set('content-type', 'application/json');
    const content = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(this.url() + path, {
      method,
      headers,
      redirect: 'manual',
      ...(content === undefined ? {} : { body: content }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson && text !== '' ? JSON.parse(text) : undefined) as T,
      text,
    };
  }
}

/** The body of an answer that has to have this status. */
export function bodyOf<T>(answer: { status: number; body: T; text: string }, status: number): T {
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer.body;
}
