import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Ajv, type ValidateFunction } from 'ajv';
import { Transform } from 'class-transformer';
import { IsOptional, ValidateBy } from 'class-validator';

/**
 * Field decorators: one declaration gives the JSON Schema that validates frames, the class-validator rule
 * that validates REST bodies, and the property in the OpenAPI document. They cannot disagree, because all
 * three are the same schema.
 */
export interface FieldSchema {
  readonly type: 'string' | 'integer';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  /** What the pattern asks for, in words. Not published: the description of the field says it too. */
  readonly form?: string;
  readonly enum?: readonly string[];
  /** Upper bound in UTF-8 bytes. Not JSON Schema: the published document says it in words. */
  readonly maxBytes?: number;
}

export interface FieldNotes {
  readonly description: string;
  readonly example?: unknown;
  readonly optional?: boolean;
  readonly default?: unknown;
}

interface DeclaredField {
  readonly schema: FieldSchema;
  readonly optional: boolean;
}

type Constructor = abstract new (...args: never[]) => object;

const declared = new WeakMap<object, Map<string, DeclaredField>>();

const ajv = new Ajv({ strict: true, strictTypes: false, unicodeRegExp: true });
/** Text that survives UTF-8 and both databases: no lone surrogate (RFC 3629, 3) and no U+0000. */
ajv.addKeyword({
  keyword: 'storable',
  type: 'string',
  schemaType: 'boolean',
  validate: (_: boolean, value: string) => value.isWellFormed() && !value.includes('\0'),
});
ajv.addKeyword({
  keyword: 'maxBytes',
  type: 'string',
  schemaType: 'number',
  validate: (max: number, value: string) => Buffer.byteLength(value) <= max,
});

/** What {@link checkOf} reports: the first wrong field of an object. */
export interface WrongField {
  readonly field: string;
  readonly message: string;
}

/** Compiles the declared fields of a class, the inherited ones included, into one check. */
export function checkOf(type: Constructor): (value: object) => WrongField | undefined {
  const fields = fieldsOf(type);
  const validate = ajv.compile({
    type: 'object',
    properties: Object.fromEntries([...fields].map(([name, field]) => [name, forAjv(field)])),
    required: [...fields].filter(([, field]) => !field.optional).map(([name]) => name),
  });
  return (value) => (validate(value) ? undefined : wrongField(validate, fields));
}

/** The names of the declared fields of a class, the inherited ones included. */
export function fieldNamesOf(type: Constructor): ReadonlySet<string> {
  return new Set(fieldsOf(type).keys());
}

export function Text(rule: Omit<FieldSchema, 'type'>, notes: FieldNotes): PropertyDecorator {
  return field({ minLength: 1, ...rule, type: 'string' }, notes);
}

export function Integer(rule: Omit<FieldSchema, 'type'>, notes: FieldNotes): PropertyDecorator {
  return field({ maximum: Number.MAX_SAFE_INTEGER, ...rule, type: 'integer' }, notes);
}

/** An integer in a query string: digits only, so that `1e3` and the empty string are refused. */
export function QueryInteger(rule: Omit<FieldSchema, 'type'>, notes: FieldNotes): PropertyDecorator {
  return applyDecorators(
    Integer(rule, { optional: true, ...notes }),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value,
    ),
  );
}

function field(schema: FieldSchema, notes: FieldNotes): PropertyDecorator {
  const { optional = false, ...documentation } = notes;
  const check = ajv.compile(forAjv({ schema, optional: false }));
  const { maxBytes: _bytes, form: _form, enum: choices, ...published } = schema;
  return applyDecorators(
    (target: object, name?: string | symbol) => {
      ownFields(target.constructor).set(String(name), { schema, optional });
    },
    ValidateBy({
      name: 'field',
      validator: { validate: (value: unknown) => check(value), defaultMessage: () => ruleOf(schema) },
    }),
    ...(optional ? [IsOptional()] : []),
    ApiProperty({
      ...published,
      ...(choices ? { enum: [...choices] } : {}),
      ...documentation,
      required: !optional,
    }),
  );
}

function ownFields(type: object): Map<string, DeclaredField> {
  let fields = declared.get(type);
  if (!fields) declared.set(type, (fields = new Map<string, DeclaredField>()));
  return fields;
}

function fieldsOf(type: object | null): Map<string, DeclaredField> {
  if (type === null) return new Map();
  return new Map([...fieldsOf(Reflect.getPrototypeOf(type)), ...(declared.get(type) ?? [])]);
}

/** An optional field may also be `null`, as clients in typed languages send it. */
function forAjv({ schema, optional }: DeclaredField): object {
  const storable = schema.type === 'string' ? { storable: true } : {};
  const { form: _inWords, ...rule } = { ...schema, ...storable };
  return optional ? { anyOf: [{ type: 'null' }, rule] } : rule;
}

function wrongField(validate: ValidateFunction, fields: Map<string, DeclaredField>): WrongField {
  const error = validate.errors?.[0];
  const missing: unknown = error?.params.missingProperty;
  if (typeof missing === 'string') return { field: missing, message: `${missing} is missing` };
  const name = error?.instancePath.slice(1) ?? '';
  const wrong = fields.get(name);
  return { field: name, message: `${name} ${wrong ? ruleOf(wrong.schema) : 'is wrong'}` };
}

function ruleOf(schema: FieldSchema): string {
  if (schema.enum) return `must be one of ${schema.enum.join(', ')}`;
  if (schema.type === 'integer') {
    const { minimum, maximum = Number.MAX_SAFE_INTEGER } = schema;
    if (minimum === undefined) return 'must be a whole number';
    return maximum === Number.MAX_SAFE_INTEGER
      ? `must be a whole number of at least ${minimum}`
      : `must be a whole number from ${minimum} to ${maximum}`;
  }
  const parts = [schema.maxLength ? `of ${schema.minLength} to ${schema.maxLength} characters` : ''];
  if (!schema.maxLength) parts[0] = `of at least ${schema.minLength} character(s)`;
  if (schema.maxBytes) parts.push(`of at most ${schema.maxBytes} bytes`);
  if (schema.form) parts.push(schema.form);
  return `must be text ${parts.join(', ')}, without U+0000 and lone surrogates`;
}
