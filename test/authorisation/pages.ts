/** What is served beside the API, to everybody: pages about it. */
export const PAGES: readonly string[] = [
  'GET /',
  'GET /docs',
  'GET /docs/',
  'GET /docs/LICENSE',
  'GET /docs/index.html',
  'GET /docs/swagger-ui-init.js',
  'GET /docs/docs/swagger-ui-init.js',
  'GET /docs-json',
  'GET /docs-yaml',
  'GET /openapi.json',
  'GET /redoc',
  'GET /redoc/redoc.css',
  'GET /redoc/redoc.standalone.js',
  // The files of Swagger UI, below /docs.
  'USE serveStatic',
];
