import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { IncomingMessage, ServerResponse } from 'node:http';

const REDOC_BUNDLE = '/redoc/redoc.standalone.js';
/** The one thing that ReDoc's bundle asks from another host: its vendor's logo. */
const REDOC_LOGO = /https:\/\/cdn\.redoc\.ly\/[^"'\s]*/g;
const NO_PICTURE = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';

const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parlor API</title>
    <link rel="icon" href="data:,">
    <style>body { margin: 0 }</style>
  </head>
  <body>
    <redoc spec-url="/openapi.json" disable-google-font="true"></redoc>
    <script src="${REDOC_BUNDLE}"></script>
  </body>
</html>
`;

/** Serves the API document and two pages that show it, all of it from this machine. */
export function serveDocs(app: NestExpressApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'Parlor API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tagsSorter: 'none' },
  });
  const json = JSON.stringify(document);
  serve(app, '/openapi.json', 'application/json; charset=utf-8', () => json);
  serve(app, '/redoc', 'text/html; charset=utf-8', () => REDOC_PAGE);
  redirect(app, '/', '/docs');
  serve(app, REDOC_BUNDLE, 'text/javascript; charset=utf-8', redocBundle());
}

function serve(app: INestApplication, path: string, type: string, body: () => string): void {
  app.getHttpAdapter().get(path, (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Content-Type', type);
    response.end(body());
  });
}

function redirect(app: INestApplication, path: string, to: string): void {
  app.getHttpAdapter().get(path, (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(302, { Location: to }).end();
  });
}

/** Read when it is first asked for: it is a megabyte that most servers never serve. */
function redocBundle(): () => string {
  let bundle: string | undefined;
  return () => {
    bundle ??= readFileSync(
      createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js'),
      'utf8',
    );
    return bundle.replace(REDOC_LOGO, NO_PICTURE);
  };
}
