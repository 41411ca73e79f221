import {
  Injectable,
  ValidationPipe,
  type ArgumentMetadata,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError, type FieldError } from '../errors/app-error.js';
import { fieldNamesOf } from '../protocol/fields.js';

/** Keys that reach a prototype instead of a field. The validator does not report them, so this does. */
const PROTOTYPE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Field names that an answer repeats. What looks otherwise may be anything: a whole body that was sent as a form. */
const REPEATABLE = /^[\w.[\]-]{1,64}$/;
const UNREPEATABLE = '(unknown)';
/** Wrong fields that an answer names. A body has room for thousands. */
const ERRORS_MAX = 20;

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
    exceptionFactory: (errors: ValidationError[]) => wrong(errors.map(toFieldError)),
  });

  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { type, metatype } = metadata;
    if (type === 'param' || metatype === undefined || metatype === Object) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('invalid_input', { detail: 'The body must be a JSON object.' });
    }
    const errors = misshapen(value);
    if (errors.length > 0) throw wrong(errors);
    const unknown = manyUnknown(value, metatype);
    if (unknown.length > 0) throw wrong(unknown);
    // A body that may be missing comes from a decorator of its own, and is a body nevertheless.
    return this.fields.transform(value, type === 'custom' ? { ...metadata, type: 'body' } : metadata);
  }
}

function wrong(errors: FieldError[]): AppError {
  return new AppError('invalid_input', { errors: errors.slice(0, ERRORS_MAX) });
}

function nameOf(key: string): string {
  return REPEATABLE.test(key) ? key : UNREPEATABLE;
}

function misshapen(input: object): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(input)) {
    const field = nameOf(key);
    if (PROTOTYPE_KEYS.has(key)) errors.push({ field, message: `${field} is not known` });
    else if (typeof value === 'object' && value !== null) {
      errors.push({ field, message: `${field} must be a single value` });
    }
  }
  return errors;
}

/**
 * As many unknown fields as an answer names, if there are that many. To the validator each of thousands costs a hundred
 * times what it costs to read it: a body of 64 KB took 80 ms.
 */
function manyUnknown(input: object, type: Type): FieldError[] {
  const keys = Object.keys(input);
  if (keys.length < ERRORS_MAX) return [];
  const known = fieldNamesOf(type);
  const unknown = keys.filter((key) => !known.has(key)).slice(0, ERRORS_MAX);
  if (unknown.length < ERRORS_MAX) return [];
  return unknown.map(nameOf).map((field) => ({ field, message: `${field} is not known` }));
}

function toFieldError({ property, constraints }: ValidationError): FieldError {
  const field = nameOf(property);
  const rule = Object.entries(constraints ?? {})[0];
  if (rule === undefined) return { field, message: `${field} is wrong` };
  const [name, message] = rule;
  return {
    field,
    message: name === 'whitelistValidation' ? `${field} is not known` : `${field} ${message}`,
  };
}
