import type { Abstract, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app.module.js';
import { Broker } from '../../src/connections/broker/broker.js';
import { APP_OPTIONS, configureApp } from '../../src/create-app.js';
import { ParlorHttpAdapter } from '../../src/http/parlor-http.adapter.js';
import { until } from './until.js';

/** One server of a test, in this process, on a free port. */
export class TestNode {
  private constructor(
    private readonly app: NestExpressApplication,
    readonly url: string,
  ) {}

  /** Resolves when it listens, and hears the other nodes if there are any. */
  static async start(settings: Record<string, string>): Promise<TestNode> {
    const module = await Test.createTestingModule({ imports: [AppModule.forRoot(settings)] }).compile();
    const app = module.createNestApplication<NestExpressApplication>(new ParlorHttpAdapter(), APP_OPTIONS);
    configureApp(app);
    await app.listen(0, '127.0.0.1');
    const node = new TestNode(app, await app.getUrl());
    await until(
      () => new Promise<boolean>((resolve) => setImmediate(() => resolve(node.inside(Broker).isWhole))),
      (isWhole) => isWhole,
    );
    return node;
  }

  inside<T>(token: Type<T> | Abstract<T>): T {
    return this.app.get(token);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}
