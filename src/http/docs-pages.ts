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

/** Nest's own page for Swagger UI has styles in it, which a strict policy does not let it have. */
const SWAGGER_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parlor API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="stylesheet" href="/docs/index.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-ui-standalone-preset.js"></script>
    <script src="/docs/swagger-ui-init.js"></script>
  </body>
</html>
`;

const REDOC_STYLE = '/redoc/redoc.css';
const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parlor API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${REDOC_STYLE}">
  </head>
  <body>
    <redoc spec-url="/openapi.json" disable-google-font="true"></redoc>
    <script src="${REDOC_BUNDLE}"></script>
  </body>
</html>
`;

/** Serves the API document and two pages that show it, all of it from this machine. */
export function serveDocs(app: NestExpressApplication, document: OpenAPIObject): void {
  // First, so that it is this page, with Nest's files beside it.
  serve(app, '/docs', 'text/html; charset=utf-8', () => SWAGGER_PAGE);
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    swaggerOptions: {
      layout: 'BaseLayout',
      persistAuthorization: true,
      displayRequestDuration: true,
      tagsSorter: 'none',
    },
  });
  const json = JSON.stringify(document);
  serve(app, '/openapi.json', 'application/json; charset=utf-8', () => json);
  serve(app, '/redoc', 'text/html; charset=utf-8', () => REDOC_PAGE);
  serve(app, REDOC_STYLE, 'text/css; charset=utf-8', () => 'body { margin: 0 }');
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
    ).replace(REDOC_LOGO, NO_PICTURE);
    return bundle;
  };
}
