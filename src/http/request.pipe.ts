import {
  Injectable,
  ValidationPipe,
  type ArgumentMetadata,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError, type FieldError } from '../errors/app-error.js';

const COMMON = {
  transform: true,
  whitelist: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
  exceptionFactory: (errors: ValidationError[]) =>
    new AppError('invalid_input', { errors: errors.map(toFieldError) }),
} as const;

/**
 * Checks bodies and queries against their DTOs. An unknown field of a body is an error, because it is a
 * mistake that its author wants to hear of; an unknown parameter of a query is passed over.
 */
@Injectable()
export class RequestPipe implements PipeTransform<unknown, Promise<unknown>> {
  private readonly body = new ValidationPipe({ ...COMMON, forbidNonWhitelisted: true });
  private readonly query = new ValidationPipe(COMMON);

  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'query') return this.query.transform(value, metadata);
    if (metadata.type !== 'body' || !isDto(metadata.metatype)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('invalid_input', { detail: 'The body must be a JSON object.' });
    }
    return this.body.transform(value, metadata);
  }
}

function isDto(metatype: Type | undefined): boolean {
  return metatype !== undefined && metatype !== Object;
}

function toFieldError({ property, constraints }: ValidationError): FieldError {
  const rule = Object.entries(constraints ?? {})[0];
  if (rule === undefined) return { field: property, message: `${property} is wrong` };
  const [name, message] = rule;
  return {
    field: property,
    message: name === 'whitelistValidation' ? `${property} is not known` : `${property} ${message}`,
  };
}
