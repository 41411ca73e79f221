/** JSON that another program wrote: every field is looked at before it is used. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Error when the text is no JSON object */
export function fieldsIn(text: string): Fields {
  const value: unknown = JSON.parse(text);
  if (!isFields(value)) throw new Error(`no JSON object: ${text.slice(0, 300)}`);
  return value;
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`"${name}" is no text in ${excerpt(fields)}`);
  return value;
}

export function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(`"${name}" is no number in ${excerpt(fields)}`);
  }
  return value;
}

export function optionalNumber(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function listIn(fields: Fields, name: string): readonly unknown[] {
  const value: unknown = fields[name];
  if (!Array.isArray(value)) throw new Error(`"${name}" is no list in ${excerpt(fields)}`);
  return value;
}

function excerpt(fields: Fields): string {
  return JSON.stringify(fields).slice(0, 300);
}
