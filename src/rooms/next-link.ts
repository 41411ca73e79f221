import type { ServerResponse } from 'node:http';
import { PAGE_MAX } from '../protocol/limits.js';

/** Sets the `Link` header (RFC 8288) of a page that another one follows. */
export function linkNext(
  response: ServerResponse,
  path: string,
  after: string | number | undefined,
  limit = PAGE_MAX,
): void {
  if (after === undefined) return;
  response.setHeader('Link', `<${path}?after=${after}&limit=${limit}>; rel="next"`);
}

/** How the document describes it. */
export const NEXT_LINK = {
  Link: {
    description: 'RFC 8288: `next` leads to the next page, while there is one.',
    schema: { type: 'string' as const },
  },
};
