import { HISTORY_DEFAULT } from '../protocol/limits.js';
import type { Stretch } from './message-history.js';

/** The `Link` header (RFC 8288) of a page: to older messages, and to newer ones. Empty when there are none. */
export function linksOf(path: string, { messages, headSeq }: Stretch, limit = HISTORY_DEFAULT): string {
  const first = messages[0]?.message.seq;
  const last = messages.at(-1)?.message.seq;
  const links: string[] = [];
  if (first !== undefined && first > 1) links.push(`<${path}?before=${first}&limit=${limit}>; rel="prev"`);
  if (last !== undefined && last < headSeq) links.push(`<${path}?after=${last}&limit=${limit}>; rel="next"`);
  return links.join(', ');
}
