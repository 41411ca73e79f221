import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';

/** An id in a path: a whole number of at least 1 in plain digits. */
@Injectable()
export class IdPipe implements PipeTransform<string, number> {
  transform(value: string, { data = 'id' }: ArgumentMetadata): number {
    if (/^[1-9]\d{0,14}$/.test(value)) return Number(value);
    throw new AppError('invalid_input', { errors: [{ field: data, message: `${data} must be an id` }] });
  }
}
