import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { RequestBudget } from './auth/request-budget.js';
import type { Environment } from './config/env-reader.js';
import { Settings } from './config/settings.js';
import { ParlorWsAdapter } from './connections/parlor-ws.adapter.js';
import { StorageHealth } from './database/storage-health.js';
import { serveDocs } from './http/docs-pages.js';
import { hardenHeaders, refuseOddHeaders } from './http/harden-headers.js';
import { setDeadlines } from './http/http-deadlines.js';
import { describeApi } from './http/openapi.js';
import { nameRequests } from './http/name-requests.js';
import { ParlorHttpAdapter } from './http/parlor-http.adapter.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RequestPipe } from './http/request.pipe.js';
import { ServerLog } from './server-log.js';

const PREFLIGHT_SECONDS = 600;
const EXPOSED_HEADERS = [
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** What an application is made with; {@link configureApp} does the rest. */
export const APP_OPTIONS = {
  bodyParser: false,
  bufferLogs: true,
  abortOnError: false,
} as const satisfies NestApplicationOptions;

/**
 * Makes the application, migrated and ready to listen.
 *
 * @param env the settings, instead of `.env` and the process environment
 * @throws ConfigurationError
 */
export async function createApp(env?: Environment): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    await AppModule.forRoot(env),
    new ParlorHttpAdapter(),
    APP_OPTIONS,
  );
  configureApp(app);
  return app;
}

/** Everything about HTTP and sockets that is not declared on a controller or a gateway. */
export function configureApp(app: NestExpressApplication): void {
  const settings = app.get(Settings);
  app.useLogger(new ServerLog(settings.logLevel));
  app.flushLogs();
  app.disable('x-powered-by');
  // Nothing under /api may be kept, so there is nothing to compare; a tag is a hash of every answer.
  app.disable('etag');
  app.use(nameRequests(settings.trustProxy));
  setDeadlines(app.getHttpServer(), settings);
  app.use(hardenHeaders(settings.hstsSeconds));
  app.enableCors({
    origin: settings.corsOrigins.includes('*') ? '*' : [...settings.corsOrigins],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
  // Behind CORS, so that a page can read why it is refused; before anything is read or looked up.
  app.use(refuseOddHeaders, app.get(RequestBudget).spend);
  app.useBodyParser('json', { limit: settings.limits.bodyBytes, strict: false });
  app.useBodyParser('urlencoded', { limit: settings.limits.bodyBytes, extended: false });
  const storage = app.get(StorageHealth);
  app.useGlobalFilters(new ProblemFilter((error) => storage.translate(error), settings.trustProxy));
  app.useGlobalPipes(new RequestPipe());
  app.useWebSocketAdapter(new ParlorWsAdapter(app));
  serveDocs(app, describeApi(app));
}
