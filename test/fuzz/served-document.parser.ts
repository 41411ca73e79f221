import { Ajv, type ValidateFunction } from 'ajv';
import { SERVER_FRAMES } from '../../src/protocol/server-frames.js';
import type { TestServer } from '../support/test-server.js';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Content {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, unknown>>;
}

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** An operation as the document tells it. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  /** The fields of its body, if it takes one. */
  readonly fields: Readonly<Record<string, Schema>> | undefined;
  readonly contentTypes: readonly string[];
  readonly answers: ReadonlyMap<number, Expectation>;
}

/** What the document promises of the answers with one status. */
export interface Expectation {
  /** `undefined` where there is no body. */
  readonly contentType: string | undefined;
  readonly wrongIn: (body: unknown) => string[];
  /** Of a problem: the codes that are named. */
  readonly codes: readonly string[];
}

/** The API document that a server serves, as something to compare its answers with: what it does not name is wrong. */
export class ServedDocument {
  private readonly ajv = new Ajv({ strict: false, allErrors: true });
  private readonly frames = new Map<string, ValidateFunction>();
  private readonly problem: ValidateFunction;

  private constructor(private readonly document: Document) {
    this.ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    this.ajv.addFormat('uuid', /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    this.ajv.addSchema(strict(document) as object, 'api');
    for (const [type, { name }] of Object.entries(SERVER_FRAMES)) {
      this.frames.set(type, this.compile({ $ref: `#/components/schemas/${name}` }));
    }
    this.problem = this.compile({ $ref: '#/components/schemas/Problem' });
  }

  static async of(server: TestServer): Promise<ServedDocument> {
    const { body } = await server.rest.get<Document>('/openapi.json');
    return new ServedDocument(body);
  }

  /** What is wrong with a frame of the server's. */
  wrongIn(frame: { type: string }): string[] {
    const check = this.frames.get(frame.type);
    return check ? wrongIn(check, frame) : [`no frame is called ${frame.type}`];
  }

  wrongInProblem(text: string): string[] {
    return wrongIn(this.problem, JSON.parse(text));
  }

  get operations(): Operation[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => this.operation(method, path, described)),
    );
  }

  private operation(method: string, path: string, described: Described): Operation {
    const bodies = Object.entries(described.requestBody?.content ?? {});
    const schema = bodies[0]?.[1].schema;
    const answers = Object.entries(described.responses).map(([status, { content = {} }]) => {
      const [type, body] = Object.entries(content)[0] ?? [];
      return [Number(status), this.expectation(type, body)] as const;
    });
    return {
      method: method.toUpperCase(),
      path,
      parameters: described.parameters ?? [],
      fields: schema && this.resolved(schema).properties,
      contentTypes: bodies.map(([type]) => type),
      answers: new Map(answers),
    };
  }

  private expectation(contentType: string | undefined, content: Content | undefined): Expectation {
    const check = content && this.compile(content.schema);
    return {
      contentType,
      wrongIn: (body) => (check ? wrongIn(check, body) : []),
      codes: Object.keys(content?.examples ?? {}),
    };
  }

  private compile(schema: Schema): ValidateFunction {
    return this.ajv.compile(absolute(strict(schema)) as object);
  }

  private resolved(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : (this.document.components.schemas[name] ?? {});
  }
}

function wrongIn(check: ValidateFunction, value: unknown): string[] {
  check(value);
  return (check.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

/** Every object has its own fields and no others, unless it says what others may be. */
function strict(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(strict);
  if (typeof part !== 'object' || part === null) return part;
  const whole = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, strict(value)]));
  const isOpen = whole.type !== 'object' || 'additionalProperties' in whole || !('properties' in whole);
  return isOpen ? whole : { ...whole, additionalProperties: false };
}

/** References point into the document that ajv knows as `api`. */
function absolute(part: unknown): unknown {
  return JSON.parse(JSON.stringify(part).replaceAll('"#/', '"api#/')) as unknown;
}
