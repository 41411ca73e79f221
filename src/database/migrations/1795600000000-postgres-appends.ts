import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Where this database is: the cluster, the timeline of its log, which changes when a standby is promoted and when a
 * backup is replayed, and the database in it, which changes when a dump is restored into a new one.
 */
const LOG_ORIGIN = `CREATE FUNCTION log_origin() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' ||
    (SELECT oid FROM pg_database WHERE datname = current_database())
  FROM pg_control_system()
$$`;

/** The last batch of each appender, and what became of its messages: asked when its answer was lost. */
const APPEND_BATCHES = `CREATE TABLE append_batches (
  appender varchar(36) PRIMARY KEY, batch integer NOT NULL, outcomes text NOT NULL, appended_at bigint NOT NULL)`;

/**
 * One batch of messages in one round trip: a transaction of its own, which waits for nothing but the rooms.
 *
 * First it locks the rooms, always in the order of their ids, so that no two batches wait for each other. What
 * follows is one statement that sees everything that was committed before it began, so the end of a membership or a
 * mute, which locks the room too, comes before or behind all messages of the batch. Then \`seq\` is given, without a
 * hole, since whoever gives it has the room.
 *
 * It is planned each time, for the tables as they are: a plan that was made for empty tables is ruinous for full ones.
 *
 * Outcomes, one for each draft in its order: \`[id, seq]\` of what was stored, or an object that says why not.
 */
