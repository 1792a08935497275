PRAGMA application_id = 1718381428;
PRAGMA user_version = 1;
CREATE TABLE owners (
  owner TEXT PRIMARY KEY NOT NULL,
  renewed REAL,
  ttl REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  run INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  digest TEXT NOT NULL,
  created REAL NOT NULL,
  parent TEXT NOT NULL,
  origin TEXT NOT NULL,
  status TEXT NOT NULL,
  changed REAL NOT NULL,
  ended REAL,
  owner TEXT NOT NULL,
  holder TEXT NOT NULL,
  generation INTEGER NOT NULL,
  recoveries INTEGER NOT NULL,
  resumes INTEGER NOT NULL,
  stuck TEXT NOT NULL,
  born_sum INTEGER NOT NULL,
  state_sum INTEGER NOT NULL,
  arguments TEXT,
  arguments_blob BLOB,
  result TEXT,
  result_blob BLOB,
  error TEXT
) STRICT;
CREATE INDEX runs_created ON runs (created, run_id);
CREATE INDEX runs_status ON runs (status, created, run_id, ended);
CREATE INDEX runs_workflow ON runs (workflow, status, created, run_id, ended);
CREATE INDEX runs_parent ON runs (parent, created, run_id) WHERE parent <> '';
CREATE INDEX runs_owner ON runs (owner) WHERE owner <> '';
CREATE INDEX runs_live ON runs (created, run_id, owner, stuck) WHERE ended IS NULL;
CREATE INDEX runs_arguments ON runs (arguments_blob) WHERE arguments_blob IS NOT NULL;
CREATE INDEX runs_result ON runs (result_blob) WHERE result_blob IS NOT NULL;
CREATE TABLE nodes (
  run INTEGER NOT NULL,
  key TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  generation INTEGER,
  place INTEGER,
  step TEXT,
  kind TEXT,
  status TEXT NOT NULL,
  sequence INTEGER,
  attempts INTEGER,
  reason TEXT,
  why TEXT NOT NULL,
  wiring TEXT,
  started REAL,
  ended REAL,
  due REAL,
  deadline REAL,
  delay REAL,
  facts TEXT,
  value TEXT,
  value_blob BLOB,
  error TEXT,
  sum INTEGER NOT NULL,
  PRIMARY KEY (run, key, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX nodes_value ON nodes (value_blob) WHERE value_blob IS NOT NULL;
CREATE TABLE events (
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  data TEXT NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  payload TEXT NOT NULL,
  at REAL NOT NULL,
  dedup TEXT,
  done INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_kept ON messages (run, kind, name, dedup);
CREATE INDEX messages_pending ON messages (run, number) WHERE done = 0;
INSERT INTO "owners" VALUES ('d92fce712499f574', 90803.136295499, 30.0);
INSERT INTO "runs" VALUES (1, 'asked', 'recorded:asked', '6cc6dd54454396035e869ffb2bf2a0c4', 1795316479.2837224, '', '', 'waiting', 1795316479.2953742, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 3513168615, 1128462606, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (2, 'signalled', 'recorded:signalled', 'f0b18f8a8731b7bffc55493376ea885e', 1795316479.301327, '', '', 'waiting', 1795316479.3068168, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 3217235072, 4257559368, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (3, 'mapped', 'recorded:mapped', 'f21f95b93b99e2988456414dd7641355', 1795316479.3093717, '', '', 'failed', 1795316479.317444, 1795316479.317444, '', 'd92fce712499f574', 1, 0, 0, '', 2656204046, 1146631388, '{"item":"tea"}', NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack[2]`, attempt 1 of run mapped, called at /srv/flowkit/tests/stores/recording.py:121"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}');
INSERT INTO "runs" VALUES (4, 'failed', 'recorded:failed', 'fa6d99d84b7a31652e2aaccd2f110d60', 1795316479.3277335, '', '', 'failed', 1795316479.3389232, 1795316479.3389232, '', 'd92fce712499f574', 1, 0, 0, '', 907121838, 3673407502, '{"item":"tea"}', NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack`, attempt 1 of run failed, called at /srv/flowkit/tests/stores/recording.py:127"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}');
INSERT INTO "runs" VALUES (5, 'retried', 'recorded:retried', '08772b1d3de3ddfe09754d394ec997ba', 1795316479.3406687, '', '', 'running', 1795316479.3406687, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 3830007534, 3162582291, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (6, 'called', 'recorded:called', '4b0f6879162ce0b50d531be3b7f62d5e', 1795316479.3657162, '', '', 'waiting', 1795316479.3858018, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 3617403645, 2253558411, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (7, 'called/outsource/part', 'recorded:part', '114723b1a790a6fdc70fba12dfee1b7d', 1795316479.3686182, 'called', '', 'succeeded', 1795316479.3716826, 1795316479.3716826, '', 'd92fce712499f574', 1, 0, 0, '', 2415577450, 2288491404, '{"item":"tea"}', NULL, '"tea: 3"', NULL, NULL);
INSERT INTO "runs" VALUES (8, 'asking', 'recorded:asking', 'ee6e37d3552f929fd84f28d149e8ce0a', 1795316479.3878338, '', '', 'waiting', 1795316479.390934, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 714863058, 1581049837, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (9, 'slept', 'recorded:slept', 'b2cb43dbc10f3eccbca3452fbfb924d8', 1795316479.393212, '', '', 'waiting', 1795316479.4160411, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 4145775568, 1526536719, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (10, 'slept/outsource/part', 'recorded:part', '114723b1a790a6fdc70fba12dfee1b7d', 1795316479.3991222, 'slept', '', 'succeeded', 1795316479.4090042, 1795316479.4090042, '', 'd92fce712499f574', 1, 0, 0, '', 782973417, 2420694664, '{"item":"tea"}', NULL, '"tea: 3"', NULL, NULL);
INSERT INTO "runs" VALUES (11, 'lost', 'recorded:asked', 'a2970e9674b287d257ff5c156d5f95c7', 1795316479.4178374, '', '', 'waiting', 1795316479.4214694, NULL, 'd92fce712499f574', 'd92fce712499f574', 1, 0, 0, '', 3828484634, 656058980, '{"item":"rum"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (12, 'ended', 'recorded:asked', '15a48c523801ad68f24627e3f083673d', 1795316479.422961, '', '', 'cancelled', 1795316479.4264839, 1795316479.4264839, '', 'd92fce712499f574', 1, 0, 0, '', 1340211986, 1304773073, '{"item":"gin"}', NULL, NULL, NULL, '{"module":"flowkit","name":"RunCancelled","text":"cancelled on request: enough","args":[{"$type":"CancelReason","$value":"USER"},"enough"],"attributes":{"reason":{"$type":"CancelReason","$value":"USER"},"detail":"enough"}}');
INSERT INTO "nodes" VALUES (1, 'ask', 0, 1, 90803143816659, 'flowkit:ask', 'step', 'waiting', 0, 1, '', '', '80cb8e60131c7b35099bf7dcb4a5a0d7', 1795316479.2941215, NULL, NULL, NULL, NULL, '{"gate": {"prompt": "order tea?", "options": ["now", "later"]}, "said": {"call": "ask(''order tea?'')", "at": "flowkit/tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 247735407);
INSERT INTO "nodes" VALUES (1, 'ask', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.2941215, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2745891408);
INSERT INTO "nodes" VALUES (1, 'print', 0, 1, 90803142577440, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'fe0d26c371d8852a8c77f126fa99b95d', 1795316479.291063, 1795316479.2916582, NULL, NULL, NULL, '{"said": {"call": "print(''tea'')", "at": "flowkit/tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'B294DD12BC8BE97FF5E0071EFDDF426565D715EE12C7276C62383CB6860D3374', NULL, 1433933199);
INSERT INTO "nodes" VALUES (1, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.291063, 1795316479.2916968, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 231208810);
INSERT INTO "nodes" VALUES (2, 'book', 0, 1, 90803154480038, 'recorded:book', 'step', 'succeeded', 2, 1, '', '', 'fd8f28c3eefc92b30f56e95336897198', 1795316479.3048723, 1795316479.305763, NULL, NULL, NULL, '{"said": {"call": "book(order)", "at": "flowkit/tests/stores/recording.py:115", "type": "e1ad9f7c8325f998e855f02fa8326b5c", "effect": true}}', '"booked tea"', NULL, NULL, 3609800645);
INSERT INTO "nodes" VALUES (2, 'book', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3048723, 1795316479.3057988, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3809915515);
INSERT INTO "nodes" VALUES (2, 'order', 0, 1, 90803153518301, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', 'b3bad07a83e0564290b348342c4fd09a', 1795316479.3036427, 1795316479.3040924, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 2)", "at": "flowkit/tests/stores/recording.py:115", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":2,"day":"2026-03-01"}', NULL, NULL, 2368330619);
INSERT INTO "nodes" VALUES (2, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3036427, 1795316479.3041315, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2804446925);
INSERT INTO "nodes" VALUES (2, 'paid', 0, 1, 90803156200030, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795316479.3063817, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "flowkit/tests/stores/recording.py:116", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 2668035496);
INSERT INTO "nodes" VALUES (2, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.3063817, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3488259033);
INSERT INTO "nodes" VALUES (3, 'order', 0, 1, 90803161084168, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', 'b3bad07a83e0564290b348342c4fd09a', 1795316479.3114522, 1795316479.3117106, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 2)", "at": "flowkit/tests/stores/recording.py:121", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":2,"day":"2026-03-01"}', NULL, NULL, 1971487650);
INSERT INTO "nodes" VALUES (3, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3114522, 1795316479.3117385, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1935264708);
INSERT INTO "nodes" VALUES (3, 'pack', 0, 1, 90803165356938, 'recorded:pack', 'map', 'blocked', 0, 0, '`pack[2]` failed', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9', NULL, 1795316479.3140185, NULL, NULL, NULL, '{"cause": "pack[2]", "said": {"call": "pack.map(unmapped(order), [1, 2, 3])", "at": "flowkit/tests/stores/recording.py:121", "type": "1177fd2311b75415d11e5d1b84ebb320"}, "items": 3}', NULL, NULL, NULL, 2928484189);
INSERT INTO "nodes" VALUES (3, 'pack[0]', 0, 1, 90803165356939, 'recorded:pack', 'item', 'cancelled', 0, 1, 'the run was stopped (fail_fast: `pack[2]` failed)', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:db60e8dea5de7a9ed483a7984e2ff319', 1795316479.3124611, 1795316479.315518, NULL, NULL, NULL, '{"cause": "pack[2]"}', NULL, NULL, NULL, 559220301);
INSERT INTO "nodes" VALUES (3, 'pack[0]', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.3124611, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1409994596);
INSERT INTO "nodes" VALUES (3, 'pack[1]', 0, 1, 90803165356940, 'recorded:pack', 'item', 'succeeded', 2, 1, '', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:729cdd0661f5a50936c6815f40ec47b9', 1795316479.3132231, 1795316479.3138294, NULL, NULL, NULL, '{}', '4', NULL, NULL, 1108713937);
INSERT INTO "nodes" VALUES (3, 'pack[1]', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3132231, 1795316479.313857, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1917997076);
INSERT INTO "nodes" VALUES (3, 'pack[2]', 0, 1, 90803165356941, 'recorded:pack', 'item', 'failed', 3, 1, '', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:6a77a49d75aeec6cbe5a0d9858e2ed5a', 1795316479.3138294, 1795316479.3140185, NULL, NULL, NULL, '{"handled": false}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2394451603);
INSERT INTO "nodes" VALUES (3, 'pack[2]', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, '', NULL, 1795316479.3138294, 1795316479.314123, NULL, NULL, NULL, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2723150069);
INSERT INTO "nodes" VALUES (3, 'say', 0, 1, 90803165356943, 'recorded:say', 'step', 'blocked', 0, 0, '`sum` is blocked', '', '76b6d19e67a3ca89be833eae56e092af', NULL, 1795316479.3140185, NULL, NULL, NULL, '{"cause": "sum", "said": {"call": "say(''tea'', sum)", "at": "flowkit/tests/stores/recording.py:121", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 2806996088);
INSERT INTO "nodes" VALUES (3, 'sum', 0, 1, 90803165356942, 'recorded:sum', 'step', 'blocked', 0, 0, '`pack` is blocked', '', '3565d2509700d9c7fb77018a5bd57cb8', NULL, 1795316479.3140185, NULL, NULL, NULL, '{"cause": "pack", "said": {"call": "sum(pack)", "at": "flowkit/tests/stores/recording.py:121", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 2447906213);
INSERT INTO "nodes" VALUES (4, 'book', 0, 1, 90803183486907, 'recorded:book', 'step', 'succeeded', 2, 1, '', '', 'fd8f28c3eefc92b30f56e95336897198', 1795316479.3340952, 1795316479.334937, NULL, NULL, NULL, '{"said": {"call": "book(order)", "at": "flowkit/tests/stores/recording.py:127", "type": "e1ad9f7c8325f998e855f02fa8326b5c", "effect": true}}', '"booked tea"', NULL, NULL, 2455486164);
INSERT INTO "nodes" VALUES (4, 'book', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3340952, 1795316479.334963, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4031266103);
INSERT INTO "nodes" VALUES (4, 'book:unbook', 0, 1, 90803186885840, 'recorded:unbook', 'step', 'succeeded', 4, 1, '', '', '', 1795316479.337261, 1795316479.3375034, NULL, NULL, NULL, '{"cleans_up": true, "undoes": "book"}', 'null', NULL, NULL, 287803996);
INSERT INTO "nodes" VALUES (4, 'book:unbook', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.337261, 1795316479.3375254, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1951604155);
INSERT INTO "nodes" VALUES (4, 'order', 0, 1, 90803182184664, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', '6810788887a9625dd3b8723591e09082', 1795316479.332384, 1795316479.3327203, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 1)", "at": "flowkit/tests/stores/recording.py:126", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":1,"day":"2026-03-01"}', NULL, NULL, 3144760550);
INSERT INTO "nodes" VALUES (4, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.332384, 1795316479.332749, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2509379604);
INSERT INTO "nodes" VALUES (4, 'pack', 0, 1, 90803185933437, 'recorded:pack', 'step', 'failed', 3, 1, '', '', 'f9919928359279cfe3efb9c35ddc03be', 1795316479.3355958, 1795316479.335867, NULL, NULL, NULL, '{"handled": false, "said": {"call": "pack(order, 3)", "at": "flowkit/tests/stores/recording.py:127", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 207590496);
INSERT INTO "nodes" VALUES (4, 'pack', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, '', NULL, 1795316479.3355958, 1795316479.3359919, NULL, NULL, NULL, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2898786035);
INSERT INTO "nodes" VALUES (4, 'say', 0, 1, 90803185933438, 'recorded:say', 'step', 'blocked', 0, 0, '`pack` failed', '', 'e7d4cca771ba4598de85fbcdf9ea77ea', NULL, 1795316479.335867, NULL, NULL, NULL, '{"cause": "pack", "said": {"call": "say(book, pack)", "at": "flowkit/tests/stores/recording.py:127", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 2910727802);
INSERT INTO "nodes" VALUES (5, 'send', 0, 1, 90803212310273, 'recorded:send', 'step', 'retrying', 0, 1, '', '', '417b75b19354e1a8769e010f18399e2c', 1795316479.3417997, NULL, 1795320079.342053, NULL, NULL, '{"said": {"call": "send(''tea'')", "at": "flowkit/tests/stores/recording.py:132", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"}', 3602026931);
INSERT INTO "nodes" VALUES (5, 'send', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, 'ConnectionError', NULL, 1795316479.3417997, 1795316479.342053, NULL, NULL, 3600.0, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"}', 667230709);
INSERT INTO "nodes" VALUES (6, 'outsource', 0, 1, 90803221006538, 'recorded:outsource', 'step', 'succeeded', 1, 1, '', '', '56abf5bc1a2ceb49917fa482d8ad42dd', 1795316479.36717, 1795316479.38168, NULL, NULL, NULL, '{"said": {"call": "outsource(''tea'')", "at": "flowkit/tests/stores/recording.py:137", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 1767275940);
INSERT INTO "nodes" VALUES (6, 'outsource', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.36717, 1795316479.3817182, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3339822681);
INSERT INTO "nodes" VALUES (6, 'paid', 0, 1, 90803235039803, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795316479.385517, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "flowkit/tests/stores/recording.py:138", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 3275218299);
INSERT INTO "nodes" VALUES (6, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.385517, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2681635044);
INSERT INTO "nodes" VALUES (6, 'part', 0, 1, 90803233000646, 'recorded:part', 'call', 'succeeded', 0, 1, '', '', '3cbece15f8cdb0bfd15e5b6898ca14d6', 1795316479.3826427, 1795316479.3853555, NULL, NULL, NULL, '{"said": {"call": "part(outsource)", "at": "flowkit/tests/stores/recording.py:138"}, "gives": "641f2b0cd912461b78b30e041ad48172"}', NULL, NULL, NULL, 2844467790);
INSERT INTO "nodes" VALUES (6, 'part/measure', 0, 1, 90803233000647, 'recorded:measure', 'step', 'succeeded', 2, 1, '', '', '4dbbf09951d9b1d42eaf04ae167a3247', 1795316479.3829281, 1795316479.383635, NULL, NULL, NULL, '{"said": {"call": "measure(''tea: 3'')", "at": "flowkit/tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '6', NULL, NULL, 1254616863);
INSERT INTO "nodes" VALUES (6, 'part/measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3829281, 1795316479.3836546, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 650053225);
INSERT INTO "nodes" VALUES (6, 'part/say', 0, 1, 90803234069552, 'recorded:say', 'step', 'succeeded', 3, 1, '', '', '01a2dfa4ee01974f98b6c518c191143a', 1795316479.3845658, 1795316479.3847165, NULL, NULL, NULL, '{"said": {"call": "say(''tea: 3'', measure)", "at": "flowkit/tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3: 6"', NULL, NULL, 2204537391);
INSERT INTO "nodes" VALUES (6, 'part/say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.3845658, 1795316479.3847303, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3579742325);
INSERT INTO "nodes" VALUES (7, 'measure', 0, 1, 90803219410880, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795316479.36979, 1795316479.3700514, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "flowkit/tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 1991272359);
INSERT INTO "nodes" VALUES (7, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.36979, 1795316479.37007, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1879318089);
INSERT INTO "nodes" VALUES (7, 'say', 0, 1, 90803220205850, 'recorded:say', 'step', 'succeeded', 2, 1, '', '', 'afe66a6454f90eb0ff32771308ad0d78', 1795316479.370706, 1795316479.370905, NULL, NULL, NULL, '{"said": {"call": "say(''tea'', measure)", "at": "flowkit/tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 3350124696);
INSERT INTO "nodes" VALUES (7, 'say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.370706, 1795316479.3709195, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2253381173);
INSERT INTO "nodes" VALUES (8, 'measure', 0, 1, 90803238593235, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795316479.389124, 1795316479.3892899, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "flowkit/tests/stores/recording.py:143", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 4176390476);
INSERT INTO "nodes" VALUES (8, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.389124, 1795316479.3893054, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2409091299);
INSERT INTO "nodes" VALUES (8, 'paid', 0, 1, 90803240179939, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795316479.3905537, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "flowkit/tests/stores/recording.py:144", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 393462030);
INSERT INTO "nodes" VALUES (8, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.3905537, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2389021424);
INSERT INTO "nodes" VALUES (9, 'outsource', 0, 1, 90803258371129, 'recorded:outsource', 'step', 'succeeded', 1, 1, '', '', '56abf5bc1a2ceb49917fa482d8ad42dd', 1795316479.396847, 1795316479.41418, NULL, NULL, NULL, '{"said": {"call": "outsource(''tea'')", "at": "flowkit/tests/stores/recording.py:150", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 1159410923);
INSERT INTO "nodes" VALUES (9, 'outsource', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.396847, 1795316479.414222, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1390405974);
INSERT INTO "nodes" VALUES (9, 'sleep', 0, 1, 90803265324447, 'flowkit:sleep', 'step', 'waiting', 0, 1, '', '', 'be9a242d7a64bbba5886d2ce34d49f5b', 1795316479.4152892, NULL, 1795320079.4157026, NULL, NULL, '{"said": {"call": "sleep(''1h'')", "at": "flowkit/tests/stores/recording.py:151", "type": "f2c2c74d312ffe1f595561639951a1b1"}}', NULL, NULL, NULL, 1688216669);
INSERT INTO "nodes" VALUES (9, 'sleep', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.4152892, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1874928647);
INSERT INTO "nodes" VALUES (10, 'measure', 0, 1, 90803251428757, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795316479.4016964, 1795316479.4018548, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "flowkit/tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 2771027719);
INSERT INTO "nodes" VALUES (10, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.4016964, 1795316479.4018734, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1772045320);
INSERT INTO "nodes" VALUES (10, 'say', 0, 1, 90803253551136, 'recorded:say', 'step', 'succeeded', 2, 1, '', '', 'afe66a6454f90eb0ff32771308ad0d78', 1795316479.40402, 1795316479.4042275, NULL, NULL, NULL, '{"said": {"call": "say(''tea'', measure)", "at": "flowkit/tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 764978182);
INSERT INTO "nodes" VALUES (10, 'say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.40402, 1795316479.404244, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3649305558);
INSERT INTO "nodes" VALUES (11, 'ask', 0, 1, 90803270751200, 'flowkit:ask', 'step', 'waiting', 0, 1, '', '', 'b7f2642992b464f92c23aa5c34a451e9', 1795316479.4210584, NULL, NULL, NULL, NULL, '{"gate": {"prompt": "order rum?", "options": ["now", "later"]}, "said": {"call": "ask(''order rum?'')", "at": "flowkit/tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 1819052589);
INSERT INTO "nodes" VALUES (11, 'ask', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795316479.4210584, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1045502676);
INSERT INTO "nodes" VALUES (11, 'print', 0, 1, 90803269624708, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'b4691de5ffbd84c7eb49a785841cd112', 1795316479.4190311, 1795316479.4192615, NULL, NULL, NULL, '{"said": {"call": "print(''rum'')", "at": "flowkit/tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'5F0BD33700E9554FC2BFF7780FE53724FED4C7AF9CF883853C3A215E3F49C735', NULL, 113102781);
INSERT INTO "nodes" VALUES (11, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.4190311, 1795316479.4192798, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1282874381);
INSERT INTO "nodes" VALUES (12, 'ask', 0, 1, 90803275798239, 'flowkit:ask', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', '742f58b2505608f21c395e21d836b44d', NULL, 1795316479.42511, NULL, NULL, NULL, '{"said": {"call": "ask(''order gin?'')", "at": "flowkit/tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 1607458631);
INSERT INTO "nodes" VALUES (12, 'measure', 0, 1, 90803275798240, 'recorded:measure', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', 'dac2f2a9285ea645722d7445e25cdcd0', NULL, 1795316479.42511, NULL, NULL, NULL, '{"said": {"call": "measure(print)", "at": "flowkit/tests/stores/recording.py:110", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 731012186);
INSERT INTO "nodes" VALUES (12, 'print', 0, 1, 90803274789722, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'ce0cb675c9a5af83fa569215edd8cae8', 1795316479.423889, 1795316479.4240367, NULL, NULL, NULL, '{"said": {"call": "print(''gin'')", "at": "flowkit/tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'731B376EDF2820642909C05AD4015CCF7522C64657668D6C396D26D843FA4FC7', NULL, 1865958251);
INSERT INTO "nodes" VALUES (12, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795316479.423889, 1795316479.4240522, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 996810075);
INSERT INTO "nodes" VALUES (12, 'say', 0, 1, 90803275798241, 'recorded:say', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', '07d8d261bb8bebc2dd48e81c7da60def', NULL, 1795316479.42511, NULL, NULL, NULL, '{"said": {"call": "say(ask.choice, measure)", "at": "flowkit/tests/stores/recording.py:110", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 3543167943);
INSERT INTO "events" VALUES (1, 1, 1795316479.2886407, 'run_started', '', '{"nodes":4}', 4078990862);
INSERT INTO "events" VALUES (1, 2, 1795316479.291359, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 2334269235);
INSERT INTO "events" VALUES (1, 3, 1795316479.2917545, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.0005950630002189428,"error":null}', 3050815422);
INSERT INTO "events" VALUES (1, 4, 1795316479.2945032, 'step_started', 'ask', '{"step":"flowkit:ask","attempt":1}', 2092892169);
INSERT INTO "events" VALUES (1, 5, 1795316479.295035, 'gate_opened', 'ask', '{"step":"flowkit:ask","prompt":"order tea?","options":["now","later"],"seconds":null}', 518300255);
INSERT INTO "events" VALUES (2, 1, 1795316479.30348, 'run_started', '', '{"nodes":5}', 1773889331);
INSERT INTO "events" VALUES (2, 2, 1795316479.3039718, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 2970206153);
INSERT INTO "events" VALUES (2, 3, 1795316479.3041918, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0004495169996516779,"error":null}', 579431218);
INSERT INTO "events" VALUES (2, 4, 1795316479.3051207, 'step_started', 'book', '{"step":"recorded:book","attempt":1}', 1975120283);
INSERT INTO "events" VALUES (2, 5, 1795316479.305871, 'step_succeeded', 'book', '{"step":"recorded:book","attempt":1,"seconds":0.0008906820003176108,"error":null}', 1718706754);
INSERT INTO "events" VALUES (2, 6, 1795316479.3065374, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 2489848075);
INSERT INTO "events" VALUES (2, 7, 1795316479.3066363, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 3774103394);
INSERT INTO "events" VALUES (3, 1, 1795316479.3113298, 'run_started', '', '{"nodes":4}', 283082143);
INSERT INTO "events" VALUES (3, 2, 1795316479.3116014, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 1448869856);
INSERT INTO "events" VALUES (3, 3, 1795316479.3117793, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0002585339971119538,"error":null}', 2150943394);
INSERT INTO "events" VALUES (3, 4, 1795316479.3126917, 'items_collected', 'pack', '{"step":"recorded:pack","count":3}', 343686747);
INSERT INTO "events" VALUES (3, 5, 1795316479.3129003, 'step_started', 'pack[0]', '{"step":"recorded:pack","attempt":1}', 1563330985);
INSERT INTO "events" VALUES (3, 6, 1795316479.313265, 'step_started', 'pack[1]', '{"step":"recorded:pack","attempt":1}', 583645012);
INSERT INTO "events" VALUES (3, 7, 1795316479.3139055, 'step_succeeded', 'pack[1]', '{"step":"recorded:pack","attempt":1,"seconds":0.000606269997661002,"error":null}', 575204838);
INSERT INTO "events" VALUES (3, 8, 1795316479.3139682, 'step_started', 'pack[2]', '{"step":"recorded:pack","attempt":1}', 2226086172);
INSERT INTO "events" VALUES (3, 9, 1795316479.314564, 'step_failed', 'pack[2]', '{"step":"recorded:pack","attempt":1,"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"handled":false,"why":""}', 1705448053);
INSERT INTO "events" VALUES (3, 10, 1795316479.3150713, 'step_blocked', 'pack', '{"step":"recorded:pack","reason":"`pack[2]` failed"}', 3744249727);
INSERT INTO "events" VALUES (3, 11, 1795316479.3153753, 'step_blocked', 'sum', '{"step":"recorded:sum","reason":"`pack` is blocked"}', 2759613213);
INSERT INTO "events" VALUES (3, 12, 1795316479.3155034, 'step_blocked', 'say', '{"step":"recorded:say","reason":"`sum` is blocked"}', 2120445161);
INSERT INTO "events" VALUES (3, 13, 1795316479.315568, 'step_abandoned', 'pack[0]', '{"step":"recorded:pack","attempt":1,"reason":"fail_fast"}', 3431579927);
INSERT INTO "events" VALUES (3, 14, 1795316479.3157275, 'step_cancelled', 'pack[0]', '{"step":"recorded:pack","reason":"the run was stopped (fail_fast: `pack[2]` failed)"}', 1807375124);
INSERT INTO "events" VALUES (3, 15, 1795316479.317032, 'run_failed', '', '{"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack[2]`, attempt 1 of run mapped, called at /srv/flowkit/tests/stores/recording.py:121"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"failed":["pack[2]"]}', 1707363219);
INSERT INTO "events" VALUES (4, 1, 1795316479.3309357, 'run_started', '', '{"nodes":5}', 1895036749);
INSERT INTO "events" VALUES (4, 2, 1795316479.3325863, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 1705672692);
INSERT INTO "events" VALUES (4, 3, 1795316479.332791, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0003361290000611916,"error":null}', 1660395822);
INSERT INTO "events" VALUES (4, 4, 1795316479.334234, 'step_started', 'book', '{"step":"recorded:book","attempt":1}', 2835238996);
INSERT INTO "events" VALUES (4, 5, 1795316479.3350186, 'step_succeeded', 'book', '{"step":"recorded:book","attempt":1,"seconds":0.0008417990029556677,"error":null}', 4152333394);
INSERT INTO "events" VALUES (4, 6, 1795316479.3357534, 'step_started', 'pack', '{"step":"recorded:pack","attempt":1}', 2187142359);
INSERT INTO "events" VALUES (4, 7, 1795316479.3363857, 'step_failed', 'pack', '{"step":"recorded:pack","attempt":1,"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"handled":false,"why":""}', 371028991);
INSERT INTO "events" VALUES (4, 8, 1795316479.3365571, 'step_blocked', 'say', '{"step":"recorded:say","reason":"`pack` failed"}', 3151458794);
INSERT INTO "events" VALUES (4, 9, 1795316479.3373017, 'step_started', 'book:unbook', '{"step":"recorded:unbook","attempt":1}', 3440355433);
INSERT INTO "events" VALUES (4, 10, 1795316479.3375707, 'step_succeeded', 'book:unbook', '{"step":"recorded:unbook","attempt":1,"seconds":0.0002424889971734956,"error":null}', 1373994699);
INSERT INTO "events" VALUES (4, 11, 1795316479.338269, 'step_compensated', 'book', '{"step":"recorded:book","by":"book:unbook"}', 3658575422);
INSERT INTO "events" VALUES (4, 12, 1795316479.3385715, 'run_failed', '', '{"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack`, attempt 1 of run failed, called at /srv/flowkit/tests/stores/recording.py:127"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"failed":["pack"]}', 134904553);
INSERT INTO "events" VALUES (5, 1, 1795316479.341671, 'run_started', '', '{"nodes":2}', 4194822336);
INSERT INTO "events" VALUES (5, 2, 1795316479.3419492, 'step_started', 'send', '{"step":"recorded:send","attempt":1}', 3645314077);
INSERT INTO "events" VALUES (5, 3, 1795316479.3423033, 'step_retrying', 'send', '{"step":"recorded:send","attempt":1,"delay":3600.0,"error":{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"},"why":"ConnectionError"}', 834643534);
INSERT INTO "events" VALUES (6, 1, 1795316479.3670166, 'run_started', '', '{"nodes":5}', 3032492160);
INSERT INTO "events" VALUES (6, 2, 1795316479.3675532, 'step_started', 'outsource', '{"step":"recorded:outsource","attempt":1}', 2672288678);
INSERT INTO "events" VALUES (6, 3, 1795316479.3818095, 'step_succeeded', 'outsource', '{"step":"recorded:outsource","attempt":1,"seconds":0.014510001987218857,"error":null}', 2824816325);
INSERT INTO "events" VALUES (6, 4, 1795316479.383149, 'step_started', 'part', '{"step":"recorded:part","attempt":1}', 2412960618);
INSERT INTO "events" VALUES (6, 5, 1795316479.383177, 'workflow_expanded', 'part', '{"step":"recorded:part","nodes":2,"turn":1}', 1227599934);
INSERT INTO "events" VALUES (6, 6, 1795316479.3834727, 'step_started', 'part/measure', '{"step":"recorded:measure","attempt":1}', 3253589930);
INSERT INTO "events" VALUES (6, 7, 1795316479.3836958, 'step_succeeded', 'part/measure', '{"step":"recorded:measure","attempt":1,"seconds":0.000706748993252404,"error":null}', 2049489353);
INSERT INTO "events" VALUES (6, 8, 1795316479.3846517, 'step_started', 'part/say', '{"step":"recorded:say","attempt":1}', 1293110331);
INSERT INTO "events" VALUES (6, 9, 1795316479.384764, 'step_succeeded', 'part/say', '{"step":"recorded:say","attempt":1,"seconds":0.0001507440028944984,"error":null}', 31839136);
INSERT INTO "events" VALUES (6, 10, 1795316479.3854609, 'step_succeeded', 'part', '{"step":"recorded:part","attempt":1,"seconds":0.0027127659996040165,"error":null}', 3478800852);
INSERT INTO "events" VALUES (6, 11, 1795316479.3856587, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 2745275619);
INSERT INTO "events" VALUES (6, 12, 1795316479.3857744, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 2199964229);
INSERT INTO "events" VALUES (7, 1, 1795316479.3697073, 'run_started', '', '{"nodes":2}', 893773551);
INSERT INTO "events" VALUES (7, 2, 1795316479.3699653, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 1422484040);
INSERT INTO "events" VALUES (7, 3, 1795316479.3701031, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.0002613280084915459,"error":null}', 3070242127);
INSERT INTO "events" VALUES (7, 4, 1795316479.3708105, 'step_started', 'say', '{"step":"recorded:say","attempt":1}', 2739505120);
INSERT INTO "events" VALUES (7, 5, 1795316479.3709512, 'step_succeeded', 'say', '{"step":"recorded:say","attempt":1,"seconds":0.00019882500055246055,"error":null}', 1137107925);
INSERT INTO "events" VALUES (7, 6, 1795316479.371518, 'run_succeeded', '', '{}', 1056655940);
INSERT INTO "events" VALUES (8, 1, 1795316479.3890066, 'run_started', '', '{"nodes":2}', 1916644746);
INSERT INTO "events" VALUES (8, 2, 1795316479.389225, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 180989706);
INSERT INTO "events" VALUES (8, 3, 1795316479.3893278, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.00016592600150033832,"error":null}', 3245707411);
INSERT INTO "events" VALUES (8, 4, 1795316479.390754, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 3191507779);
INSERT INTO "events" VALUES (8, 5, 1795316479.3909063, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 1505210962);
INSERT INTO "events" VALUES (9, 1, 1795316479.3950658, 'run_started', '', '{"nodes":3}', 1663717149);
INSERT INTO "events" VALUES (9, 2, 1795316479.3971095, 'step_started', 'outsource', '{"step":"recorded:outsource","attempt":1}', 64857571);
INSERT INTO "events" VALUES (9, 3, 1795316479.414313, 'step_succeeded', 'outsource', '{"step":"recorded:outsource","attempt":1,"seconds":0.017333034993498586,"error":null}', 3851848259);
INSERT INTO "events" VALUES (9, 4, 1795316479.415544, 'step_started', 'sleep', '{"step":"flowkit:sleep","attempt":1}', 3473038875);
INSERT INTO "events" VALUES (9, 5, 1795316479.4157617, 'timer_set', 'sleep', '{"step":"flowkit:sleep","seconds":3600.0}', 3446034126);
INSERT INTO "events" VALUES (10, 1, 1795316479.4016163, 'run_started', '', '{"nodes":2}', 697449247);
INSERT INTO "events" VALUES (10, 2, 1795316479.401792, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 1258903433);
INSERT INTO "events" VALUES (10, 3, 1795316479.4019024, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.0001582850090926513,"error":null}', 149535962);
INSERT INTO "events" VALUES (10, 4, 1795316479.4041536, 'step_started', 'say', '{"step":"recorded:say","attempt":1}', 1824102301);
INSERT INTO "events" VALUES (10, 5, 1795316479.4042768, 'step_succeeded', 'say', '{"step":"recorded:say","attempt":1,"seconds":0.00020745799702126533,"error":null}', 3598932669);
INSERT INTO "events" VALUES (10, 6, 1795316479.4089692, 'run_succeeded', '', '{}', 1463825888);
INSERT INTO "events" VALUES (11, 1, 1795316479.4189138, 'run_started', '', '{"nodes":4}', 3066003473);
INSERT INTO "events" VALUES (11, 2, 1795316479.4191658, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 3308759974);
INSERT INTO "events" VALUES (11, 3, 1795316479.4193106, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.00023036199854686856,"error":null}', 289710920);
INSERT INTO "events" VALUES (11, 4, 1795316479.4212751, 'step_started', 'ask', '{"step":"flowkit:ask","attempt":1}', 793785370);
INSERT INTO "events" VALUES (11, 5, 1795316479.4213848, 'gate_opened', 'ask', '{"step":"flowkit:ask","prompt":"order rum?","options":["now","later"],"seconds":null}', 1639067699);
INSERT INTO "events" VALUES (12, 1, 1795316479.423761, 'run_started', '', '{"nodes":4}', 587734566);
INSERT INTO "events" VALUES (12, 2, 1795316479.4239542, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 1217887118);
INSERT INTO "events" VALUES (12, 3, 1795316479.424081, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.00014796899631619453,"error":null}', 2587179446);
INSERT INTO "events" VALUES (12, 4, 1795316479.4253287, 'step_cancelled', 'ask', '{"step":"flowkit:ask","reason":"the run was stopped (user: enough)"}', 106518719);
INSERT INTO "events" VALUES (12, 5, 1795316479.4257762, 'step_cancelled', 'measure', '{"step":"recorded:measure","reason":"the run was stopped (user: enough)"}', 1542936972);
INSERT INTO "events" VALUES (12, 6, 1795316479.4260337, 'step_cancelled', 'say', '{"step":"recorded:say","reason":"the run was stopped (user: enough)"}', 624902611);
INSERT INTO "events" VALUES (12, 7, 1795316479.4261227, 'run_cancelled', '', '{"reason":"user","detail":"enough"}', 1791208635);
INSERT INTO "messages" VALUES (1, 12, 'cancel', '', '{"reason": "user", "detail": "enough"}', 1795316479.4238505, NULL, 1, 2869924504);
-- file 5f/5f0bd33700e9554fc2bff7780fe53724fed4c7af9cf883853c3a215e3f49c735 eNrtwjENAAAIAzAv88dDMv/I4GnTbEdVVVVVVVVVVVVVVd/nABNmwfE=
-- file 73/731b376edf2820642909c05ad4015ccf7522c64657668d6c396d26d843fa4fc7 eNrtwjENAAAIAzAvM0d45v9EBk+bZraqqqqqqqqqqqqqqvo+B9fkaiI=
-- file b2/b294dd12bc8be97ff5e0071efddf426565d715ee12c7276c62383cb6860d3374 eNrtwjENAAAIAzAvc8aBg/kPMnjaNN1RVVVVVVVVVVVVVdX3OeKcK6I=
