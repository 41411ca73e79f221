/** What may be wrong, each counted on its own. README.md says what each of them means. */
export const VIOLATIONS = [
  'lost',
  'duplicated',
  'moved',
  'phantom',
  'gap',
  'skip',
  'nonmonotonic',
  'redelivered',
  'divergent',
  'leak',
  'realtime',
  'stale',
  'altered',
  'refused',
  'unanswered',
  'needless',
  'malformed',
  'server',
  'internal',
  'unsettled',
  'memory',
  'integrity',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** One place where a promise was broken, with what is needed to look at what was around it. */
export interface Finding {
  readonly kind: Violation;
  readonly text: string;
  readonly room?: number | undefined;
  readonly seq?: number | undefined;
  readonly key?: string | undefined;
}

export class Findings {
  private readonly byKind = new Map<Violation, Finding[]>(VIOLATIONS.map((kind) => [kind, []]));

  add(kind: Violation, text: string, around: Omit<Finding, 'kind' | 'text'> = {}): void {
    this.of(kind).push({ kind, text, ...around });
  }

  of(kind: Violation): Finding[] {
    return this.byKind.get(kind) ?? [];
  }

  get total(): number {
    return [...this.byKind.values()].reduce((sum, findings) => sum + findings.length, 0);
  }

  /** The kinds that were found, in the order of {@link VIOLATIONS}. */
  get kinds(): Violation[] {
    return VIOLATIONS.filter((kind) => this.of(kind).length > 0);
  }
}
