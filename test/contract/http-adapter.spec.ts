import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ParlorHttpAdapter } from '../../src/http/parlor-http.adapter.js';

const prototypesOf = (...things: object[]) => things.map((thing) => Reflect.getPrototypeOf(thing));

describe('The HTTP adapter', () => {
  let app: NestExpressApplication;
  const born: unknown[] = [];
  const served: unknown[] = [];
  beforeAll(async () => {
    const module = await Test.createTestingModule({}).compile();
    app = module.createNestApplication<NestExpressApplication>(new ParlorHttpAdapter());
    app.use((request: IncomingMessage, response: ServerResponse) => {
      served.push(...prototypesOf(request, response));
      response.end('served');
    });
    app
      .getHttpServer()
      .prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
        born.push(...prototypesOf(request, response)),
      );
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it('makes requests and responses that Express gives no other prototype', async () => {
    const answer = await fetch(await app.getUrl());

    expect(await answer.text()).toBe('served');
    expect(born).toHaveLength(2);
    expect(served).toEqual(born);
    for (const [index, prototype] of served.entries()) expect(prototype).toBe(born[index]);
  });
});
