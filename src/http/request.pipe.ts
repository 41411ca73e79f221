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

/** Wrong fields that an answer names, and characters of a name that nobody here has chosen. */
const MOST_ERRORS = 20;
const LONGEST_NAME = 64;

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
      new AppError('invalid_input', { errors: errors.slice(0, MOST_ERRORS).map(toFieldError) }),
  });

  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isInput = metadata.type === 'body' || metadata.type === 'query';
    if (!isInput || !isDto(metadata.metatype)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('invalid_input', { detail: 'The body must be a JSON object.' });
    }
    const errors = misshapen(value);
    if (errors.length > 0) throw new AppError('invalid_input', { errors });
    return this.fields.transform(value, metadata);
  }
}

function isDto(metatype: Type | undefined): boolean {
  return metatype !== undefined && metatype !== Object;
}

function misshapen(input: object): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(input)) {
    if (errors.length === MOST_ERRORS) break;
    const field = shortened(name);
    if (PROTOTYPE_KEYS.has(name)) errors.push({ field, message: `${field} is not known` });
    else if (typeof value === 'object' && value !== null) {
      errors.push({ field, message: `${field} must be a single value` });
    }
  }
  return errors;
}

function toFieldError({ property, constraints }: ValidationError): FieldError {
  const rule = Object.entries(constraints ?? {})[0];
  const field = shortened(property);
  if (rule === undefined) return { field, message: `${field} is wrong` };
  const [name, message] = rule;
  return { field, message: name === 'whitelistValidation' ? `${field} is not known` : `${field} ${message}` };
}

/** An answer is no place to repeat what somebody sent. */
function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME).toWellFormed()}…`;
}
