import type { EntityManager } from 'typeorm';
import { keepsStatements } from './data-source-options.js';

/**
 * The values of a plain statement, each bound where what is returned here is written into the SQL, in that order.
 *
 * Few rows: everything is bound, so that the statement reads the same each time and is kept prepared. Many rows:
 * numbers are written into it, because binding one costs more than reading it. Texts are bound always. For PostgreSQL
 * numbers are always written: it takes a value without a column to belong to for a text.
 *
 * A place is written as the database wants it: `?` or `$1`. SQLite understands both, but looks each `$1` up among
 * all others: with 500 of them a statement takes twice as long.
 */
export class BoundValues {
  readonly values: (string | number | null)[] = [];
  private readonly numbersAreBound: boolean;

  /** @param rows how many rows of values the statement has */
  constructor(
    private readonly manager: EntityManager,
    rows: number,
  ) {
    this.numbersAreBound = keepsStatements(manager, rows);
  }

  text(text: string | null): string {
    return this.bind(text);
  }

  /** One after the other, with commas between them. */
  numbers(...numbers: readonly (number | null)[]): string {
    return numbers
      .map((number) => (this.numbersAreBound ? this.bind(number) : (number ?? 'NULL')))
      .join(', ');
  }

  private bind(value: string | number | null): string {
    return this.manager.connection.driver.createParameter('', this.values.push(value) - 1);
  }
}
