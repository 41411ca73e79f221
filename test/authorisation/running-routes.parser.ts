import { HttpAdapterHost } from '@nestjs/core';
import type { TestServer } from '../support/test-server.js';

/** The part of Express' router that knows what it serves. */
interface Layer {
  readonly name: string;
  /** Whether it is asked for every path. */
  readonly slash: boolean;
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** The part of an OpenAPI document that says what is served. */
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Whatever the application answers, as `GET /api/rooms/{room_id}`; what is mounted below a path as `USE name`. */
export function servedRoutes(server: TestServer): string[] {
  const host = server.inside(HttpAdapterHost) as HttpAdapterHost;
  const { stack } = host.httpAdapter.getInstance<{ router: { stack: Layer[] } }>().router;
  return stack.flatMap(({ name, slash, route }) => {
    if (!route) return slash ? [] : [`USE ${name}`];
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    return Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${path}`);
  });
}

/** The same as the API document tells it. Clients know some paths with a slash at the end; they are the same. */
export async function documentedRoutes(server: TestServer): Promise<string[]> {
  const { body } = await server.rest.get<Described>('/openapi.json');
  return Object.entries(body.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\/$/, '')}`),
  );
}
