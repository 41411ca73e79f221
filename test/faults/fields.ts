/** JSON that the server wrote: every field is looked at before it is used. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Error when it is no JSON object */
export function fieldsOf(value: unknown): Fields {
  if (!isFields(value)) throw new Error(`no JSON object: ${excerpt(value)}`);
  return value;
}

/** The object in a text, or an empty one. */
export function fieldsIn(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`"${name}" is no text in ${excerpt(fields)}`);
  return value;
}

export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

export function integerIn(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new Error(`"${name}" is no whole number in ${excerpt(fields)}`);
  }
  return value;
}

export function optionalInteger(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

export function listIn(fields: Fields, name: string): readonly unknown[] {
  const value: unknown = fields[name];
  if (!Array.isArray(value)) throw new Error(`"${name}" is no list in ${excerpt(fields)}`);
  return value;
}

function excerpt(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 300);
}
