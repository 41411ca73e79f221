import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkHeaders } from '../connections/check-headers.js';

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * ReDoc makes style elements of its own: empty ones, which it fills through the CSSOM, and one for its scroll
 * bars. These are the SHA-256 of both. With another version the second one may be another; a test notices.
 */
const REDOC_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
];
/** A page of documentation needs none of what a browser could give it. */
const PERMISSIONS = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb']
  .map((feature) => `${feature}=()`)
  .join(', ');

/** Nothing may be loaded and nothing may frame it: an answer is data, whatever a browser takes it for. */
const DATA_POLICY = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};
/** What Swagger UI needs, all of it from this server. Its pictures are in its style sheet. */
const DOCS_POLICY = {
  ...DATA_POLICY,
  connectSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
};
const REDOC_POLICY = {
  ...DOCS_POLICY,
  styleSrc: ["'self'", ...REDOC_STYLES],
  // It searches in a worker that it makes of its own text.
  workerSrc: ['blob:'],
};

/**
 * Headers of every answer that tell a browser what not to do with it.
 *
 * @param hstsSeconds for how long a browser comes back over TLS only (RFC 6797); 0 where there may be none
 */
export function hardenHeaders(hstsSeconds: number): Middleware {
  const ofAll = {
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: hstsSeconds > 0 && { maxAge: hstsSeconds, includeSubDomains: false },
    // For browsers that are no longer about, and for plug-ins that are not either.
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    xPoweredBy: false,
  } as const;
  const forData = helmet({
    ...ofAll,
    contentSecurityPolicy: { useDefaults: false, directives: DATA_POLICY },
    // They are about documents.
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xFrameOptions: false,
  });
  const forPage = (directives: typeof DOCS_POLICY): Middleware => {
    const harden = helmet({
      ...ofAll,
      contentSecurityPolicy: { useDefaults: false, directives },
      xFrameOptions: { action: 'deny' },
    });
    return (request, response, next) => {
      response.setHeader('Permissions-Policy', PERMISSIONS);
      harden(request, response, next);
    };
  };
  const [forDocs, forRedoc] = [forPage(DOCS_POLICY), forPage(REDOC_POLICY)];
  return (request, response, next) => {
    const path = request.url ?? '';
    if (path.startsWith('/api/')) response.setHeader('Cache-Control', 'no-store');
    const harden = path.startsWith('/docs') ? forDocs : path.startsWith('/redoc') ? forRedoc : forData;
    harden(request, response, next);
  };
}

/** Refuses a request for its headers, before anything is made of it. */
export const refuseOddHeaders: Middleware = (request, _response, next) => {
  checkHeaders(request);
  next();
};
