/** The doors for WebSockets. `auth` and `room` speak the same frames; a room socket is bound to one room. */
export type EndpointName = 'public' | 'auth' | 'room' | 'echo' | 'conformance';

export const ENDPOINT_NAMES: readonly EndpointName[] = ['public', 'auth', 'room', 'echo', 'conformance'];

/** Gateways are declared on these paths. Those on `auth` also serve `/ws/room/{room_id}`. */
export const GATEWAY_PATH = {
  public: '/ws',
  auth: '/ws/auth',
  echo: '/ws/echo',
  conformance: '/ws/conformance',
} as const;

export interface Endpoint {
  readonly name: EndpointName;
  /** The gateways that answer there. */
  readonly gatewayPath: string;
  /** Only of `room`. */
  readonly roomId?: number;
}

/** The endpoint behind a path, with or without a trailing slash; nothing for any other path. */
export function endpointAt(pathname: string): Endpoint | undefined {
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  switch (path) {
    case GATEWAY_PATH.public:
      return { name: 'public', gatewayPath: path };
    case GATEWAY_PATH.auth:
      return { name: 'auth', gatewayPath: path };
    case GATEWAY_PATH.echo:
      return { name: 'echo', gatewayPath: path };
    case GATEWAY_PATH.conformance:
      return { name: 'conformance', gatewayPath: path };
    default: {
      const roomId = Number(/^\/ws\/room\/([1-9]\d{0,14})$/.exec(path)?.[1]);
      return Number.isNaN(roomId) ? undefined : { name: 'room', gatewayPath: GATEWAY_PATH.auth, roomId };
    }
  }
}
