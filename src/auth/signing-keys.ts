import { Injectable } from '@nestjs/common';
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { Settings, type JwtAlgorithm } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { headerOf } from './token-header.parser.js';

/** Hex digits of a `kid`: enough to tell a handful of keys apart. */
const KID_LENGTH = 16;
/** What a header of ours has. One with more (`jku`, `jwk`, `x5u`, `crit`) was made by somebody else. */
const HEADER_NAMES: ReadonlySet<string> = new Set(['alg', 'typ', 'kid']);
/** The type of every token that was ever signed here. One of another type is for another purpose (RFC 8725, 3.11). */
const TYPE = 'JWT';
const HASH: Record<JwtAlgorithm, string> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

export interface SigningKey {
  /**
   * Names the key in the header of a token (RFC 7515, 4.1.4). An HMAC with the key itself, so that it helps to guess
   * the key no more than any token does.
   */
  readonly kid: string;
  readonly text: string;
  /** As an object: a text is tried as a PEM file first, each time, which takes longer than the proof. */
  readonly key: KeyObject;
}

/**
 * The key that signs, and those that did before a rotation and are still believed. A token is never a reason to
 * look for a key anywhere else: a `kid` is compared with theirs, and with nothing more (RFC 8725, 3.10).
 */
@Injectable()
export class SigningKeys {
  readonly newest: SigningKey;
  /** The newest first. */
  readonly all: readonly SigningKey[];

  constructor(private readonly settings: Settings) {
    this.newest = signingKey(settings.secretKey);
    this.all = [this.newest, ...settings.oldSecretKeys.map(signingKey)];
  }

  /**
   * The key that a token claims to be signed with: whoever gets it proves the token.
   *
   * @throws AppError `not_authenticated` for a header that is none of ours
   */
  of(token: string): SigningKey {
    const header = headerOf(token);
    const isOurs = header?.typ === TYPE && Object.keys(header).every((name) => HEADER_NAMES.has(name));
    if (!isOurs) throw new AppError('not_authenticated');
    // Tokens had no `kid` before keys could be rotated.
    if (header.kid === undefined) return this.signerOf(token);
    const named = this.all.find(({ kid }) => kid === header.kid);
    if (!named) throw new AppError('not_authenticated');
    return named;
  }

  /** The key whose signature a token has; the newest, if none. */
  private signerOf(token: string): SigningKey {
    if (this.all.length === 1) return this.newest;
    const end = token.lastIndexOf('.');
    const given = Buffer.from(token.slice(end + 1), 'base64url');
    const hash = HASH[this.settings.algorithm];
    const isSigner = ({ key }: SigningKey): boolean => {
      const signature = createHmac(hash, key).update(token.slice(0, end)).digest();
      return signature.length === given.length && timingSafeEqual(signature, given);
    };
    return this.all.find(isSigner) ?? this.newest;
  }
}

function signingKey(text: string): SigningKey {
  const key = createSecretKey(text, 'utf8');
  const kid = createHmac('sha256', key).update('parlor:kid').digest('hex').slice(0, KID_LENGTH);
  return { kid, text, key };
}
