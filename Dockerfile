# syntax=docker/dockerfile:1
# One image for every node. docs/operations.md says how to run several.

FROM node:22-bookworm-slim AS build
# sqlite3 is compiled where its prebuilt binary cannot be fetched.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /parlor
# Packages first: they are installed anew only when they change.
COPY package.json package-lock.json ./
# Only these two have a script that is needed at their installation.
RUN npm ci --ignore-scripts --no-audit --no-fund && npm rebuild sqlite3 bcrypt
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=8000 \
  DATABASE_URL=sqlite:////var/lib/parlor/parlor.db
WORKDIR /parlor
COPY --from=build /parlor/package.json ./
COPY --from=build /parlor/node_modules node_modules
COPY --from=build /parlor/dist dist
# For SQLite alone; a node on PostgreSQL writes nothing.
RUN install -d -o node -g node -m 0700 /var/lib/parlor
VOLUME /var/lib/parlor
USER node
EXPOSE 8000
# Ready, not merely alive: a node that is ending, or has lost its database, gets no new clients.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=2 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell in between, so that the signal arrives. What stops it has to wait longer than SHUTDOWN_TIMEOUT_MS.
STOPSIGNAL SIGTERM
CMD ["node", "dist/main.js"]
