import type { EntityManager } from 'typeorm';

/**
 * The texts of a plain statement, each bound where {@link bind} is written into the SQL, in that order.
 *
 * A place is written as the database wants it: `?` or `$1`. SQLite understands both, but looks each `$1` up among
 * all others: with 500 of them a statement takes twice as long.
 */
export class BoundTexts {
  readonly values: (string | null)[] = [];

  constructor(private readonly manager: EntityManager) {}

  bind(text: string | null): string {
    return this.manager.connection.driver.createParameter('', this.values.push(text) - 1);
  }
}
