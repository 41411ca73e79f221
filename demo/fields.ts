/** Reading JSON that somebody else wrote: every field is looked at before it is used. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new Error(`${what} is no JSON object: ${JSON.stringify(value)}`);
  return value;
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`"${name}" is no text in ${excerpt(fields)}`);
  return value;
}

export function integerIn(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new Error(`"${name}" is no whole number in ${excerpt(fields)}`);
  }
  return value;
}

export function listIn(fields: Fields, name: string): readonly unknown[] {
  const value: unknown = fields[name];
  if (!Array.isArray(value)) throw new Error(`"${name}" is no list in ${excerpt(fields)}`);
  return value;
}

function excerpt(fields: Fields): string {
  const text = JSON.stringify(fields);
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
