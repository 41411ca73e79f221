import { createHmac } from 'node:crypto';

type Claims = Record<string, unknown>;

export function headerOf(token: string): Claims {
  return partOf(token, 0);
}

export function claimsOf(token: string): Claims {
  return partOf(token, 1);
}

function partOf(token: string, index: number): Claims {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Claims;
}

/** A token with any header and claims, signed with any key: what an attacker, or an older server, could make. */
export function forge(claims: Claims, key: string, header: Claims = {}, hash = 'sha256'): string {
  const encode = (part: Claims) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}
