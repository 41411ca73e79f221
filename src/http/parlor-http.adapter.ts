import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer, IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { HEADER_BYTES_MAX } from '../protocol/limits.js';

/** Milliseconds between two looks for requests that take too long: as much later they are found out. */
const CHECKING_INTERVAL = 1_000;

/** The part of an Express application that makes requests and responses what its handlers know. */
interface ExpressApplication extends RequestListener {
  request: object;
  response: object;
}

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
      express,
    );
  }
}
