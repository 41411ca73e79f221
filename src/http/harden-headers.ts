import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkHeaders } from '../connections/check-headers.js';

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The SHA-256 of nothing: ReDoc makes empty style elements, and fills them through the CSSOM. */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
const PAGES = /^\/(?:docs|redoc)(?:[/?]|$)/;
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
/** What the two pages of documentation need, all of it from this server. */
const PAGE_POLICY = {
  ...DATA_POLICY,
  connectSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", EMPTY_STYLE],
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
  const forPages = helmet({
    ...ofAll,
    contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
    xFrameOptions: { action: 'deny' },
  });
  return (request, response, next) => {
    const path = request.url ?? '';
    if (path.startsWith('/api/')) response.setHeader('Cache-Control', 'no-store');
    if (PAGES.test(path)) {
      response.setHeader('Permissions-Policy', PERMISSIONS);
      return forPages(request, response, next);
    }
    forData(request, response, next);
  };
}

/** Refuses a request for its headers, before anything is made of it. */
export const refuseOddHeaders: Middleware = (request, _response, next) => {
  checkHeaders(request);
  next();
};