const APPEND_MESSAGES = `CREATE FUNCTION append_messages(
  _appender text, _batch integer, _origin text, _now bigint, _rooms bigint[], _drafts json
) RETURNS text LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  _done append_batches%ROWTYPE;
  _outcomes text;
  _stored bigint;
BEGIN
  IF _origin <> log_origin() THEN
    RAISE EXCEPTION USING ERRCODE = 'PL001', MESSAGE = 'The log is another one than it was.';
  END IF;
  SELECT * INTO _done FROM append_batches WHERE appender = _appender FOR UPDATE;
  IF _done.batch >= _batch THEN
    RETURN _done.outcomes;
  END IF;
  PERFORM FROM rooms WHERE id = ANY (_rooms) ORDER BY id FOR NO KEY UPDATE;
  WITH draft AS (
    SELECT given.* FROM ROWS FROM (
      json_to_recordset(_drafts) AS (room_id bigint, user_id bigint, content text, client_msg_id text, reply_to bigint)
    ) WITH ORDINALITY AS given (room_id, user_id, content, client_msg_id, reply_to, place)
  ), judged AS (
    SELECT draft.place, draft.user_id, draft.content, draft.client_msg_id, answered.id AS reply_to,
      room.id AS room_id, room.head_seq, room.visibility = 'private' AS is_private, room.owner_id = draft.user_id AS is_owner,
      member.user_id IS NOT NULL AS is_member, mute.user_id IS NOT NULL AS is_muted, mute.until AS muted_until,
      member.user_id IS NOT NULL AND NOT (mute.user_id IS NOT NULL AND coalesce(mute.until > _now, true)) AS may_send,
      draft.reply_to IS NULL OR answered.id IS NOT NULL AS can_answer, original
    FROM draft
    LEFT JOIN LATERAL (SELECT * FROM rooms WHERE rooms.id = draft.room_id LIMIT 1) AS room ON true
    LEFT JOIN LATERAL (SELECT memberships.user_id FROM memberships
      WHERE memberships.room_id = draft.room_id AND memberships.user_id = draft.user_id LIMIT 1) AS member ON true
    LEFT JOIN LATERAL (SELECT mutes.user_id, mutes.until FROM mutes
      WHERE mutes.room_id = draft.room_id AND mutes.user_id = draft.user_id LIMIT 1) AS mute ON true
    LEFT JOIN LATERAL (SELECT messages.id FROM messages
      WHERE messages.id = draft.reply_to AND messages.room_id = draft.room_id LIMIT 1) AS answered ON true
    LEFT JOIN LATERAL (SELECT id, seq, content, reply_to, created_at, edited_at FROM messages
      WHERE messages.room_id = draft.room_id AND messages.user_id = draft.user_id
        AND messages.client_msg_id = draft.client_msg_id AND messages.client_msg_id IS NOT NULL LIMIT 1) AS original ON true
  ), counted AS (
    SELECT judged.*, may_send AND can_answer AND (original).id IS NULL AS is_new, count(*)
      FILTER (WHERE may_send AND can_answer AND (original).id IS NULL)
      OVER (PARTITION BY room_id, user_id, client_msg_id ORDER BY place) AS twins
    FROM judged
  ), numbered AS (
    SELECT counted.*, is_new AND (client_msg_id IS NULL OR twins = 1) AS is_fresh,
      head_seq + count(*) FILTER (WHERE is_new AND (client_msg_id IS NULL OR twins = 1))
        OVER (PARTITION BY room_id ORDER BY place) AS seq
    FROM counted
  ), placed AS MATERIALIZED (
    SELECT numbered.*, CASE WHEN is_fresh THEN nextval('messages_id_seq') END AS id FROM numbered
  ), stored AS (
    INSERT INTO messages (id, room_id, seq, user_id, content, client_msg_id, reply_to, created_at)
    SELECT id, room_id, seq, user_id, content, client_msg_id, reply_to, _now FROM placed WHERE is_fresh
  ), moved AS (
    UPDATE rooms SET head_seq = head.seq
    FROM (SELECT room_id, max(seq) AS seq FROM placed WHERE is_fresh GROUP BY room_id) AS head
    WHERE rooms.id = head.room_id
  )
  SELECT count(id), json_agg(CASE
      WHEN is_fresh THEN json_build_array(id, seq)
      WHEN room_id IS NULL THEN json_build_object('why', 'no_room')
      WHEN NOT may_send THEN json_build_object('why', 'refused', 'is_private', is_private, 'is_member', is_member,
        'is_owner', is_owner, 'is_muted', is_muted, 'muted_until', muted_until)
      WHEN (original).id IS NOT NULL THEN json_build_object('why', 'retry', 'id', (original).id,
        'seq', (original).seq, 'content', (original).content, 'reply_to', (original).reply_to,
        'created_at', (original).created_at, 'edited_at', (original).edited_at)
      WHEN client_msg_id IS NOT NULL AND twins > 0 THEN json_build_object('why', 'twin')
      ELSE json_build_object('why', 'no_answered')
    END ORDER BY place)
  INTO _stored, _outcomes
  FROM placed;
  IF _stored > 0 THEN
    IF _done.appender IS NULL THEN
      -- The same batch may be under way twice, and there was no row to lock: then the second one fails here.
      INSERT INTO append_batches VALUES (_appender, _batch, _outcomes, _now);
    ELSE
      UPDATE append_batches SET batch = _batch, outcomes = _outcomes, appended_at = _now WHERE appender = _appender;
    END IF;
  END IF;
  RETURN _outcomes;
END
$$`;

/**
 * Where an epoch is; and, in PostgreSQL only, how messages are appended there. In SQLite the server does that itself:
 * it is the only one that writes.
 */
export class PostgresAppends1795600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const origin = new TableColumn({ name: 'origin', type: 'varchar', length: '64', isNullable: true });
    await runner.addColumn('epochs', origin);
    if (!isPostgres(runner)) return;
    for (const sql of [LOG_ORIGIN, APPEND_BATCHES, APPEND_MESSAGES]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    if (isPostgres(runner)) {
      await runner.query('DROP FUNCTION append_messages');
      await runner.query('DROP TABLE append_batches');
      await runner.query('DROP FUNCTION log_origin');
    }
    await runner.dropColumn('epochs', 'origin');
  }
}

function isPostgres(runner: QueryRunner): boolean {
  return runner.connection.options.type === 'postgres';
}
