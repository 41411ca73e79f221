/**
 * A name as it is compared: two names that look alike through case, width or composition are one (Unicode
 * NFKC, then lower case). The name itself is kept as it was given.
 */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
