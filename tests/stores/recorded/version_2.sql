PRAGMA application_id = 1718381428;
PRAGMA user_version = 2;
CREATE TABLE owners (
  owner TEXT PRIMARY KEY NOT NULL,
  renewed REAL,
  ttl REAL
, file INTEGER) STRICT, WITHOUT ROWID;
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
, in_vain INTEGER NOT NULL DEFAULT 0) STRICT;
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
INSERT INTO "owners" VALUES ('ebe40465d10f6dd4', 15972.50339035, 30.0, 2189545);
INSERT INTO "runs" VALUES (1, 'asked', 'recorded:asked', '6cc6dd54454396035e869ffb2bf2a0c4', 1795338162.5053396, '', '', 'waiting', 1795338162.5311155, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 842638033, 1292363178, '{"item":"tea"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (2, 'signalled', 'recorded:signalled', 'f0b18f8a8731b7bffc55493376ea885e', 1795338162.5346334, '', '', 'waiting', 1795338162.5514877, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 704067358, 2051141853, '{"item":"tea"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (3, 'mapped', 'recorded:mapped', 'f21f95b93b99e2988456414dd7641355', 1795338162.558298, '', '', 'failed', 1795338162.569142, 1795338162.569142, '', 'ebe40465d10f6dd4', 1, 0, 0, '', 2986204844, 1214280212, '{"item":"tea"}', NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack[2]`, attempt 1 of run mapped, called at /srv/flowkit/tests/stores/recording.py:121"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 0);
INSERT INTO "runs" VALUES (4, 'failed', 'recorded:failed', 'fa6d99d84b7a31652e2aaccd2f110d60', 1795338162.5749712, '', '', 'failed', 1795338162.5947576, 1795338162.5947576, '', 'ebe40465d10f6dd4', 1, 0, 0, '', 41076881, 2891536593, '{"item":"tea"}', NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack`, attempt 1 of run failed, called at /srv/flowkit/tests/stores/recording.py:127"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 0);
INSERT INTO "runs" VALUES (5, 'retried', 'recorded:retried', '08772b1d3de3ddfe09754d394ec997ba', 1795338162.5972395, '', '', 'running', 1795338162.5972395, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 1012845170, 1899916485, '{"item":"tea"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (6, 'called', 'recorded:called', '4b0f6879162ce0b50d531be3b7f62d5e', 1795338162.6254463, '', '', 'waiting', 1795338162.6665204, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 4061536938, 3279712617, '{"item":"tea"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (7, 'called/outsource/part', 'recorded:part', '114723b1a790a6fdc70fba12dfee1b7d', 1795338162.6299996, 'called', '', 'succeeded', 1795338162.6451252, 1795338162.6451252, '', 'ebe40465d10f6dd4', 1, 0, 0, '', 2488296281, 2823969155, '{"item":"tea"}', NULL, '"tea: 3"', NULL, NULL, 0);
INSERT INTO "runs" VALUES (8, 'asking', 'recorded:asking', 'ee6e37d3552f929fd84f28d149e8ce0a', 1795338162.6692834, '', '', 'waiting', 1795338162.6790667, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 196492712, 658078168, '{"item":"tea"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (9, 'slept', 'recorded:slept', 'b2cb43dbc10f3eccbca3452fbfb924d8', 1795338162.6830442, '', '', 'waiting', 1795338162.7083297, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 2959140651, 696650003, '{"item":"tea"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (10, 'slept/outsource/part', 'recorded:part', '114723b1a790a6fdc70fba12dfee1b7d', 1795338162.6869826, 'slept', '', 'succeeded', 1795338162.7034812, 1795338162.7034812, '', 'ebe40465d10f6dd4', 1, 0, 0, '', 1852637786, 3013417418, '{"item":"tea"}', NULL, '"tea: 3"', NULL, NULL, 0);
INSERT INTO "runs" VALUES (11, 'lost', 'recorded:asked', 'a2970e9674b287d257ff5c156d5f95c7', 1795338162.7236862, '', '', 'waiting', 1795338162.738439, NULL, 'ebe40465d10f6dd4', 'ebe40465d10f6dd4', 1, 0, 0, '', 1187690574, 4199970555, '{"item":"rum"}', NULL, NULL, NULL, NULL, 0);
INSERT INTO "runs" VALUES (12, 'ended', 'recorded:asked', '15a48c523801ad68f24627e3f083673d', 1795338162.7431421, '', '', 'cancelled', 1795338162.7666562, 1795338162.7666562, '', 'ebe40465d10f6dd4', 1, 0, 0, '', 843729133, 1647187212, '{"item":"gin"}', NULL, NULL, NULL, '{"module":"flowkit","name":"RunCancelled","text":"cancelled on request: enough","args":[{"$type":"CancelReason","$value":"USER"},"enough"],"attributes":{"reason":{"$type":"CancelReason","$value":"USER"},"detail":"enough"}}', 0);
INSERT INTO "nodes" VALUES (1, 'ask', 0, 1, 15972525669196, 'flowkit:ask', 'step', 'waiting', 0, 1, '', '', '80cb8e60131c7b35099bf7dcb4a5a0d7', 1795338162.530129, NULL, NULL, NULL, NULL, '{"gate": {"prompt": "order tea?", "options": ["now", "later"]}, "said": {"call": "ask(''order tea?'')", "at": "tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 1764806796);
INSERT INTO "nodes" VALUES (1, 'ask', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.530129, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2274825583);
INSERT INTO "nodes" VALUES (1, 'print', 0, 1, 15972520285122, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'fe0d26c371d8852a8c77f126fa99b95d', 1795338162.5187993, 1795338162.519431, NULL, NULL, NULL, '{"said": {"call": "print(''tea'')", "at": "tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'B294DD12BC8BE97FF5E0071EFDDF426565D715EE12C7276C62383CB6860D3374', NULL, 1715649439);
INSERT INTO "nodes" VALUES (1, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.5187993, 1795338162.519481, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1056617995);
INSERT INTO "nodes" VALUES (2, 'book', 0, 1, 15972535855217, 'recorded:book', 'step', 'succeeded', 2, 1, '', '', 'fd8f28c3eefc92b30f56e95336897198', 1795338162.5409868, 1795338162.5498703, NULL, NULL, NULL, '{"said": {"call": "book(order)", "at": "tests/stores/recording.py:115", "type": "e1ad9f7c8325f998e855f02fa8326b5c", "effect": true}}', '"booked tea"', NULL, NULL, 1224834698);
INSERT INTO "nodes" VALUES (2, 'book', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.5409868, 1795338162.5499332, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3130827244);
INSERT INTO "nodes" VALUES (2, 'order', 0, 1, 15972533246734, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', 'b3bad07a83e0564290b348342c4fd09a', 1795338162.5381742, 1795338162.5385716, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 2)", "at": "tests/stores/recording.py:115", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":2,"day":"2026-03-01"}', NULL, NULL, 3420167506);
INSERT INTO "nodes" VALUES (2, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.5381742, 1795338162.538609, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3394961836);
INSERT INTO "nodes" VALUES (2, 'paid', 0, 1, 15972546012454, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795338162.5509057, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "tests/stores/recording.py:116", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 4232783023);
INSERT INTO "nodes" VALUES (2, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.5509057, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4121455161);
INSERT INTO "nodes" VALUES (3, 'order', 0, 1, 15972556970766, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', 'b3bad07a83e0564290b348342c4fd09a', 1795338162.5617597, 1795338162.5622473, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 2)", "at": "tests/stores/recording.py:121", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":2,"day":"2026-03-01"}', NULL, NULL, 3680577648);
INSERT INTO "nodes" VALUES (3, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.5617597, 1795338162.5622878, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1014468595);
INSERT INTO "nodes" VALUES (3, 'pack', 0, 1, 15972562502902, 'recorded:pack', 'map', 'blocked', 0, 0, '`pack[2]` failed', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9', NULL, 1795338162.5660846, NULL, NULL, NULL, '{"cause": "pack[2]", "said": {"call": "pack.map(unmapped(order), [1, 2, 3])", "at": "tests/stores/recording.py:121", "type": "1177fd2311b75415d11e5d1b84ebb320"}, "items": 3}', NULL, NULL, NULL, 2543454280);
INSERT INTO "nodes" VALUES (3, 'pack[0]', 0, 1, 15972562502903, 'recorded:pack', 'item', 'cancelled', 0, 1, 'the run was stopped (fail_fast: `pack[2]` failed)', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:db60e8dea5de7a9ed483a7984e2ff319', 1795338162.563206, 1795338162.5674088, NULL, NULL, NULL, '{"cause": "pack[2]"}', NULL, NULL, NULL, 3482799659);
INSERT INTO "nodes" VALUES (3, 'pack[0]', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.563206, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2894699400);
INSERT INTO "nodes" VALUES (3, 'pack[1]', 0, 1, 15972562502904, 'recorded:pack', 'item', 'succeeded', 2, 1, '', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:729cdd0661f5a50936c6815f40ec47b9', 1795338162.5641627, 1795338162.5658476, NULL, NULL, NULL, '{}', '4', NULL, NULL, 3436172206);
INSERT INTO "nodes" VALUES (3, 'pack[1]', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.5641627, 1795338162.565886, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2998158721);
INSERT INTO "nodes" VALUES (3, 'pack[2]', 0, 1, 15972562502905, 'recorded:pack', 'item', 'failed', 3, 1, '', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:6a77a49d75aeec6cbe5a0d9858e2ed5a', 1795338162.5658476, 1795338162.5660846, NULL, NULL, NULL, '{"handled": false}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2126904236);
INSERT INTO "nodes" VALUES (3, 'pack[2]', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, '', NULL, 1795338162.5658476, 1795338162.5661995, NULL, NULL, NULL, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2017721605);
INSERT INTO "nodes" VALUES (3, 'say', 0, 1, 15972562502907, 'recorded:say', 'step', 'blocked', 0, 0, '`sum` is blocked', '', '76b6d19e67a3ca89be833eae56e092af', NULL, 1795338162.5660846, NULL, NULL, NULL, '{"cause": "sum", "said": {"call": "say(''tea'', sum)", "at": "tests/stores/recording.py:121", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 3123597031);
INSERT INTO "nodes" VALUES (3, 'sum', 0, 1, 15972562502906, 'recorded:sum', 'step', 'blocked', 0, 0, '`pack` is blocked', '', '3565d2509700d9c7fb77018a5bd57cb8', NULL, 1795338162.5660846, NULL, NULL, NULL, '{"cause": "pack", "said": {"call": "sum(pack)", "at": "tests/stores/recording.py:121", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 3700033508);
INSERT INTO "nodes" VALUES (4, 'book', 0, 1, 15972572446525, 'recorded:book', 'step', 'succeeded', 2, 1, '', '', 'fd8f28c3eefc92b30f56e95336897198', 1795338162.577548, 1795338162.5787168, NULL, NULL, NULL, '{"said": {"call": "book(order)", "at": "tests/stores/recording.py:127", "type": "e1ad9f7c8325f998e855f02fa8326b5c", "effect": true}}', '"booked tea"', NULL, NULL, 1952574275);
INSERT INTO "nodes" VALUES (4, 'book', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.577548, 1795338162.5787542, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2547127341);
INSERT INTO "nodes" VALUES (4, 'book:unbook', 0, 1, 15972587865905, 'recorded:unbook', 'step', 'succeeded', 4, 1, '', '', '', 1795338162.592877, 1795338162.593141, NULL, NULL, NULL, '{"cleans_up": true, "undoes": "book"}', 'null', NULL, NULL, 2002466844);
INSERT INTO "nodes" VALUES (4, 'book:unbook', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.592877, 1795338162.593159, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3981614690);
INSERT INTO "nodes" VALUES (4, 'order', 0, 1, 15972571235358, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', '6810788887a9625dd3b8723591e09082', 1795338162.576073, 1795338162.5764747, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 1)", "at": "tests/stores/recording.py:126", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":1,"day":"2026-03-01"}', NULL, NULL, 2595980133);
INSERT INTO "nodes" VALUES (4, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.576073, 1795338162.5765057, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1111528446);
INSERT INTO "nodes" VALUES (4, 'pack', 0, 1, 15972578440890, 'recorded:pack', 'step', 'failed', 3, 1, '', '', 'f9919928359279cfe3efb9c35ddc03be', 1795338162.5826325, 1795338162.5829515, NULL, NULL, NULL, '{"handled": false, "said": {"call": "pack(order, 3)", "at": "tests/stores/recording.py:127", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 1641574309);
INSERT INTO "nodes" VALUES (4, 'pack', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, '', NULL, 1795338162.5826325, 1795338162.5831053, NULL, NULL, NULL, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2891830330);
INSERT INTO "nodes" VALUES (4, 'say', 0, 1, 15972578440891, 'recorded:say', 'step', 'blocked', 0, 0, '`pack` failed', '', 'e7d4cca771ba4598de85fbcdf9ea77ea', NULL, 1795338162.5829515, NULL, NULL, NULL, '{"cause": "pack", "said": {"call": "say(book, pack)", "at": "tests/stores/recording.py:127", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 1666287239);
INSERT INTO "nodes" VALUES (5, 'send', 0, 1, 15972617214235, 'recorded:send', 'step', 'retrying', 0, 1, '', '', '417b75b19354e1a8769e010f18399e2c', 1795338162.6057725, NULL, 1795341762.6062794, NULL, NULL, '{"said": {"call": "send(''tea'')", "at": "tests/stores/recording.py:132", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"}', 3328990942);
INSERT INTO "nodes" VALUES (5, 'send', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, 'ConnectionError', NULL, 1795338162.6057725, 1795338162.6062794, NULL, NULL, 3600.0, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"}', 192786614);
INSERT INTO "nodes" VALUES (6, 'outsource', 0, 1, 15972636366536, 'recorded:outsource', 'step', 'succeeded', 1, 1, '', '', '56abf5bc1a2ceb49917fa482d8ad42dd', 1795338162.626864, 1795338162.6466858, NULL, NULL, NULL, '{"said": {"call": "outsource(''tea'')", "at": "tests/stores/recording.py:137", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 4254040486);
INSERT INTO "nodes" VALUES (6, 'outsource', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.626864, 1795338162.646722, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1124443549);
INSERT INTO "nodes" VALUES (6, 'paid', 0, 1, 15972661414099, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795338162.6662235, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "tests/stores/recording.py:138", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 1236616719);
INSERT INTO "nodes" VALUES (6, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.6662235, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 872454746);
INSERT INTO "nodes" VALUES (6, 'part', 0, 1, 15972649100613, 'recorded:part', 'call', 'succeeded', 0, 1, '', '', '3cbece15f8cdb0bfd15e5b6898ca14d6', 1795338162.6500432, 1795338162.66594, NULL, NULL, NULL, '{"said": {"call": "part(outsource)", "at": "tests/stores/recording.py:138"}, "gives": "641f2b0cd912461b78b30e041ad48172"}', NULL, NULL, NULL, 3710513753);
INSERT INTO "nodes" VALUES (6, 'part/measure', 0, 1, 15972649100614, 'recorded:measure', 'step', 'succeeded', 2, 1, '', '', '4dbbf09951d9b1d42eaf04ae167a3247', 1795338162.6537595, 1795338162.6544502, NULL, NULL, NULL, '{"said": {"call": "measure(''tea: 3'')", "at": "tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '6', NULL, NULL, 2134212278);
INSERT INTO "nodes" VALUES (6, 'part/measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.6537595, 1795338162.6544688, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3879729631);
INSERT INTO "nodes" VALUES (6, 'part/say', 0, 1, 15972657376914, 'recorded:say', 'step', 'succeeded', 3, 1, '', '', '01a2dfa4ee01974f98b6c518c191143a', 1795338162.6624107, 1795338162.6626477, NULL, NULL, NULL, '{"said": {"call": "say(''tea: 3'', measure)", "at": "tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3: 6"', NULL, NULL, 1701576629);
INSERT INTO "nodes" VALUES (6, 'part/say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.6624107, 1795338162.6626678, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2762515996);
INSERT INTO "nodes" VALUES (7, 'measure', 0, 1, 15972628119524, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795338162.6324854, 1795338162.6327293, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 2167993151);
INSERT INTO "nodes" VALUES (7, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.6324854, 1795338162.6327481, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2726340291);
INSERT INTO "nodes" VALUES (7, 'say', 0, 1, 15972636366537, 'recorded:say', 'step', 'succeeded', 2, 1, '', '', 'afe66a6454f90eb0ff32771308ad0d78', 1795338162.637965, 1795338162.6382113, NULL, NULL, NULL, '{"said": {"call": "say(''tea'', measure)", "at": "tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 824622549);
INSERT INTO "nodes" VALUES (7, 'say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.637965, 1795338162.6382306, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3126973145);
INSERT INTO "nodes" VALUES (8, 'measure', 0, 1, 15972665736874, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795338162.6708438, 1795338162.6710603, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "tests/stores/recording.py:143", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 3182348391);
INSERT INTO "nodes" VALUES (8, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.6708438, 1795338162.6710794, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2472083677);
INSERT INTO "nodes" VALUES (8, 'paid', 0, 1, 15972673602942, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795338162.678696, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "tests/stores/recording.py:144", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 74039340);
INSERT INTO "nodes" VALUES (8, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.678696, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 347645117);
INSERT INTO "nodes" VALUES (9, 'outsource', 0, 1, 15972691687028, 'recorded:outsource', 'step', 'succeeded', 1, 1, '', '', '56abf5bc1a2ceb49917fa482d8ad42dd', 1795338162.6848004, 1795338162.706413, NULL, NULL, NULL, '{"said": {"call": "outsource(''tea'')", "at": "tests/stores/recording.py:150", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 3642550015);
INSERT INTO "nodes" VALUES (9, 'outsource', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.6848004, 1795338162.7064722, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 872891924);
INSERT INTO "nodes" VALUES (9, 'sleep', 0, 1, 15972702873597, 'flowkit:sleep', 'step', 'waiting', 0, 1, '', '', 'be9a242d7a64bbba5886d2ce34d49f5b', 1795338162.70756, NULL, 1795341762.708059, NULL, NULL, '{"said": {"call": "sleep(''1h'')", "at": "tests/stores/recording.py:151", "type": "f2c2c74d312ffe1f595561639951a1b1"}}', NULL, NULL, NULL, 2807553953);
INSERT INTO "nodes" VALUES (9, 'sleep', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.70756, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 442692211);
INSERT INTO "nodes" VALUES (10, 'measure', 0, 1, 15972689108435, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795338162.6941676, 1795338162.6943367, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 2069026731);
INSERT INTO "nodes" VALUES (10, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.6941676, 1795338162.694355, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 513327567);
INSERT INTO "nodes" VALUES (10, 'say', 0, 1, 15972691687029, 'recorded:say', 'step', 'succeeded', 2, 1, '', '', 'afe66a6454f90eb0ff32771308ad0d78', 1795338162.696754, 1795338162.696963, NULL, NULL, NULL, '{"said": {"call": "say(''tea'', measure)", "at": "tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 830165371);
INSERT INTO "nodes" VALUES (10, 'say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.696754, 1795338162.696981, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3711889210);
INSERT INTO "nodes" VALUES (11, 'ask', 0, 1, 15972732998416, 'flowkit:ask', 'step', 'waiting', 0, 1, '', '', 'b7f2642992b464f92c23aa5c34a451e9', 1795338162.737966, NULL, NULL, NULL, NULL, '{"gate": {"prompt": "order rum?", "options": ["now", "later"]}, "said": {"call": "ask(''order rum?'')", "at": "tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 905919760);
INSERT INTO "nodes" VALUES (11, 'ask', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795338162.737966, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2755797274);
INSERT INTO "nodes" VALUES (11, 'print', 0, 1, 15972724199205, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'b4691de5ffbd84c7eb49a785841cd112', 1795338162.7263114, 1795338162.726526, NULL, NULL, NULL, '{"said": {"call": "print(''rum'')", "at": "tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'5F0BD33700E9554FC2BFF7780FE53724FED4C7AF9CF883853C3A215E3F49C735', NULL, 1733502944);
INSERT INTO "nodes" VALUES (11, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.7263114, 1795338162.7265456, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4277238453);
INSERT INTO "nodes" VALUES (12, 'ask', 0, 1, 15972761444795, 'flowkit:ask', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', '742f58b2505608f21c395e21d836b44d', NULL, 1795338162.7479234, NULL, NULL, NULL, '{"said": {"call": "ask(''order gin?'')", "at": "tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 3684590970);
INSERT INTO "nodes" VALUES (12, 'measure', 0, 1, 15972761444796, 'recorded:measure', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', 'dac2f2a9285ea645722d7445e25cdcd0', NULL, 1795338162.7479234, NULL, NULL, NULL, '{"said": {"call": "measure(print)", "at": "tests/stores/recording.py:110", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 890502290);
INSERT INTO "nodes" VALUES (12, 'print', 0, 1, 15972752277580, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'ce0cb675c9a5af83fa569215edd8cae8', 1795338162.74626, 1795338162.7466238, NULL, NULL, NULL, '{"said": {"call": "print(''gin'')", "at": "tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'731B376EDF2820642909C05AD4015CCF7522C64657668D6C396D26D843FA4FC7', NULL, 1268439223);
INSERT INTO "nodes" VALUES (12, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795338162.74626, 1795338162.746647, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1692391174);
INSERT INTO "nodes" VALUES (12, 'say', 0, 1, 15972761444797, 'recorded:say', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', '07d8d261bb8bebc2dd48e81c7da60def', NULL, 1795338162.7479234, NULL, NULL, NULL, '{"said": {"call": "say(ask.choice, measure)", "at": "tests/stores/recording.py:110", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 2185430100);
INSERT INTO "events" VALUES (1, 1, 1795338162.51809, 'run_started', '', '{"nodes":4}', 1119006006);
INSERT INTO "events" VALUES (1, 2, 1795338162.5191104, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 1493525075);
INSERT INTO "events" VALUES (1, 3, 1795338162.5195572, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.0006317320003290661,"error":null}', 1390449586);
INSERT INTO "events" VALUES (1, 4, 1795338162.5305483, 'step_started', 'ask', '{"step":"flowkit:ask","attempt":1}', 1240404606);
INSERT INTO "events" VALUES (1, 5, 1795338162.530809, 'gate_opened', 'ask', '{"step":"flowkit:ask","prompt":"order tea?","options":["now","later"],"seconds":null}', 2820384137);
INSERT INTO "events" VALUES (2, 1, 1795338162.538031, 'run_started', '', '{"nodes":5}', 3120369628);
INSERT INTO "events" VALUES (2, 2, 1795338162.5384567, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 140886288);
INSERT INTO "events" VALUES (2, 3, 1795338162.5386565, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0003974840001319535,"error":null}', 3695615703);
INSERT INTO "events" VALUES (2, 4, 1795338162.5412402, 'step_started', 'book', '{"step":"recorded:book","attempt":1}', 547865645);
INSERT INTO "events" VALUES (2, 5, 1795338162.5500376, 'step_succeeded', 'book', '{"step":"recorded:book","attempt":1,"seconds":0.008883415999662247,"error":null}', 3750432300);
INSERT INTO "events" VALUES (2, 6, 1795338162.5511527, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 2466447689);
INSERT INTO "events" VALUES (2, 7, 1795338162.5513022, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 2567718975);
INSERT INTO "events" VALUES (3, 1, 1795338162.5593793, 'run_started', '', '{"nodes":4}', 3899755473);
INSERT INTO "events" VALUES (3, 2, 1795338162.562044, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 782532929);
INSERT INTO "events" VALUES (3, 3, 1795338162.562336, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0004875780014117481,"error":null}', 2649673787);
INSERT INTO "events" VALUES (3, 4, 1795338162.5635, 'items_collected', 'pack', '{"step":"recorded:pack","count":3}', 100397137);
INSERT INTO "events" VALUES (3, 5, 1795338162.5637195, 'step_started', 'pack[0]', '{"step":"recorded:pack","attempt":1}', 2470512797);
INSERT INTO "events" VALUES (3, 6, 1795338162.5642407, 'step_started', 'pack[1]', '{"step":"recorded:pack","attempt":1}', 1324198154);
INSERT INTO "events" VALUES (3, 7, 1795338162.565956, 'step_succeeded', 'pack[1]', '{"step":"recorded:pack","attempt":1,"seconds":0.001684894001300563,"error":null}', 2596686549);
INSERT INTO "events" VALUES (3, 8, 1795338162.5660257, 'step_started', 'pack[2]', '{"step":"recorded:pack","attempt":1}', 3245008414);
INSERT INTO "events" VALUES (3, 9, 1795338162.5668247, 'step_failed', 'pack[2]', '{"step":"recorded:pack","attempt":1,"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"handled":false,"why":""}', 3480793637);
INSERT INTO "events" VALUES (3, 10, 1795338162.5671089, 'step_blocked', 'pack', '{"step":"recorded:pack","reason":"`pack[2]` failed"}', 894809293);
INSERT INTO "events" VALUES (3, 11, 1795338162.5673287, 'step_blocked', 'sum', '{"step":"recorded:sum","reason":"`pack` is blocked"}', 2730019405);
INSERT INTO "events" VALUES (3, 12, 1795338162.5673969, 'step_blocked', 'say', '{"step":"recorded:say","reason":"`sum` is blocked"}', 1383009012);
INSERT INTO "events" VALUES (3, 13, 1795338162.5674574, 'step_abandoned', 'pack[0]', '{"step":"recorded:pack","attempt":1,"reason":"fail_fast"}', 3610981484);
INSERT INTO "events" VALUES (3, 14, 1795338162.56757, 'step_cancelled', 'pack[0]', '{"step":"recorded:pack","reason":"the run was stopped (fail_fast: `pack[2]` failed)"}', 3229005393);
INSERT INTO "events" VALUES (3, 15, 1795338162.5687706, 'run_failed', '', '{"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack[2]`, attempt 1 of run mapped, called at /srv/flowkit/tests/stores/recording.py:121"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"failed":["pack[2]"]}', 951806679);
INSERT INTO "events" VALUES (4, 1, 1795338162.5758605, 'run_started', '', '{"nodes":5}', 3356589782);
INSERT INTO "events" VALUES (4, 2, 1795338162.5763283, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 978936270);
INSERT INTO "events" VALUES (4, 3, 1795338162.5765574, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0004017999999632593,"error":null}', 4091684433);
INSERT INTO "events" VALUES (4, 4, 1795338162.5778432, 'step_started', 'book', '{"step":"recorded:book","attempt":1}', 2119135717);
INSERT INTO "events" VALUES (4, 5, 1795338162.578823, 'step_succeeded', 'book', '{"step":"recorded:book","attempt":1,"seconds":0.0011686540001392132,"error":null}', 2165020491);
INSERT INTO "events" VALUES (4, 6, 1795338162.5828469, 'step_started', 'pack', '{"step":"recorded:pack","attempt":1}', 3675222330);
INSERT INTO "events" VALUES (4, 7, 1795338162.5835724, 'step_failed', 'pack', '{"step":"recorded:pack","attempt":1,"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"handled":false,"why":""}', 2173003880);
INSERT INTO "events" VALUES (4, 8, 1795338162.5838516, 'step_blocked', 'say', '{"step":"recorded:say","reason":"`pack` failed"}', 2319970568);
INSERT INTO "events" VALUES (4, 9, 1795338162.5929646, 'step_started', 'book:unbook', '{"step":"recorded:unbook","attempt":1}', 1389823693);
INSERT INTO "events" VALUES (4, 10, 1795338162.5931947, 'step_succeeded', 'book:unbook', '{"step":"recorded:unbook","attempt":1,"seconds":0.0002641549999680137,"error":null}', 3927996618);
INSERT INTO "events" VALUES (4, 11, 1795338162.5939453, 'step_compensated', 'book', '{"step":"recorded:book","by":"book:unbook"}', 2021916633);
INSERT INTO "events" VALUES (4, 12, 1795338162.5944018, 'run_failed', '', '{"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack`, attempt 1 of run failed, called at /srv/flowkit/tests/stores/recording.py:127"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"failed":["pack"]}', 2684024749);
INSERT INTO "events" VALUES (5, 1, 1795338162.6023667, 'run_started', '', '{"nodes":2}', 2819967866);
INSERT INTO "events" VALUES (5, 2, 1795338162.6060963, 'step_started', 'send', '{"step":"recorded:send","attempt":1}', 1223411826);
INSERT INTO "events" VALUES (5, 3, 1795338162.6066144, 'step_retrying', 'send', '{"step":"recorded:send","attempt":1,"delay":3600.0,"error":{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"},"why":"ConnectionError"}', 1993325819);
INSERT INTO "events" VALUES (6, 1, 1795338162.626653, 'run_started', '', '{"nodes":5}', 3687493787);
INSERT INTO "events" VALUES (6, 2, 1795338162.627439, 'step_started', 'outsource', '{"step":"recorded:outsource","attempt":1}', 2024062922);
INSERT INTO "events" VALUES (6, 3, 1795338162.6468046, 'step_succeeded', 'outsource', '{"step":"recorded:outsource","attempt":1,"seconds":0.019821759000478778,"error":null}', 3155103643);
INSERT INTO "events" VALUES (6, 4, 1795338162.6540956, 'step_started', 'part', '{"step":"recorded:part","attempt":1}', 787398117);
INSERT INTO "events" VALUES (6, 5, 1795338162.6541286, 'workflow_expanded', 'part', '{"step":"recorded:part","nodes":2,"turn":1}', 1683431602);
INSERT INTO "events" VALUES (6, 6, 1795338162.6543772, 'step_started', 'part/measure', '{"step":"recorded:measure","attempt":1}', 2816578856);
INSERT INTO "events" VALUES (6, 7, 1795338162.6544983, 'step_succeeded', 'part/measure', '{"step":"recorded:measure","attempt":1,"seconds":0.000690609998855507,"error":null}', 1924042957);
INSERT INTO "events" VALUES (6, 8, 1795338162.662548, 'step_started', 'part/say', '{"step":"recorded:say","attempt":1}', 2461472143);
INSERT INTO "events" VALUES (6, 9, 1795338162.6626985, 'step_succeeded', 'part/say', '{"step":"recorded:say","attempt":1,"seconds":0.00023679300102230627,"error":null}', 1927754288);
INSERT INTO "events" VALUES (6, 10, 1795338162.66612, 'step_succeeded', 'part', '{"step":"recorded:part","attempt":1,"seconds":0.015896662000159267,"error":null}', 1227307497);
INSERT INTO "events" VALUES (6, 11, 1795338162.666394, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 1781130483);
INSERT INTO "events" VALUES (6, 12, 1795338162.6664925, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 1490541367);
INSERT INTO "events" VALUES (7, 1, 1795338162.6323943, 'run_started', '', '{"nodes":2}', 1960730995);
INSERT INTO "events" VALUES (7, 2, 1795338162.6326716, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 4215892665);
INSERT INTO "events" VALUES (7, 3, 1795338162.632776, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.00024386400036746636,"error":null}', 2243906413);
INSERT INTO "events" VALUES (7, 4, 1795338162.6381307, 'step_started', 'say', '{"step":"recorded:say","attempt":1}', 489893808);
INSERT INTO "events" VALUES (7, 5, 1795338162.6382604, 'step_succeeded', 'say', '{"step":"recorded:say","attempt":1,"seconds":0.0002463669989083428,"error":null}', 3946326586);
INSERT INTO "events" VALUES (7, 6, 1795338162.6449044, 'run_succeeded', '', '{}', 1073984669);
INSERT INTO "events" VALUES (8, 1, 1795338162.6706896, 'run_started', '', '{"nodes":2}', 840409767);
INSERT INTO "events" VALUES (8, 2, 1795338162.670982, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 3688868461);
INSERT INTO "events" VALUES (8, 3, 1795338162.6711006, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.00021633300093526486,"error":null}', 1245103647);
INSERT INTO "events" VALUES (8, 4, 1795338162.6789248, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 690934011);
INSERT INTO "events" VALUES (8, 5, 1795338162.6790457, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 3428156798);
INSERT INTO "events" VALUES (9, 1, 1795338162.684569, 'run_started', '', '{"nodes":3}', 2728778137);
INSERT INTO "events" VALUES (9, 2, 1795338162.6850727, 'step_started', 'outsource', '{"step":"recorded:outsource","attempt":1}', 1644912706);
INSERT INTO "events" VALUES (9, 3, 1795338162.706559, 'step_succeeded', 'outsource', '{"step":"recorded:outsource","attempt":1,"seconds":0.021612521000861307,"error":null}', 1452325005);
INSERT INTO "events" VALUES (9, 4, 1795338162.7079191, 'step_started', 'sleep', '{"step":"flowkit:sleep","attempt":1}', 2769082627);
INSERT INTO "events" VALUES (9, 5, 1795338162.7080863, 'timer_set', 'sleep', '{"step":"flowkit:sleep","seconds":3600.0}', 892818674);
INSERT INTO "events" VALUES (10, 1, 1795338162.6940672, 'run_started', '', '{"nodes":2}', 1405816206);
INSERT INTO "events" VALUES (10, 2, 1795338162.6942685, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 1498156894);
INSERT INTO "events" VALUES (10, 3, 1795338162.6943846, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.00016892199892026838,"error":null}', 2368060966);
INSERT INTO "events" VALUES (10, 4, 1795338162.6968837, 'step_started', 'say', '{"step":"recorded:say","attempt":1}', 3045345081);
INSERT INTO "events" VALUES (10, 5, 1795338162.6970098, 'step_succeeded', 'say', '{"step":"recorded:say","attempt":1,"seconds":0.0002090720008709468,"error":null}', 4068644521);
INSERT INTO "events" VALUES (10, 6, 1795338162.7033195, 'run_succeeded', '', '{}', 1789270690);
INSERT INTO "events" VALUES (11, 1, 1795338162.726078, 'run_started', '', '{"nodes":4}', 2015325612);
INSERT INTO "events" VALUES (11, 2, 1795338162.7264261, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 1763847576);
INSERT INTO "events" VALUES (11, 3, 1795338162.7265747, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.00021457999901031144,"error":null}', 41432149);
INSERT INTO "events" VALUES (11, 4, 1795338162.7382562, 'step_started', 'ask', '{"step":"flowkit:ask","attempt":1}', 456505366);
INSERT INTO "events" VALUES (11, 5, 1795338162.7383926, 'gate_opened', 'ask', '{"step":"flowkit:ask","prompt":"order rum?","options":["now","later"],"seconds":null}', 1079060049);
INSERT INTO "events" VALUES (12, 1, 1795338162.7460337, 'run_started', '', '{"nodes":4}', 1306481393);
INSERT INTO "events" VALUES (12, 2, 1795338162.746484, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 1801400304);
INSERT INTO "events" VALUES (12, 3, 1795338162.7466798, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.0003639130009105429,"error":null}', 1650194121);
INSERT INTO "events" VALUES (12, 4, 1795338162.7482526, 'step_cancelled', 'ask', '{"step":"flowkit:ask","reason":"the run was stopped (user: enough)"}', 723310741);
INSERT INTO "events" VALUES (12, 5, 1795338162.7483826, 'step_cancelled', 'measure', '{"step":"recorded:measure","reason":"the run was stopped (user: enough)"}', 2921162423);
INSERT INTO "events" VALUES (12, 6, 1795338162.7484355, 'step_cancelled', 'say', '{"step":"recorded:say","reason":"the run was stopped (user: enough)"}', 331719890);
INSERT INTO "events" VALUES (12, 7, 1795338162.7661514, 'run_cancelled', '', '{"reason":"user","detail":"enough"}', 17202447);
INSERT INTO "messages" VALUES (1, 12, 'cancel', '', '{"reason": "user", "detail": "enough"}', 1795338162.7461383, NULL, 1, 2214075344);
-- file 5f/5f0bd33700e9554fc2bff7780fe53724fed4c7af9cf883853c3a215e3f49c735 eNrtwjENAAAIAzAv88dDMv/I4GnTbEdVVVVVVVVVVVVVVd/nABNmwfE=
-- file 73/731b376edf2820642909c05ad4015ccf7522c64657668d6c396d26d843fa4fc7 eNrtwjENAAAIAzAvM0d45v9EBk+bZraqqqqqqqqqqqqqqvo+B9fkaiI=
-- file b2/b294dd12bc8be97ff5e0071efddf426565d715ee12c7276c62383cb6860d3374 eNrtwjENAAAIAzAvc8aBg/kPMnjaNN1RVVVVVVVVVVVVVdX3OeKcK6I=
