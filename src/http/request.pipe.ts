import {
  Injectable,
  ValidationPipe,
  type ArgumentMetadata,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError, type FieldError } from '../errors/app-error.js';

/** Keys that reach a prototype instead of a field. The validator does not report them, so this does. */
const PROTOTYPE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Checks bodies and queries against their DTOs. A field that is not known is an error: it is a mistake that
 * its author wants to hear of.
 *
 * Every DTO is flat, so a nested value is refused before anything walks into it, however deep it is.
 */
@Injectable()
export class RequestPipe implements PipeTransform<unknown, Promise<unknown>> {
  private readonly fields = new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    exceptionFactory: (errors: ValidationError[]) =>
      new AppError('invalid_input', { errors: errors.map(toFieldError) }),
  });

  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isInput = metadata.type !== 'param';
    if (!isInput || !isDto(metadata.metatype)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('invalid_input', { detail: 'The body must be a JSON object.' });
    }
    const errors = misshapen(value);
    if (errors.length > 0) throw new AppError('invalid_input', { errors });
    // A body that may be missing comes from a decorator of its own, and is a body nevertheless.
    return this.fields.transform(
      value,
      metadata.type === 'custom' ? { ...metadata, type: 'body' } : metadata,
    );
  }
}

function isDto(metatype: Type | undefined): boolean {
  return metatype !== undefined && metatype !== Object;
}

function misshapen(input: object): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, value] of Object.entries(input)) {
    if (PROTOTYPE_KEYS.has(field)) errors.push({ field, message: `${field} is not known` });
    else if (typeof value === 'object' && value !== null) {
      errors.push({ field, message: `${field} must be a single value` });
    }
  }
  return errors;
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
