/** What the API document says about sockets, which OpenAPI cannot describe. The frames are in its schemas. */
export const FRAMES_TAG = `Raw WebSockets. Frames are flat JSON objects told apart by \`type\`; their fields are the schemas \`…Frame\` below.

| path | token | what it does |
|---|---|---|
| \`/ws/auth\` | yes | one socket, many rooms: \`join_room\`, \`leave_room\`, \`message\`, \`typing\`, \`ping\` |
| \`/ws/room/{room_id}\` | yes | a socket bound to one room: \`message\`, \`typing\`, \`ping\`; \`?after_seq=\` resumes |
| \`/ws\` | no | \`ping\` is answered by \`pong\`, any other text comes back in an \`echo\` frame |
| \`/ws/echo\` | no | plain text in, \`Echo: <text>\` out |
| \`/ws/conformance\` | no | in development, if it is asked for: every message comes back as it was sent |

Show the access token in the \`Authorization\` header or as \`?token=\`, or a ticket from \`POST /api/ws-tickets\` as
\`?ticket=\`. A refusal is an HTTP status before the upgrade. The reference is docs/protocol.md in the repository.`;
