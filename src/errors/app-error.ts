import { CATALOGUE, type ErrorCode } from './catalogue.js';

/** One wrong field of a request: where it is, and what is wrong with it. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ErrorDetails {
  /** Replaces the catalogue's sentence. Shown to people: never holds input, SQL or stack. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Seconds until a retry makes sense (RFC 9110, 10.2.3). */
  readonly retryAfter?: number;
  /** Further facts for programs, added to the problem document or the error frame as they are. */
  readonly facts?: Readonly<Record<string, number | string>>;
}

/**
 * The only error that services throw. A code from the catalogue decides everything else; the HTTP filter
 * and the frame router translate it for their transport.
 *
 * It is an answer, not a fault, so it has no stack: to write one down takes as long as all the rest of a refusal, and
 * refusals come in floods.
 */
export class AppError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    const limit = Error.stackTraceLimit;
    if (code !== 'internal') Error.stackTraceLimit = 0;
    super(details.detail ?? CATALOGUE[code].sentence, options);
    Error.stackTraceLimit = limit;
    this.name = 'AppError';
  }

  get status(): number {
    return CATALOGUE[this.code].status;
  }

  /** Seconds until a retry makes sense: always there with 429 and 503. */
  get retryAfter(): number | undefined {
    return this.details.retryAfter ?? (this.status === 429 || this.status === 503 ? 1 : undefined);
  }

  get retryable(): boolean {
    return CATALOGUE[this.code].retryable;
  }
}
