export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration that cannot be used: one sentence per mistake, each naming its variable. */
export class ConfigurationError extends Error {
  constructor(
    readonly mistakes: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `The configuration cannot be used:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`,
      options,
    );
    this.name = 'ConfigurationError';
  }
}

/**
 * Reads variables and collects every mistake, so that an operator fixes all of them in one go. An empty
 * variable counts as absent.
 */
export class EnvReader {
  readonly mistakes: string[] = [];

  constructor(private readonly env: Environment) {}

  text(name: string, fallback: string): string {
    const value = this.env[name]?.trim();
    return value === undefined || value === '' ? fallback : value;
  }

  optional(name: string): string | undefined {
    return this.text(name, '') || undefined;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const number = this.number(name, fallback, min, max);
    if (!Number.isInteger(number))
      this.mistakes.push(`${name} must be a whole number, not "${this.env[name]}".`);
    return number;
  }

  number(name: string, fallback: number, min: number, max: number): number {
    const raw = this.optional(name);
    if (raw === undefined) return fallback;
    const number = /^-?\d+(\.\d+)?$/.test(raw) ? Number(raw) : NaN;
    if (number >= min && number <= max) return number;
    this.mistakes.push(`${name} must be a number from ${min} to ${max}, not "${raw}".`);
    return fallback;
  }

  oneOf<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const raw = this.optional(name);
    if (raw === undefined) return choices[0];
    const choice = choices.find((candidate) => candidate === raw);
    if (choice !== undefined) return choice;
    this.mistakes.push(`${name} must be one of ${choices.join(', ')}, not "${raw}".`);
    return choices[0];
  }

  list(name: string): string[] {
    return this.text(name, '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }
}
