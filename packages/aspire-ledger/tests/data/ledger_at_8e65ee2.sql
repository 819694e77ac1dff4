-- A ledger as commit 8e65ee2, the last release of the first edition, made and filled it: its
-- own code booked 12 calls and a refund in a September that is closed, 22 calls in October,
-- one of them lost, recovered and corrected, and two under way. Then `pg_dump --inserts`,
-- without comments and settings. Never edit it: it stands for what is there before an update.
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA aspire_ledger;
CREATE FUNCTION aspire_ledger.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'entries of the ledger are not changed'; END $$;
CREATE FUNCTION aspire_ledger.refuse_if_open() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM aspire_ledger.closings WHERE month >= OLD.month) THEN RAISE EXCEPTION 'entries of an open month are not deleted'; END IF; RETURN OLD; END $$;
CREATE TABLE aspire_ledger.additions (
    number bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE aspire_ledger.closings (
    month text NOT NULL COLLATE pg_catalog."C",
    following text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    entries bigint,
    digest text COLLATE pg_catalog."C",
    shares text COLLATE pg_catalog."C",
    forgotten bigint DEFAULT 0 NOT NULL,
    format bigint DEFAULT 1 NOT NULL,
    full_digest text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE aspire_ledger.entries (
    number bigint NOT NULL,
    request_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    month text NOT NULL COLLATE pg_catalog."C",
    day text NOT NULL COLLATE pg_catalog."C",
    budget text NOT NULL COLLATE pg_catalog."C",
    app text NOT NULL COLLATE pg_catalog."C",
    alias text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    nano_aud bigint NOT NULL,
    usd text NOT NULL COLLATE pg_catalog."C",
    usd_per_aud text NOT NULL COLLATE pg_catalog."C",
    input_tokens bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    pages bigint NOT NULL,
    images bigint NOT NULL,
    note text NOT NULL COLLATE pg_catalog."C",
    cache_write_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_1h_tokens bigint DEFAULT 0 NOT NULL,
    input_audio_tokens bigint DEFAULT 0 NOT NULL,
    input_image_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    output_audio_tokens bigint DEFAULT 0 NOT NULL,
    annotated_pages bigint DEFAULT 0 NOT NULL,
    tool_uses bigint DEFAULT 0 NOT NULL,
    deployment text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    call_type text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    reported_usd text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    estimated bigint DEFAULT 0 NOT NULL
);
ALTER TABLE aspire_ledger.entries ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME aspire_ledger.entries_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE aspire_ledger.estimates (
    app text NOT NULL COLLATE pg_catalog."C",
    alias text NOT NULL COLLATE pg_catalog."C",
    nano_aud bigint NOT NULL
);
CREATE TABLE aspire_ledger.failures (
    day text NOT NULL COLLATE pg_catalog."C",
    app text NOT NULL COLLATE pg_catalog."C",
    alias text NOT NULL COLLATE pg_catalog."C",
    deployment text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    calls bigint NOT NULL
);
CREATE TABLE aspire_ledger.processes (
    id text NOT NULL COLLATE pg_catalog."C",
    started_at text NOT NULL COLLATE pg_catalog."C",
    heartbeat_at text NOT NULL COLLATE pg_catalog."C",
    litellm_release text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    ledger_release text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    config_digest text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    schema_number bigint DEFAULT 0 NOT NULL,
    keys_without_mark text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    guard text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE aspire_ledger.reservations (
    id text NOT NULL COLLATE pg_catalog."C",
    budget text NOT NULL COLLATE pg_catalog."C",
    month text NOT NULL COLLATE pg_catalog."C",
    day text NOT NULL COLLATE pg_catalog."C",
    app text NOT NULL COLLATE pg_catalog."C",
    alias text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    nano_aud bigint NOT NULL,
    expected bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C",
    expires_at text NOT NULL COLLATE pg_catalog."C",
    usd_per_aud text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE aspire_ledger.revocations (
    key_hash text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    who text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE aspire_ledger.seen_parameters (
    day text NOT NULL COLLATE pg_catalog."C",
    app text NOT NULL COLLATE pg_catalog."C",
    alias text NOT NULL COLLATE pg_catalog."C",
    call_type text NOT NULL COLLATE pg_catalog."C",
    parameter text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    calls bigint NOT NULL
);
CREATE TABLE aspire_ledger.totals (
    budget text NOT NULL COLLATE pg_catalog."C",
    month text NOT NULL COLLATE pg_catalog."C",
    spent bigint DEFAULT 0 NOT NULL,
    reserved bigint DEFAULT 0 NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    granted bigint DEFAULT 0 NOT NULL,
    expected bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE aspire_ledger.version (
    number bigint NOT NULL
);
CREATE TABLE aspire_ledger.warnings (
    budget text NOT NULL COLLATE pg_catalog."C",
    month text NOT NULL COLLATE pg_catalog."C",
    percent bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C"
);
INSERT INTO aspire_ledger.additions VALUES (1, 'every unit, the row that answered, the gateway''s own figure, estimates', '2026-11-30 15:28:04.152055+00');
INSERT INTO aspire_ledger.additions VALUES (2, 'a closing digests the added columns too', '2026-11-30 15:28:04.164937+00');
INSERT INTO aspire_ledger.additions VALUES (3, 'failed calls, unlisted parameters', '2026-11-30 15:28:04.170667+00');
INSERT INTO aspire_ledger.additions VALUES (4, 'gateway processes, revoked keys', '2026-11-30 15:28:04.17869+00');
INSERT INTO aspire_ledger.closings VALUES ('2026-09', '2026-10', '2026-10-05T00:00:00.000000+00:00', 13, 'sha256:b61032c2eedd066877af1aafe918ac93ec3b77f3a71d31bad2ca36307f97ceb4', '{"app": [{"name": "wiki", "spent": 14466000, "calls": 12}, {"name": "", "spent": -250000, "calls": 0}], "alias": [{"name": "chat", "spent": 14466000, "calls": 12}, {"name": "", "spent": -250000, "calls": 0}], "provider": [{"name": "acme", "spent": 14466000, "calls": 12}, {"name": "", "spent": -250000, "calls": 0}], "budget": [{"name": "lab", "spent": 14216000, "calls": 12}], "estimated": []}', 0, 5, 'sha256:adc5d29ed06dc9a74c77f6a87519b48a07b4fdf4afa5e7d4c7c582d3dd1471af');
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (1, 'sep-0', 'settled', '2026-09-03T03:00:04.000000+00:00', '2026-09', '2026-09-03', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1200000, '0.00078000000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (2, 'sep-1', 'settled', '2026-09-04T03:00:04.000000+00:00', '2026-09', '2026-09-04', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1201000, '0.00078065000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078065', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (3, 'sep-2', 'settled', '2026-09-05T03:00:04.000000+00:00', '2026-09', '2026-09-05', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1202000, '0.00078130000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0007813', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (4, 'sep-3', 'settled', '2026-09-06T03:00:04.000000+00:00', '2026-09', '2026-09-06', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1203000, '0.00078195000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078195', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (5, 'sep-4', 'settled', '2026-09-07T03:00:04.000000+00:00', '2026-09', '2026-09-07', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1204000, '0.00078260000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0007826', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (6, 'sep-5', 'settled', '2026-09-08T03:00:04.000000+00:00', '2026-09', '2026-09-08', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1205000, '0.00078325000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078325', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (7, 'sep-6', 'settled', '2026-09-09T03:00:04.000000+00:00', '2026-09', '2026-09-09', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1206000, '0.00078390000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0007839', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (8, 'sep-7', 'settled', '2026-09-10T03:00:04.000000+00:00', '2026-09', '2026-09-10', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1207000, '0.00078455000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078455', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (9, 'sep-8', 'settled', '2026-09-11T03:00:04.000000+00:00', '2026-09', '2026-09-11', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1208000, '0.00078520000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0007852', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (10, 'sep-9', 'settled', '2026-09-12T03:00:04.000000+00:00', '2026-09', '2026-09-12', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1209000, '0.00078585000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078585', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (11, 'sep-10', 'settled', '2026-09-13T03:00:04.000000+00:00', '2026-09', '2026-09-13', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1210000, '0.00078650000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0007865', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (12, 'sep-11', 'settled', '2026-09-14T03:00:04.000000+00:00', '2026-09', '2026-09-14', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 1211000, '0.00078715000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00078715', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (13, 'inv-1', 'adjusted', '2026-09-30T00:00:00.000000+00:00', '2026-09', '', 'lab', '', '', '', '', '', -250000, '-0.00025', '1', 0, 0, 0, 0, 0, 'refund of invoice 7 (ada@example.com)', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (14, 'oct-0', 'settled', '2026-10-01T03:00:04.000000+00:00', '2026-10', '2026-10-01', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000000, '0.01950000000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (15, 'oct-1', 'settled', '2026-10-02T03:00:04.000000+00:00', '2026-10', '2026-10-02', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000007, '0.01950000455', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950000455', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (16, 'oct-2', 'settled', '2026-10-03T03:00:04.000000+00:00', '2026-10', '2026-10-03', 'shop', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000014, '0.01950000910', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000091', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (17, 'oct-3', 'settled', '2026-10-04T03:00:04.000000+00:00', '2026-10', '2026-10-04', 'lab', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000021, '0.01950001365', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950001365', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (18, 'oct-4', 'settled', '2026-10-05T03:00:04.000000+00:00', '2026-10', '2026-10-05', 'shop', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000028, '0.01950001820', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000182', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (19, 'oct-5', 'settled', '2026-10-06T03:00:04.000000+00:00', '2026-10', '2026-10-06', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000035, '0.01950002275', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950002275', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (20, 'oct-6', 'settled', '2026-10-07T03:00:04.000000+00:00', '2026-10', '2026-10-07', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000042, '0.01950002730', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000273', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (21, 'oct-7', 'settled', '2026-10-08T03:00:04.000000+00:00', '2026-10', '2026-10-08', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000049, '0.01950003185', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950003185', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (22, 'oct-8', 'settled', '2026-10-09T03:00:04.000000+00:00', '2026-10', '2026-10-09', 'shop', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000056, '0.01950003640', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000364', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (23, 'oct-9', 'settled', '2026-10-10T03:00:04.000000+00:00', '2026-10', '2026-10-10', 'lab', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000063, '0.01950004095', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950004095', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (24, 'oct-10', 'settled', '2026-10-11T03:00:04.000000+00:00', '2026-10', '2026-10-11', 'shop', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000070, '0.01950004550', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000455', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (25, 'oct-11', 'settled', '2026-10-12T03:00:04.000000+00:00', '2026-10', '2026-10-12', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000077, '0.01950005005', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950005005', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (26, 'oct-12', 'settled', '2026-10-13T03:00:04.000000+00:00', '2026-10', '2026-10-13', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000084, '0.01950005460', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000546', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (27, 'oct-13', 'settled', '2026-10-14T03:00:04.000000+00:00', '2026-10', '2026-10-14', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000091, '0.01950005915', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950005915', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (28, 'oct-14', 'settled', '2026-10-15T03:00:04.000000+00:00', '2026-10', '2026-10-15', 'shop', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000098, '0.01950006370', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000637', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (29, 'oct-15', 'settled', '2026-10-16T03:00:04.000000+00:00', '2026-10', '2026-10-16', 'lab', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000105, '0.01950006825', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950006825', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (30, 'oct-16', 'settled', '2026-10-17T03:00:04.000000+00:00', '2026-10', '2026-10-17', 'shop', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000112, '0.01950007280', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000728', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (31, 'oct-17', 'settled', '2026-10-18T03:00:04.000000+00:00', '2026-10', '2026-10-18', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000119, '0.01950007735', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950007735', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (32, 'oct-18', 'settled', '2026-10-19T03:00:04.000000+00:00', '2026-10', '2026-10-19', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 30000126, '0.01950008190', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.0195000819', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (33, 'oct-19', 'settled', '2026-10-20T03:00:04.000000+00:00', '2026-10', '2026-10-20', 'shop', 'crm', 'chat', 'crm.main', 'acme', 'chat-1', 30000133, '0.01950008645', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.01950008645', 0);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (34, 'oct-e', 'settled', '2026-10-22T03:00:04.000000+00:00', '2026-10', '2026-10-22', 'lab', 'wiki', 'chat', 'wiki.main', 'acme', 'chat-1', 5000000, '0.00325000000', '0.65', 120, 20, 40, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.00325', 1);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (35, 'lost-1', 'recovered', '2026-10-23T04:00:00.000000+00:00', '2026-10', '2026-10-23', 'lab', 'wiki', 'chat', 'wiki.main', '', '', 9000000, '0.00585', '0.65', 0, 0, 0, 0, 0, 'never settled; cost as expected', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', 1);
INSERT INTO aspire_ledger.entries OVERRIDING SYSTEM VALUE VALUES (36, 'lost-1', 'corrected', '2026-10-23T05:00:00.000000+00:00', '2026-10', '2026-10-23', 'lab', 'wiki', 'chat', 'wiki.main', '', '', -5000000, '-0.00325', '0.65', 10, 0, 5, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '0.0026', 0);
INSERT INTO aspire_ledger.estimates VALUES ('crm', 'chat', 30000133);
INSERT INTO aspire_ledger.estimates VALUES ('wiki', 'chat', 28437619);
INSERT INTO aspire_ledger.failures VALUES ('2026-10-20', 'wiki', 'chat', 'gw.chat.1', '5xx', 3);
INSERT INTO aspire_ledger.reservations VALUES ('open-0', 'lab', '2026-10', '2026-10-24', 'wikí', 'chat', 'wikí.main', 2500000, 2500000, '2026-10-24T03:00:00.000000+00:00', '2026-10-24T03:10:00.000000+00:00', '0.65');
INSERT INTO aspire_ledger.reservations VALUES ('open-1', 'lab', '2026-10', '2026-10-24', 'wikí', 'chat', 'wikí.main', 2500000, 2500000, '2026-10-24T03:00:00.000000+00:00', '2026-10-24T03:10:00.000000+00:00', '0.65');
INSERT INTO aspire_ledger.seen_parameters VALUES ('2026-10-20', 'wiki', 'chat', 'acompletion', 'top_k', 'passed', 2);
INSERT INTO aspire_ledger.totals VALUES ('shop', '2026-10', 390000889, 0, 13, 30000119, 30000119);
INSERT INTO aspire_ledger.totals VALUES ('lab', '2026-10', 219000441, 5000000, 9, 2500000, 2500000);
INSERT INTO aspire_ledger.totals VALUES ('lab', '2026-09', 14216000, 0, 12, 1210000, 1210000);
INSERT INTO aspire_ledger.version VALUES (1);
INSERT INTO aspire_ledger.warnings VALUES ('shop', '2026-10', 50, '2026-10-11T03:00:04.000000+00:00');
INSERT INTO aspire_ledger.warnings VALUES ('shop', '2026-10', 80, '2026-10-17T03:00:04.000000+00:00');
INSERT INTO aspire_ledger.warnings VALUES ('lab', '2026-10', 50, '2026-10-19T03:00:04.000000+00:00');
SELECT pg_catalog.setval('aspire_ledger.entries_number_seq', 36, true);
ALTER TABLE ONLY aspire_ledger.additions
    ADD CONSTRAINT additions_pkey PRIMARY KEY (number);
ALTER TABLE ONLY aspire_ledger.closings
    ADD CONSTRAINT closings_pkey PRIMARY KEY (month);
ALTER TABLE ONLY aspire_ledger.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (number);
ALTER TABLE ONLY aspire_ledger.estimates
    ADD CONSTRAINT estimates_pkey PRIMARY KEY (app, alias);
ALTER TABLE ONLY aspire_ledger.failures
    ADD CONSTRAINT failures_pkey PRIMARY KEY (day, app, alias, deployment, outcome);
ALTER TABLE ONLY aspire_ledger.processes
    ADD CONSTRAINT processes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY aspire_ledger.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY aspire_ledger.revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (key_hash);
ALTER TABLE ONLY aspire_ledger.seen_parameters
    ADD CONSTRAINT seen_parameters_pkey PRIMARY KEY (day, app, alias, call_type, parameter, outcome);
ALTER TABLE ONLY aspire_ledger.totals
    ADD CONSTRAINT totals_pkey PRIMARY KEY (budget, month);
ALTER TABLE ONLY aspire_ledger.version
    ADD CONSTRAINT version_pkey PRIMARY KEY (number);
ALTER TABLE ONLY aspire_ledger.warnings
    ADD CONSTRAINT warnings_pkey PRIMARY KEY (budget, month, percent);
CREATE INDEX entries_of_month ON aspire_ledger.entries USING btree (month, budget);
CREATE UNIQUE INDEX entries_once ON aspire_ledger.entries USING btree (request_id, ((kind = 'corrected'::text)));
CREATE INDEX reservations_expiry ON aspire_ledger.reservations USING btree (expires_at);
CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON aspire_ledger.entries FOR EACH STATEMENT EXECUTE FUNCTION aspire_ledger.refuse();
CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON aspire_ledger.entries FOR EACH ROW EXECUTE FUNCTION aspire_ledger.refuse_if_open();
