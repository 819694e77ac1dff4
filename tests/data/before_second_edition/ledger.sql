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

INSERT INTO aspire_ledger.additions (number, name, at) VALUES
	(1, 'every unit, the row that answered, the gateway''s own figure, estimates', '2026-11-23 12:00:00'),
	(2, 'a closing digests the added columns too', '2026-11-23 12:00:00'),
	(3, 'failed calls, unlisted parameters', '2026-11-23 12:00:00'),
	(4, 'gateway processes, revoked keys', '2026-11-23 12:00:00');

INSERT INTO aspire_ledger.closings (month, following, at, entries, digest, shares, forgotten, format, full_digest) VALUES
	('2026-09', '2026-10', '2026-10-03T00:00:00.000000+00:00', 2, 'sha256:b99dfc32d1c72a5de7a6a7aef867a46cf1afe83bf6467e04cc4b7995a7e54e95', '{"app": [{"name": "wiki", "spent": 2000000000, "calls": 1}, {"name": "shop", "spent": 1250000000, "calls": 1}], "alias": [{"name": "legacy", "spent": 2000000000, "calls": 1}, {"name": "chat", "spent": 1250000000, "calls": 1}], "provider": [{"name": "oldco", "spent": 2000000000, "calls": 1}, {"name": "acme", "spent": 1250000000, "calls": 1}], "budget": [{"name": "wiki", "spent": 2000000000, "calls": 1}, {"name": "shop", "spent": 1250000000, "calls": 1}], "estimated": []}', 1, 5, 'sha256:34e3a224290a4b6665f5e567c1a97b6188aadc88521cdac4941a4e55ce4f7631'),
	('2026-10', '2026-11', '2026-11-02T23:00:00.000000+00:00', 3, 'sha256:9ea7f8f54fde9d9102c593e28a47e3bacb2c1124b9839fcebcbfe1346a4efe65', '{"app": [{"name": "shop", "spent": 6187500000, "calls": 3}], "alias": [{"name": "chat", "spent": 6187500000, "calls": 3}], "provider": [{"name": "acme", "spent": 6187500000, "calls": 3}], "budget": [{"name": "shop", "spent": 6187500000, "calls": 3}], "estimated": [{"name": "shop", "spent": 2062500000, "calls": 1}]}', 0, 5, 'sha256:2b1bb22744859d578bede8dcce42d4d84bf1d95baddd30a8c29c6e579f4cd430'),
	('2026-08', '2026-09', '2026-09-03T00:00:00.000000+00:00', 1, 'sha256:574335fd5a40911b3483580a5485f119b7e04b891a80169091176dd87b7b3874', '{"alias":[{"calls":1,"name":"chat","spent":3500000000}],"app":[{"calls":1,"name":"shop","spent":3500000000}],"budget":[{"calls":1,"name":"shop","spent":3500000000}],"provider":[{"calls":1,"name":"acme","spent":3500000000}]}', 0, 1, '');

