import type { OpenAPIObject } from '@nestjs/swagger';
import { getSchemaPath } from '@nestjs/swagger';
import { AppError } from '../errors/app-error.js';
import { CATALOGUE } from '../errors/catalogue.js';
import { Problem, problemOf } from '../protocol/problem.js';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']>;
type Responses = Operation['responses'];

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const CODE = 'rate_limited';

/** Of every answer (draft-ietf-httpapi-ratelimit-headers-11). */
export const LIMIT_HEADERS = {
  RateLimit: {
    description:
      'Requests that are left (`r`), and seconds until all are (`t`): for this user, or this address.',
    schema: { type: 'string', example: '"user";r=199;t=1' },
  },
  'RateLimit-Policy': {
    description: 'Requests (`q`) in so many seconds (`w`); over it the answer is 429, with `Retry-After`.',
    schema: { type: 'string', example: '"user";q=200;w=4' },
  },
} as const;

/**
 * Adds to every operation what every operation may answer: that there were too many requests. It is decided
 * before any route is, so no controller declares it.
 */
export function withRequestLimits(paths: Paths): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => {
      const limited = { ...item };
      for (const method of METHODS) {
        const operation = item[method];
        if (operation) limited[method] = { ...operation, responses: withLimits(operation.responses) };
      }
      return [path, limited];
    }),
  );
}

function withLimits(responses: Responses): Responses {
  const headers = Object.fromEntries(
    Object.keys(LIMIT_HEADERS).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
  const all: Responses = { 429: TOO_MANY, ...responses };
  return Object.fromEntries(
    Object.entries(all).map(([status, response]) => [
      status,
      response === undefined || '$ref' in response
        ? response
        : { ...response, headers: { ...response.headers, ...headers } },
    ]),
  );
}

/** For operations that do not have a 429 of their own, which is the same with further codes. */
const TOO_MANY: Responses[string] = {
  description: `\`${CODE}\`: ${CATALOGUE[CODE].sentence}`,
  headers: {
    'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 1 } },
  },
  content: {
    'application/problem+json': {
      schema: { $ref: getSchemaPath(Problem) },
      examples: { [CODE]: { value: problemOf(new AppError(CODE)) } },
    },
  },
};
