import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { CLIENT_FRAMES } from '../protocol/client-frames.js';
import { SERVER_FRAMES } from '../protocol/server-frames.js';
import { FRAMES_TAG } from './frames-tag.js';
import { LIMIT_HEADERS, withRequestLimits } from './request-limits.js';

/** Paths that clients know with a slash at the end. Every route answers with and without. */
const KNOWN_WITH_SLASH = ['/api/users', '/api/users/me', '/api/rooms'];

/** Builds the OpenAPI document from what the controllers and DTOs declare. */
export function describeApi(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Parlor')
    .setVersion('1')
    .setDescription(
      'A real-time chat server to build your own front end on. Errors are `application/problem+json` (RFC 9457): ' +
        '`code` is for programs, `detail` for people, `errors` names each wrong field. Every route answers with ' +
        'and without a slash at its end. Times are UTC. Every answer says in `RateLimit` how many requests are left.',
    )
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addServer('/', 'This server')
    .addTag('auth', 'Tokens, tickets and log-out.')
    .addTag('users', 'Accounts.')
    .addTag('rooms', 'Rooms and their members.')
    .addTag('messages', 'The log of a room.')
    .addTag('operations', 'For those who run the server.')
    .addTag('sockets', FRAMES_TAG)
    .addOAuth2({
      type: 'oauth2',
      description: 'Log in with username and password; the client fields stay empty.',
      flows: { password: { tokenUrl: '/api/token', refreshUrl: '/api/token', scopes: {} } },
    })
    .addSecurityRequirements('oauth2')
    .build();
  const frames = [...Object.values(CLIENT_FRAMES), ...Object.values(SERVER_FRAMES)];
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: frames,
    operationIdFactory: (controller, method) => `${controller}_${method}`,
  });
  return {
    ...document,
    paths: withKnownSlashes(withRequestLimits(document.paths)),
    components: { ...document.components, headers: LIMIT_HEADERS },
  };
}

function withKnownSlashes(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [KNOWN_WITH_SLASH.includes(path) ? `${path}/` : path, item]),
  );
}
