import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { AppError } from '../errors/app-error.js';
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.js';
import { Problem, problemOf } from './problem.js';

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const, minimum: 1 } },
};
const WWW_AUTHENTICATE = {
  'WWW-Authenticate': { description: 'Always `Bearer`.', schema: { type: 'string' as const } },
};

/** Documents the errors of an operation: one response for each status, with an example for each code. */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  const statuses = [...new Set(codes.map((code) => CATALOGUE[code].status))];
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) => {
      const ofStatus = codes.filter((code) => CATALOGUE[code].status === status);
      return ApiResponse({
        status,
        description: ofStatus.map((code) => `\`${code}\`: ${CATALOGUE[code].sentence}`).join(' '),
        ...(status === 429 || status === 503 ? { headers: RETRY_AFTER } : {}),
        ...(status === 401 ? { headers: WWW_AUTHENTICATE } : {}),
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(Problem) },
            examples: Object.fromEntries(
              ofStatus.map((code) => [code, { value: problemOf(new AppError(code)) }]),
            ),
          },
        },
      });
    }),
  );
}
