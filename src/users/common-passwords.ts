import { Injectable } from '@nestjs/common';

/**
 * The passwords that attackers try first: about fifty thousand from published leaks, which come with zxcvbn
 * (NIST SP 800-63B-4, 3.1.1.2; OWASP ASVS 5, 6.2.4). Read when the first password is chosen.
 */
@Injectable()
export class CommonPasswords {
  private known: Promise<ReadonlySet<string>> | undefined;

  /** Case is no defence: lists are tried in every case. */
  async includes(password: string): Promise<boolean> {
    this.known ??= readList();
    return (await this.known).has(password.toLowerCase());
  }
}

async function readList(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common']);
}
