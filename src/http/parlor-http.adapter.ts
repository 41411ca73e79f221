import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer, IncomingMessage, ServerResponse, type RequestListener, type Server } from 'node:http';
import { HEADER_BYTES_MAX } from '../protocol/limits.js';
import { whenWhole } from './whole-requests.js';

/** Milliseconds between two looks for requests that take too long: as much later they are found out. */
const CHECKING_INTERVAL = 1_000;

/** The part of an Express application that makes requests and responses what its handlers know. */
interface ExpressApplication extends RequestListener {
  request: object;
  response: object;
}

/**
 * TCP connections that the kernel keeps until they are accepted; it takes `net.core.somaxconn` (4096) at most. Beyond
 * it a connection is answered only when it asks again, one second and three seconds later: Node's 511 are gone in one
 * turn of a flood.
 */
const BACKLOG = 4_096;

/**
 * Nest's adapter for Express, with requests and responses that are born with Express' prototypes.
 *
 * Express gives each request and each response another prototype than they were made with, after which V8 can
 * no longer tell what they are: every property that Node itself reads from them in the rest of the request is
 * looked up the slow way, and that is four fifths of what Express costs. Node can make them of any class; when
 * that class has the prototype already, setting it changes nothing.
 */
export class ParlorHttpAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const express = this.getInstance<ExpressApplication>();
    class Request extends IncomingMessage {}
    class Response extends ServerResponse<Request> {}
    Object.setPrototypeOf(Request.prototype, express.request);
    Object.setPrototypeOf(Response.prototype, express.response);
    express.request = Request.prototype;
    express.response = Response.prototype;
    this.httpServer = createServer(
      {
        IncomingMessage: Request,
        ServerResponse: Response,
        maxHeaderSize: HEADER_BYTES_MAX,
        connectionsCheckingInterval: CHECKING_INTERVAL,
      },
      whenWhole(express),
    );
  }

  /** Nest calls it with a port, perhaps a host, and a function of its own. */
  override listen(port: string | number, ...args: (string | (() => void) | undefined)[]): Server {
    const host = args.find((arg) => typeof arg === 'string');
    const callback = args.find((arg) => typeof arg === 'function');
    return this.httpServer.listen(
      { port: Number(port), backlog: BACKLOG, ...(host ? { host } : {}) },
      callback,
    );
  }
}