INSERT INTO aspire_ledger.entries (number, request_id, kind, at, month, day, budget, app, alias, key, provider, model, nano_aud, usd, usd_per_aud, input_tokens, cached_input_tokens, output_tokens, pages, images, note, cache_write_tokens, cache_write_1h_tokens, input_audio_tokens, input_image_tokens, reasoning_tokens, output_audio_tokens, annotated_pages, tool_uses, deployment, call_type, reported_usd, estimated) OVERRIDING SYSTEM VALUE VALUES
	(1, 'aug-1', 'unadmitted', '2026-08-14T00:00:07.000000+00:00', '2026-08', '2026-08-14', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 3500000000, '2.27920', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '2.2792', 0),
	(4, 'oct-1', 'settled', '2026-10-04T23:00:07.000000+00:00', '2026-10', '2026-10-05', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 1062500000, '0.69190000', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.6919', 0),
	(5, 'oct-2', 'settled', '2026-10-18T23:00:07.000000+00:00', '2026-10', '2026-10-19', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 2062500000, '1.34310000', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '', 1),
	(6, 'oct-3', 'settled', '2026-10-30T23:00:07.000000+00:00', '2026-10', '2026-10-31', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 3062500000, '1.99430000', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '1.9943', 0),
	(7, 'late-oct', 'unadmitted', '2026-10-31T12:00:07.000000+00:00', '2026-11', '', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 500000000, '0.32560', '0.6512', 1200, 300, 400, 0, 0, ' (of 2026-10, closed)', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.3256', 0),
	(8, 'nov-1', 'settled', '2026-11-01T23:00:07.000000+00:00', '2026-11', '2026-11-02', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 4125000000, '2.6862000', '0.6512', 1000, 100, 50, 0, 0, '', 11, 7, 5, 3, 20, 2, 0, 1, 'gw.chat.1', 'acompletion', '2.6862', 0),
	(9, 'nov-2', 'settled', '2026-11-08T23:00:07.000000+00:00', '2026-11', '2026-11-09', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 8125000000, '5.2910000', '0.6512', 2000, 200, 100, 0, 0, '', 22, 7, 5, 3, 40, 2, 0, 2, 'gw.chat.1', 'acompletion', '5.291', 0),
	(10, 'nov-3', 'settled', '2026-11-15T23:00:07.000000+00:00', '2026-11', '2026-11-16', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 12125000000, '7.8958000', '0.6512', 3000, 300, 150, 0, 0, '', 33, 7, 5, 3, 60, 2, 0, 3, 'gw.chat.1', 'acompletion', '7.8958', 0),
	(11, 'nov-4', 'settled', '2026-11-19T23:00:07.000000+00:00', '2026-11', '2026-11-20', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 16125000000, '10.5006000', '0.6512', 4000, 400, 200, 0, 0, '', 44, 7, 5, 3, 80, 2, 0, 4, 'gw.chat.1', 'acompletion', '10.5006', 0),
	(12, 'nov-wiki', 'settled', '2026-11-16T23:00:07.000000+00:00', '2026-11', '2026-11-17', 'wiki', 'wiki', 'legacy', 'wiki.main', 'oldco', 'oldco/legacy-1', 3750000000, '2.442000', '0.6512', 0, 0, 0, 12, 1, '', 0, 0, 0, 0, 0, 0, 3, 0, 'gw.legacy.1', 'acompletion', '2.442', 0),
	(13, 'unasked', 'unadmitted', '2026-11-17T23:00:07.000000+00:00', '2026-11', '2026-11-18', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 400000000, '0.26048', '0.6512', 1200, 300, 400, 0, 0, 'admitted by nobody: the store was away', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.26048', 0),
	(14, 'other-price', 'unadmitted', '2026-11-17T23:00:07.000000+00:00', '2026-11', '2026-11-18', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 800000000, '0.52096', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.1', 0),
	(15, 'broken', 'unadmitted', '2026-11-18T23:00:07.000000+00:00', '2026-11', '2026-11-19', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 600000000, '0.39072', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '', 1),
	(16, 'lost-1', 'recovered', '2026-11-21T01:00:00.000000+00:00', '2026-11', '2026-11-21', 'wiki', 'wiki', 'chat', 'wiki.main', '', '', 2000000000, '1.3024000000000', '0.6512', 0, 0, 0, 0, 0, 'never settled; cost as expected', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', 1),
	(17, 'lost-2', 'recovered', '2026-11-21T01:00:00.000000+00:00', '2026-11', '2026-11-21', 'wiki', 'wiki', 'chat', 'wiki.main', '', '', 500000000, '0.3256', '0.6512', 500, 0, 100, 0, 0, 'never settled; cost as logged', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '0.3256', 1),
	(18, 'lost-3', 'recovered', '2026-11-21T01:00:00.000000+00:00', '2026-11', '2026-11-21', 'wiki', 'wiki', 'chat', 'wiki.main', '', '', 2000000000, '1.3024000000000', '0.6512', 0, 0, 0, 0, 0, 'never settled; cost as expected', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', 1),
	(19, 'lost-3', 'corrected', '2026-11-20T23:00:07.000000+00:00', '2026-11', '2026-11-21', 'wiki', 'wiki', 'chat', 'wiki.main', 'acme', 'acme/chat-1', -1100000000, '-0.7163200000000', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '0.58608', 0),
	(20, 'invoice-4711', 'adjusted', '2026-11-21T23:00:00.000000+00:00', '2026-11', '', 'shop', '', '', '', '', '', 1500000000, '1.5', '1', 0, 0, 0, 0, 0, 'invoice 4711 (mia)', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', 0),
	(21, 'refund-12', 'adjusted', '2026-11-21T23:00:00.000000+00:00', '2026-11', '', 'wiki', '', '', '', '', '', -250000000, '-0.25', '1', 0, 0, 0, 0, 0, 'refund 12 (mia) (of 2026-10, closed)', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', 0),
	(22, 'warn-1', 'settled', '2026-11-23T11:00:07.000000+00:00', '2026-11', '2026-11-23', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 10000000000, '6.5120', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '6.512', 0),
	(23, 'warn-2', 'settled', '2026-11-23T11:00:07.000000+00:00', '2026-11', '2026-11-23', 'shop', 'shop', 'chat', 'shop.main', 'acme', 'acme/chat-1', 30000000000, '19.5360', '0.6512', 1200, 300, 400, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 'gw.chat.1', 'acompletion', '19.536', 0);

INSERT INTO aspire_ledger.estimates (app, alias, nano_aud) VALUES
	('wiki', 'legacy', 3750000000),
	('shop', 'chat', 30000000000);

INSERT INTO aspire_ledger.failures (day, app, alias, deployment, outcome, calls) VALUES
	('2026-11-21', 'shop', 'chat', 'gw.chat.1', 'timeout', 1),
	('2026-11-21', 'wiki', 'legacy', 'gw.legacy.1', '5xx', 2),
	('2026-11-20', 'shop', 'chat', 'gw.chat.1', '429', 7);

INSERT INTO aspire_ledger.reservations (id, budget, month, day, app, alias, key, nano_aud, expected, at, expires_at, usd_per_aud) VALUES
	('held-strict', 'wiki', '2026-11', '2026-11-23', 'wiki', 'chat', 'wiki.main', 5000000000, 5000000000, '2026-11-23T12:00:00.000000+00:00', '2026-11-23T13:00:00.000000+00:00', '0.6512'),
	('held-fair', 'shop', '2026-11', '2026-11-23', 'shop', 'chat', 'shop.main', 5000000000, 5000000000, '2026-11-23T12:00:00.000000+00:00', '2026-11-23T13:00:00.000000+00:00', '0.6512');

INSERT INTO aspire_ledger.seen_parameters (day, app, alias, call_type, parameter, outcome, calls) VALUES
	('2026-11-20', 'shop', 'chat', 'acompletion', 'enable_thinking', 'passed', 5),
	('2026-11-21', 'wiki', 'chat', 'acompletion', 'user_id', 'refused', 2),
	('2026-11-21', 'wiki', 'legacy', 'acompletion', 'client_metadata', 'removed', 1);

INSERT INTO aspire_ledger.totals (budget, month, spent, reserved, calls, granted, expected) VALUES
	('shop', '2026-08', 3500000000, 0, 1, 0, 0),
	('shop', '2026-09', 1250000000, 0, 1, 0, 0),
	('wiki', '2026-09', 2000000000, 0, 1, 0, 0),
	('shop', '2026-10', 6187500000, 0, 3, 3143737794, 3143737794),
	('wiki', '2026-11', 6900000000, 5000000000, 4, 5000000000, 5000000000),
	('shop', '2026-11', 84300000000, 5000000000, 10, 5000000000, 5000000000);

INSERT INTO aspire_ledger.version (number) VALUES
	(1);

INSERT INTO aspire_ledger.warnings (budget, month, percent, at) VALUES
	('shop', '2026-11', 50, '2026-11-23T11:00:07.000000+00:00'),
	('shop', '2026-11', 80, '2026-11-23T11:00:07.000000+00:00');

SELECT pg_catalog.setval('aspire_ledger.entries_number_seq', 23, true);

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
