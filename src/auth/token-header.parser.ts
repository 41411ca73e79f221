/** The header of a JWT as its sender wrote it, nothing of it proved. */
export function headerOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const [part = ''] = token.split('.', 1);
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined;
    return header as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
