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
INSERT INTO "owners" VALUES ('8a6224fb03ae16f3', 12216.043676781, 30.0, 2245358);
INSERT INTO "runs" VALUES (1, 'asked', 'recorded:asked', '6cc6dd54454396035e869ffb2bf2a0c4', 1795334406.0486948, '', '', 'waiting', 1795334406.0874012, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 3599071426, 3981955074, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (2, 'signalled', 'recorded:signalled', 'f0b18f8a8731b7bffc55493376ea885e', 1795334406.0910625, '', '', 'waiting', 1795334406.1039445, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 737417300, 812264061, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (3, 'mapped', 'recorded:mapped', 'f21f95b93b99e2988456414dd7641355', 1795334406.1121643, '', '', 'failed', 1795334406.1307235, 1795334406.1307235, '', '8a6224fb03ae16f3', 1, 0, 0, '', 2153208609, 183793771, '{"item":"tea"}', NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack[2]`, attempt 1 of run mapped, called at /srv/flowkit/tests/stores/recording.py:121"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}');
INSERT INTO "runs" VALUES (4, 'failed', 'recorded:failed', 'fa6d99d84b7a31652e2aaccd2f110d60', 1795334406.135677, '', '', 'failed', 1795334406.1872654, 1795334406.1872654, '', '8a6224fb03ae16f3', 1, 0, 0, '', 456435085, 3348802253, '{"item":"tea"}', NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack`, attempt 1 of run failed, called at /srv/flowkit/tests/stores/recording.py:127"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}');
INSERT INTO "runs" VALUES (5, 'retried', 'recorded:retried', '08772b1d3de3ddfe09754d394ec997ba', 1795334406.1961014, '', '', 'running', 1795334406.1961014, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 1826146940, 4288069849, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (6, 'called', 'recorded:called', '4b0f6879162ce0b50d531be3b7f62d5e', 1795334406.2367852, '', '', 'waiting', 1795334406.307123, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 1107286483, 1813464085, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (7, 'called/outsource/part', 'recorded:part', '114723b1a790a6fdc70fba12dfee1b7d', 1795334406.2489195, 'called', '', 'succeeded', 1795334406.2826679, 1795334406.2826679, '', '8a6224fb03ae16f3', 1, 0, 0, '', 626401886, 820128100, '{"item":"tea"}', NULL, '"tea: 3"', NULL, NULL);
INSERT INTO "runs" VALUES (8, 'asking', 'recorded:asking', 'ee6e37d3552f929fd84f28d149e8ce0a', 1795334406.3124728, '', '', 'waiting', 1795334406.3237407, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 1541085223, 3740865268, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (9, 'slept', 'recorded:slept', 'b2cb43dbc10f3eccbca3452fbfb924d8', 1795334406.3332832, '', '', 'waiting', 1795334406.367352, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 1225055008, 3333739366, '{"item":"tea"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (10, 'slept/outsource/part', 'recorded:part', '114723b1a790a6fdc70fba12dfee1b7d', 1795334406.3472192, 'slept', '', 'succeeded', 1795334406.362098, 1795334406.362098, '', '8a6224fb03ae16f3', 1, 0, 0, '', 2776995508, 2670176094, '{"item":"tea"}', NULL, '"tea: 3"', NULL, NULL);
INSERT INTO "runs" VALUES (11, 'lost', 'recorded:asked', 'a2970e9674b287d257ff5c156d5f95c7', 1795334406.3702247, '', '', 'waiting', 1795334406.3988287, NULL, '8a6224fb03ae16f3', '8a6224fb03ae16f3', 1, 0, 0, '', 3021186785, 2237931407, '{"item":"rum"}', NULL, NULL, NULL, NULL);
INSERT INTO "runs" VALUES (12, 'ended', 'recorded:asked', '15a48c523801ad68f24627e3f083673d', 1795334406.407658, '', '', 'cancelled', 1795334406.4385228, 1795334406.4385228, '', '8a6224fb03ae16f3', 1, 0, 0, '', 3704429587, 2500263031, '{"item":"gin"}', NULL, NULL, NULL, '{"module":"flowkit","name":"RunCancelled","text":"cancelled on request: enough","args":[{"$type":"CancelReason","$value":"USER"},"enough"],"attributes":{"reason":{"$type":"CancelReason","$value":"USER"},"detail":"enough"}}');
INSERT INTO "nodes" VALUES (1, 'ask', 0, 1, 12216081969143, 'flowkit:ask', 'step', 'waiting', 0, 1, '', '', '80cb8e60131c7b35099bf7dcb4a5a0d7', 1795334406.0861402, NULL, NULL, NULL, NULL, '{"gate": {"prompt": "order tea?", "options": ["now", "later"]}, "said": {"call": "ask(''order tea?'')", "at": "tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 1282500568);
INSERT INTO "nodes" VALUES (1, 'ask', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.0861402, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 417754321);
INSERT INTO "nodes" VALUES (1, 'print', 0, 1, 12216076363399, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'fe0d26c371d8852a8c77f126fa99b95d', 1795334406.0623572, 1795334406.0632923, NULL, NULL, NULL, '{"said": {"call": "print(''tea'')", "at": "tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'B294DD12BC8BE97FF5E0071EFDDF426565D715EE12C7276C62383CB6860D3374', NULL, 159298473);
INSERT INTO "nodes" VALUES (1, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.0623572, 1795334406.0633516, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1634347825);
INSERT INTO "nodes" VALUES (2, 'book', 0, 1, 12216092326579, 'recorded:book', 'step', 'succeeded', 2, 1, '', '', 'fd8f28c3eefc92b30f56e95336897198', 1795334406.0973117, 1795334406.1019228, NULL, NULL, NULL, '{"said": {"call": "book(order)", "at": "tests/stores/recording.py:115", "type": "e1ad9f7c8325f998e855f02fa8326b5c", "effect": true}}', '"booked tea"', NULL, NULL, 3677391264);
INSERT INTO "nodes" VALUES (2, 'book', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.0973117, 1795334406.1019974, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 975856939);
INSERT INTO "nodes" VALUES (2, 'order', 0, 1, 12216089534162, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', 'b3bad07a83e0564290b348342c4fd09a', 1795334406.094384, 1795334406.09483, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 2)", "at": "tests/stores/recording.py:115", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":2,"day":"2026-03-01"}', NULL, NULL, 3565698687);
INSERT INTO "nodes" VALUES (2, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.094384, 1795334406.0948703, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2138032347);
INSERT INTO "nodes" VALUES (2, 'paid', 0, 1, 12216098499431, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795334406.1031628, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "tests/stores/recording.py:116", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 2312356890);
INSERT INTO "nodes" VALUES (2, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.1031628, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3460298132);
INSERT INTO "nodes" VALUES (3, 'order', 0, 1, 12216108958519, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', 'b3bad07a83e0564290b348342c4fd09a', 1795334406.1139867, 1795334406.1142938, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 2)", "at": "tests/stores/recording.py:121", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":2,"day":"2026-03-01"}', NULL, NULL, 681995523);
INSERT INTO "nodes" VALUES (3, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.1139867, 1795334406.1143284, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4253473785);
INSERT INTO "nodes" VALUES (3, 'pack', 0, 1, 12216111263278, 'recorded:pack', 'map', 'blocked', 0, 0, '`pack[2]` failed', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9', NULL, 1795334406.1174376, NULL, NULL, NULL, '{"cause": "pack[2]", "said": {"call": "pack.map(unmapped(order), [1, 2, 3])", "at": "tests/stores/recording.py:121", "type": "1177fd2311b75415d11e5d1b84ebb320"}, "items": 3}', NULL, NULL, NULL, 2895045177);
INSERT INTO "nodes" VALUES (3, 'pack[0]', 0, 1, 12216111263279, 'recorded:pack', 'item', 'succeeded', 2, 1, '', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:db60e8dea5de7a9ed483a7984e2ff319', 1795334406.1152568, 1795334406.11631, NULL, NULL, NULL, '{}', '2', NULL, NULL, 3464824577);
INSERT INTO "nodes" VALUES (3, 'pack[0]', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.1152568, 1795334406.1163497, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 649093829);
INSERT INTO "nodes" VALUES (3, 'pack[1]', 0, 1, 12216111263280, 'recorded:pack', 'item', 'cancelled', 0, 1, 'the run was stopped (fail_fast: `pack[2]` failed)', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:729cdd0661f5a50936c6815f40ec47b9', 1795334406.11631, 1795334406.1190042, NULL, NULL, NULL, '{"cause": "pack[2]"}', NULL, NULL, NULL, 276743763);
INSERT INTO "nodes" VALUES (3, 'pack[1]', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.11631, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2208424202);
INSERT INTO "nodes" VALUES (3, 'pack[2]', 0, 1, 12216116833490, 'recorded:pack', 'item', 'failed', 3, 1, '', '', 'e2eee9d3e651b821fb1c0d68bd21ecc9:6a77a49d75aeec6cbe5a0d9858e2ed5a', 1795334406.117111, 1795334406.1174376, NULL, NULL, NULL, '{"handled": false}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2986331918);
INSERT INTO "nodes" VALUES (3, 'pack[2]', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, '', NULL, 1795334406.117111, 1795334406.117628, NULL, NULL, NULL, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 3693529786);
INSERT INTO "nodes" VALUES (3, 'say', 0, 1, 12216116833493, 'recorded:say', 'step', 'blocked', 0, 0, '`sum` is blocked', '', '76b6d19e67a3ca89be833eae56e092af', NULL, 1795334406.1174376, NULL, NULL, NULL, '{"cause": "sum", "said": {"call": "say(''tea'', sum)", "at": "tests/stores/recording.py:121", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 3367147160);
INSERT INTO "nodes" VALUES (3, 'sum', 0, 1, 12216116833492, 'recorded:sum', 'step', 'blocked', 0, 0, '`pack` is blocked', '', '3565d2509700d9c7fb77018a5bd57cb8', NULL, 1795334406.1174376, NULL, NULL, NULL, '{"cause": "pack", "said": {"call": "sum(pack)", "at": "tests/stores/recording.py:121", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 3153361823);
INSERT INTO "nodes" VALUES (4, 'book', 0, 1, 12216144190854, 'recorded:book', 'step', 'succeeded', 2, 1, '', '', 'fd8f28c3eefc92b30f56e95336897198', 1795334406.149143, 1795334406.1580255, NULL, NULL, NULL, '{"said": {"call": "book(order)", "at": "tests/stores/recording.py:127", "type": "e1ad9f7c8325f998e855f02fa8326b5c", "effect": true}}', '"booked tea"', NULL, NULL, 555863874);
INSERT INTO "nodes" VALUES (4, 'book', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.149143, 1795334406.1580942, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3474758504);
INSERT INTO "nodes" VALUES (4, 'book:unbook', 0, 1, 12216173343608, 'recorded:unbook', 'step', 'succeeded', 4, 1, '', '', '', 1795334406.178124, 1795334406.1785188, NULL, NULL, NULL, '{"cleans_up": true, "undoes": "book"}', 'null', NULL, NULL, 828055836);
INSERT INTO "nodes" VALUES (4, 'book:unbook', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.178124, 1795334406.1785467, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2033217727);
INSERT INTO "nodes" VALUES (4, 'order', 0, 1, 12216141405117, 'recorded:order', 'step', 'succeeded', 1, 1, '', '', '6810788887a9625dd3b8723591e09082', 1795334406.1464314, 1795334406.1467009, NULL, NULL, NULL, '{"said": {"call": "order(''tea'', 1)", "at": "tests/stores/recording.py:126", "type": "a4df864f5ec5905aa7e0813abc699c6f"}}', '{"item":"tea","count":1,"day":"2026-03-01"}', NULL, NULL, 2269416822);
INSERT INTO "nodes" VALUES (4, 'order', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.1464314, 1795334406.1467266, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2030682931);
INSERT INTO "nodes" VALUES (4, 'pack', 0, 1, 12216162381870, 'recorded:pack', 'step', 'failed', 3, 1, '', '', 'f9919928359279cfe3efb9c35ddc03be', 1795334406.1659307, 1795334406.1664844, NULL, NULL, NULL, '{"handled": false, "said": {"call": "pack(order, 3)", "at": "tests/stores/recording.py:127", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 3519667221);
INSERT INTO "nodes" VALUES (4, 'pack', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, '', NULL, 1795334406.1659307, 1795334406.1666672, NULL, NULL, NULL, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"}', 2493080275);
INSERT INTO "nodes" VALUES (4, 'say', 0, 1, 12216162381871, 'recorded:say', 'step', 'blocked', 0, 0, '`pack` failed', '', 'e7d4cca771ba4598de85fbcdf9ea77ea', NULL, 1795334406.1664844, NULL, NULL, NULL, '{"cause": "pack", "said": {"call": "say(book, pack)", "at": "tests/stores/recording.py:127", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 728087087);
INSERT INTO "nodes" VALUES (5, 'send', 0, 1, 12216221445368, 'recorded:send', 'step', 'retrying', 0, 1, '', '', '417b75b19354e1a8769e010f18399e2c', 1795334406.2065928, NULL, 1795338006.207111, NULL, NULL, '{"said": {"call": "send(''tea'')", "at": "tests/stores/recording.py:132", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"}', 368455026);
INSERT INTO "nodes" VALUES (5, 'send', 1, NULL, NULL, NULL, NULL, 'failed', NULL, NULL, NULL, 'ConnectionError', NULL, 1795334406.2065928, 1795334406.207111, NULL, NULL, 3600.0, NULL, NULL, NULL, '{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"}', 3739079004);
INSERT INTO "nodes" VALUES (6, 'outsource', 0, 1, 12216264733475, 'recorded:outsource', 'step', 'succeeded', 1, 1, '', '', '56abf5bc1a2ceb49917fa482d8ad42dd', 1795334406.2470047, 1795334406.290085, NULL, NULL, NULL, '{"said": {"call": "outsource(''tea'')", "at": "tests/stores/recording.py:137", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 3601965965);
INSERT INTO "nodes" VALUES (6, 'outsource', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.2470047, 1795334406.2901404, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1984151763);
INSERT INTO "nodes" VALUES (6, 'paid', 0, 1, 12216301715694, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795334406.306528, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "tests/stores/recording.py:138", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 4145070098);
INSERT INTO "nodes" VALUES (6, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.306528, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3541590440);
INSERT INTO "nodes" VALUES (6, 'part', 0, 1, 12216290390452, 'recorded:part', 'call', 'succeeded', 0, 1, '', '', '3cbece15f8cdb0bfd15e5b6898ca14d6', 1795334406.2942703, 1795334406.306021, NULL, NULL, NULL, '{"said": {"call": "part(outsource)", "at": "tests/stores/recording.py:138"}, "gives": "641f2b0cd912461b78b30e041ad48172"}', NULL, NULL, NULL, 2658373816);
INSERT INTO "nodes" VALUES (6, 'part/measure', 0, 1, 12216290390453, 'recorded:measure', 'step', 'succeeded', 2, 1, '', '', '4dbbf09951d9b1d42eaf04ae167a3247', 1795334406.294648, 1795334406.2956302, NULL, NULL, NULL, '{"said": {"call": "measure(''tea: 3'')", "at": "tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '6', NULL, NULL, 2516612920);
INSERT INTO "nodes" VALUES (6, 'part/measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.294648, 1795334406.2956576, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 316244955);
INSERT INTO "nodes" VALUES (6, 'part/say', 0, 1, 12216297454103, 'recorded:say', 'step', 'succeeded', 3, 1, '', '', '01a2dfa4ee01974f98b6c518c191143a', 1795334406.3022506, 1795334406.3026161, NULL, NULL, NULL, '{"said": {"call": "say(''tea: 3'', measure)", "at": "tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3: 6"', NULL, NULL, 4011375329);
INSERT INTO "nodes" VALUES (6, 'part/say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.3022506, 1795334406.3026478, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1695441406);
INSERT INTO "nodes" VALUES (7, 'measure', 0, 1, 12216256468312, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795334406.2589252, 1795334406.2593775, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 1737619168);
INSERT INTO "nodes" VALUES (7, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.2589252, 1795334406.2594123, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2544461018);
INSERT INTO "nodes" VALUES (7, 'say', 0, 1, 12216272654215, 'recorded:say', 'step', 'succeeded', 2, 1, '', '', 'afe66a6454f90eb0ff32771308ad0d78', 1795334406.2699714, 1795334406.2710695, NULL, NULL, NULL, '{"said": {"call": "say(''tea'', measure)", "at": "tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 1307396284);
INSERT INTO "nodes" VALUES (7, 'say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.2699714, 1795334406.2711139, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3952750908);
INSERT INTO "nodes" VALUES (8, 'measure', 0, 1, 12216314000114, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795334406.318532, 1795334406.3190978, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "tests/stores/recording.py:143", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 3019361084);
INSERT INTO "nodes" VALUES (8, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.318532, 1795334406.319137, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 211808566);
INSERT INTO "nodes" VALUES (8, 'paid', 0, 1, 12216318525577, 'flowkit:paid', 'step', 'waiting', 0, 1, '', '', '0dd9a5af415c127bd5eaa722da386719', 1795334406.3230815, NULL, NULL, NULL, NULL, '{"signal": "paid", "said": {"call": "paid(None)", "at": "tests/stores/recording.py:144", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 2573319065);
INSERT INTO "nodes" VALUES (8, 'paid', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.3230815, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4235077320);
INSERT INTO "nodes" VALUES (9, 'outsource', 0, 1, 12216349127934, 'recorded:outsource', 'step', 'succeeded', 1, 1, '', '', '56abf5bc1a2ceb49917fa482d8ad42dd', 1795334406.3463862, 1795334406.3636823, NULL, NULL, NULL, '{"said": {"call": "outsource(''tea'')", "at": "tests/stores/recording.py:150", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 3179482195);
INSERT INTO "nodes" VALUES (9, 'outsource', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.3463862, 1795334406.3637316, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1445192314);
INSERT INTO "nodes" VALUES (9, 'sleep', 0, 1, 12216361915506, 'flowkit:sleep', 'step', 'waiting', 0, 1, '', '', 'be9a242d7a64bbba5886d2ce34d49f5b', 1795334406.3663094, NULL, 1795338006.3669362, NULL, NULL, '{"said": {"call": "sleep(''1h'')", "at": "tests/stores/recording.py:151", "type": "f2c2c74d312ffe1f595561639951a1b1"}}', NULL, NULL, NULL, 3889258676);
INSERT INTO "nodes" VALUES (9, 'sleep', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.3663094, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2396318617);
INSERT INTO "nodes" VALUES (10, 'measure', 0, 1, 12216345522053, 'recorded:measure', 'step', 'succeeded', 1, 1, '', '', '00c61a9e5364abb62707e0fd00277765', 1795334406.350404, 1795334406.3506536, NULL, NULL, NULL, '{"said": {"call": "measure(''tea'')", "at": "tests/stores/recording.py:103", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', '3', NULL, NULL, 2791817327);
INSERT INTO "nodes" VALUES (10, 'measure', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.350404, 1795334406.3506808, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 819881551);
INSERT INTO "nodes" VALUES (10, 'say', 0, 1, 12216349127935, 'recorded:say', 'step', 'succeeded', 2, 1, '', '', 'afe66a6454f90eb0ff32771308ad0d78', 1795334406.3540902, 1795334406.3544075, NULL, NULL, NULL, '{"said": {"call": "say(''tea'', measure)", "at": "tests/stores/recording.py:103", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', '"tea: 3"', NULL, NULL, 2425975182);
INSERT INTO "nodes" VALUES (10, 'say', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.3540902, 1795334406.3544335, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1549097957);
INSERT INTO "nodes" VALUES (11, 'ask', 0, 1, 12216393464686, 'flowkit:ask', 'step', 'waiting', 0, 1, '', '', 'b7f2642992b464f92c23aa5c34a451e9', 1795334406.3981533, NULL, NULL, NULL, NULL, '{"gate": {"prompt": "order rum?", "options": ["now", "later"]}, "said": {"call": "ask(''order rum?'')", "at": "tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 1262871528);
INSERT INTO "nodes" VALUES (11, 'ask', 1, NULL, NULL, NULL, NULL, 'running', NULL, NULL, NULL, '', NULL, 1795334406.3981533, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4127664085);
INSERT INTO "nodes" VALUES (11, 'print', 0, 1, 12216384443514, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'b4691de5ffbd84c7eb49a785841cd112', 1795334406.3783832, 1795334406.3787148, NULL, NULL, NULL, '{"said": {"call": "print(''rum'')", "at": "tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'5F0BD33700E9554FC2BFF7780FE53724FED4C7AF9CF883853C3A215E3F49C735', NULL, 3136252659);
INSERT INTO "nodes" VALUES (11, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.3783832, 1795334406.3787448, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3010612776);
INSERT INTO "nodes" VALUES (12, 'ask', 0, 1, 12216433373240, 'flowkit:ask', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', '742f58b2505608f21c395e21d836b44d', NULL, 1795334406.4211426, NULL, NULL, NULL, '{"said": {"call": "ask(''order gin?'')", "at": "tests/stores/recording.py:109", "type": "cb4c88d447281e9fa0be23df77afd11c"}}', NULL, NULL, NULL, 414649854);
INSERT INTO "nodes" VALUES (12, 'measure', 0, 1, 12216433373241, 'recorded:measure', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', 'dac2f2a9285ea645722d7445e25cdcd0', NULL, 1795334406.4211426, NULL, NULL, NULL, '{"said": {"call": "measure(print)", "at": "tests/stores/recording.py:110", "type": "1177fd2311b75415d11e5d1b84ebb320"}}', NULL, NULL, NULL, 332638254);
INSERT INTO "nodes" VALUES (12, 'print', 0, 1, 12216421597267, 'recorded:print', 'step', 'succeeded', 1, 1, '', '', 'ce0cb675c9a5af83fa569215edd8cae8', 1795334406.4184465, 1795334406.4188354, NULL, NULL, NULL, '{"said": {"call": "print(''gin'')", "at": "tests/stores/recording.py:108", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, X'731B376EDF2820642909C05AD4015CCF7522C64657668D6C396D26D843FA4FC7', NULL, 845805012);
INSERT INTO "nodes" VALUES (12, 'print', 1, NULL, NULL, NULL, NULL, 'succeeded', NULL, NULL, NULL, '', NULL, 1795334406.4184465, 1795334406.4188685, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1229203337);
INSERT INTO "nodes" VALUES (12, 'say', 0, 1, 12216433373242, 'recorded:say', 'step', 'cancelled', 0, 0, 'the run was stopped (user: enough)', '', '07d8d261bb8bebc2dd48e81c7da60def', NULL, 1795334406.4211426, NULL, NULL, NULL, '{"said": {"call": "say(ask.choice, measure)", "at": "tests/stores/recording.py:110", "type": "e1ad9f7c8325f998e855f02fa8326b5c"}}', NULL, NULL, NULL, 4026283016);
INSERT INTO "events" VALUES (1, 1, 1795334406.0581806, 'run_started', '', '{"nodes":4}', 3689392645);
INSERT INTO "events" VALUES (1, 2, 1795334406.0627925, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 2743838207);
INSERT INTO "events" VALUES (1, 3, 1795334406.0634503, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.0009350950003863545,"error":null}', 1527018946);
INSERT INTO "events" VALUES (1, 4, 1795334406.0865848, 'step_started', 'ask', '{"step":"flowkit:ask","attempt":1}', 3788336795);
INSERT INTO "events" VALUES (1, 5, 1795334406.0868628, 'gate_opened', 'ask', '{"step":"flowkit:ask","prompt":"order tea?","options":["now","later"],"seconds":null}', 1703673346);
INSERT INTO "events" VALUES (2, 1, 1795334406.094212, 'run_started', '', '{"nodes":5}', 690541672);
INSERT INTO "events" VALUES (2, 2, 1795334406.094708, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 4179211678);
INSERT INTO "events" VALUES (2, 3, 1795334406.0949223, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.000445985000624205,"error":null}', 382127066);
INSERT INTO "events" VALUES (2, 4, 1795334406.0976596, 'step_started', 'book', '{"step":"recorded:book","attempt":1}', 4006017972);
INSERT INTO "events" VALUES (2, 5, 1795334406.1021194, 'step_succeeded', 'book', '{"step":"recorded:book","attempt":1,"seconds":0.004611170999851311,"error":null}', 2009071426);
INSERT INTO "events" VALUES (2, 6, 1795334406.1034634, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 3218106855);
INSERT INTO "events" VALUES (2, 7, 1795334406.1036425, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 957975922);
INSERT INTO "events" VALUES (3, 1, 1795334406.1137543, 'run_started', '', '{"nodes":4}', 4095006049);
INSERT INTO "events" VALUES (3, 2, 1795334406.1141753, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 938830981);
INSERT INTO "events" VALUES (3, 3, 1795334406.1143773, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.0003072790004807757,"error":null}', 3810498718);
INSERT INTO "events" VALUES (3, 4, 1795334406.1156301, 'items_collected', 'pack', '{"step":"recorded:pack","count":3}', 1707539292);
INSERT INTO "events" VALUES (3, 5, 1795334406.1159282, 'step_started', 'pack[0]', '{"step":"recorded:pack","attempt":1}', 660029097);
INSERT INTO "events" VALUES (3, 6, 1795334406.1164107, 'step_succeeded', 'pack[0]', '{"step":"recorded:pack","attempt":1,"seconds":0.0010528809998504585,"error":null}', 1863755443);
INSERT INTO "events" VALUES (3, 7, 1795334406.116552, 'step_started', 'pack[1]', '{"step":"recorded:pack","attempt":1}', 4009019311);
INSERT INTO "events" VALUES (3, 8, 1795334406.117189, 'step_started', 'pack[2]', '{"step":"recorded:pack","attempt":1}', 3034412999);
INSERT INTO "events" VALUES (3, 9, 1795334406.1183307, 'step_failed', 'pack[2]', '{"step":"recorded:pack","attempt":1,"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"handled":false,"why":""}', 927182654);
INSERT INTO "events" VALUES (3, 10, 1795334406.1186466, 'step_blocked', 'pack', '{"step":"recorded:pack","reason":"`pack[2]` failed"}', 2334388517);
INSERT INTO "events" VALUES (3, 11, 1795334406.118901, 'step_blocked', 'sum', '{"step":"recorded:sum","reason":"`pack` is blocked"}', 3332099788);
INSERT INTO "events" VALUES (3, 12, 1795334406.1189866, 'step_blocked', 'say', '{"step":"recorded:say","reason":"`sum` is blocked"}', 426384175);
INSERT INTO "events" VALUES (3, 13, 1795334406.1190734, 'step_abandoned', 'pack[1]', '{"step":"recorded:pack","attempt":1,"reason":"fail_fast"}', 3140485152);
INSERT INTO "events" VALUES (3, 14, 1795334406.1193094, 'step_cancelled', 'pack[1]', '{"step":"recorded:pack","reason":"the run was stopped (fail_fast: `pack[2]` failed)"}', 810025813);
INSERT INTO "events" VALUES (3, 15, 1795334406.1300828, 'run_failed', '', '{"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack[2]`, attempt 1 of run mapped, called at /srv/flowkit/tests/stores/recording.py:121"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"failed":["pack[2]"]}', 614097537);
INSERT INTO "events" VALUES (4, 1, 1795334406.1462314, 'run_started', '', '{"nodes":5}', 2700570686);
INSERT INTO "events" VALUES (4, 2, 1795334406.1465852, 'step_started', 'order', '{"step":"recorded:order","attempt":1}', 4260476381);
INSERT INTO "events" VALUES (4, 3, 1795334406.1467695, 'step_succeeded', 'order', '{"step":"recorded:order","attempt":1,"seconds":0.00026950200117425993,"error":null}', 7546968);
INSERT INTO "events" VALUES (4, 4, 1795334406.149427, 'step_started', 'book', '{"step":"recorded:book","attempt":1}', 1445161821);
INSERT INTO "events" VALUES (4, 5, 1795334406.1582468, 'step_succeeded', 'book', '{"step":"recorded:book","attempt":1,"seconds":0.008882514999640989,"error":null}', 2773630986);
INSERT INTO "events" VALUES (4, 6, 1795334406.1662753, 'step_started', 'pack', '{"step":"recorded:pack","attempt":1}', 3338318909);
INSERT INTO "events" VALUES (4, 7, 1795334406.1673586, 'step_failed', 'pack', '{"step":"recorded:pack","attempt":1,"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"handled":false,"why":""}', 715894197);
INSERT INTO "events" VALUES (4, 8, 1795334406.1676738, 'step_blocked', 'say', '{"step":"recorded:say","reason":"`pack` failed"}', 1907290763);
INSERT INTO "events" VALUES (4, 9, 1795334406.1782677, 'step_started', 'book:unbook', '{"step":"recorded:unbook","attempt":1}', 3900914112);
INSERT INTO "events" VALUES (4, 10, 1795334406.1786065, 'step_succeeded', 'book:unbook', '{"step":"recorded:unbook","attempt":1,"seconds":0.0003948899993702071,"error":null}', 3219369940);
INSERT INTO "events" VALUES (4, 11, 1795334406.1860595, 'step_compensated', 'book', '{"step":"recorded:book","by":"book:unbook"}', 3507545696);
INSERT INTO "events" VALUES (4, 12, 1795334406.1867232, 'run_failed', '', '{"error":{"module":"builtins","name":"ConnectionError","text":"no more boxes","args":["no more boxes"],"notes":["in step `pack`, attempt 1 of run failed, called at /srv/flowkit/tests/stores/recording.py:127"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 48, in pack\n    raise ConnectionError(\"no more boxes\")"},"failed":["pack"]}', 2389943541);
INSERT INTO "events" VALUES (5, 1, 1795334406.2063253, 'run_started', '', '{"nodes":2}', 2809600033);
INSERT INTO "events" VALUES (5, 2, 1795334406.2069435, 'step_started', 'send', '{"step":"recorded:send","attempt":1}', 3295171232);
INSERT INTO "events" VALUES (5, 3, 1795334406.2075028, 'step_retrying', 'send', '{"step":"recorded:send","attempt":1,"delay":3600.0,"error":{"module":"builtins","name":"ConnectionError","text":"the line is down","args":["the line is down"],"trace":"  File \"/srv/flowkit/tests/stores/recording.py\", line 67, in send\n    raise ConnectionError(\"the line is down\")"},"why":"ConnectionError"}', 525166748);
INSERT INTO "events" VALUES (6, 1, 1795334406.2467349, 'run_started', '', '{"nodes":5}', 2629115106);
INSERT INTO "events" VALUES (6, 2, 1795334406.2473261, 'step_started', 'outsource', '{"step":"recorded:outsource","attempt":1}', 3075388130);
INSERT INTO "events" VALUES (6, 3, 1795334406.2902815, 'step_succeeded', 'outsource', '{"step":"recorded:outsource","attempt":1,"seconds":0.04308029700041516,"error":null}', 2019891969);
INSERT INTO "events" VALUES (6, 4, 1795334406.2950115, 'step_started', 'part', '{"step":"recorded:part","attempt":1}', 2603287859);
INSERT INTO "events" VALUES (6, 5, 1795334406.2950528, 'workflow_expanded', 'part', '{"step":"recorded:part","nodes":2,"turn":1}', 450874124);
INSERT INTO "events" VALUES (6, 6, 1795334406.295472, 'step_started', 'part/measure', '{"step":"recorded:measure","attempt":1}', 146581252);
INSERT INTO "events" VALUES (6, 7, 1795334406.2957118, 'step_succeeded', 'part/measure', '{"step":"recorded:measure","attempt":1,"seconds":0.000982305999059463,"error":null}', 3990136624);
INSERT INTO "events" VALUES (6, 8, 1795334406.302485, 'step_started', 'part/say', '{"step":"recorded:say","attempt":1}', 778640689);
INSERT INTO "events" VALUES (6, 9, 1795334406.3027081, 'step_succeeded', 'part/say', '{"step":"recorded:say","attempt":1,"seconds":0.0003653349995147437,"error":null}', 1352329283);
INSERT INTO "events" VALUES (6, 10, 1795334406.306339, 'step_succeeded', 'part', '{"step":"recorded:part","attempt":1,"seconds":0.011750845000278787,"error":null}', 1469008620);
INSERT INTO "events" VALUES (6, 11, 1795334406.3068469, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 747134261);
INSERT INTO "events" VALUES (6, 12, 1795334406.3070805, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 284715344);
INSERT INTO "events" VALUES (7, 1, 1795334406.2583325, 'run_started', '', '{"nodes":2}', 2060889937);
INSERT INTO "events" VALUES (7, 2, 1795334406.2592678, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 3657733494);
INSERT INTO "events" VALUES (7, 3, 1795334406.259475, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.0004522140006884001,"error":null}', 2879780911);
INSERT INTO "events" VALUES (7, 4, 1795334406.270856, 'step_started', 'say', '{"step":"recorded:say","attempt":1}', 928928980);
INSERT INTO "events" VALUES (7, 5, 1795334406.2712102, 'step_succeeded', 'say', '{"step":"recorded:say","attempt":1,"seconds":0.001098139000532683,"error":null}', 3136361955);
INSERT INTO "events" VALUES (7, 6, 1795334406.2823093, 'run_succeeded', '', '{}', 1062451444);
INSERT INTO "events" VALUES (8, 1, 1795334406.3182428, 'run_started', '', '{"nodes":2}', 553566079);
INSERT INTO "events" VALUES (8, 2, 1795334406.3189275, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 1484419171);
INSERT INTO "events" VALUES (8, 3, 1795334406.3191993, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.0005657849997078301,"error":null}', 1247164198);
INSERT INTO "events" VALUES (8, 4, 1795334406.3235059, 'step_started', 'paid', '{"step":"flowkit:paid","attempt":1}', 3112760321);
INSERT INTO "events" VALUES (8, 5, 1795334406.323702, 'signal_set', 'paid', '{"step":"flowkit:paid","seconds":null}', 1794042556);
INSERT INTO "events" VALUES (9, 1, 1795334406.3461442, 'run_started', '', '{"nodes":3}', 1008022563);
INSERT INTO "events" VALUES (9, 2, 1795334406.346698, 'step_started', 'outsource', '{"step":"recorded:outsource","attempt":1}', 3883127639);
INSERT INTO "events" VALUES (9, 3, 1795334406.3638542, 'step_succeeded', 'outsource', '{"step":"recorded:outsource","attempt":1,"seconds":0.01729614100077015,"error":null}', 1392790183);
INSERT INTO "events" VALUES (9, 4, 1795334406.3666682, 'step_started', 'sleep', '{"step":"flowkit:sleep","attempt":1}', 3157220966);
INSERT INTO "events" VALUES (9, 5, 1795334406.366998, 'timer_set', 'sleep', '{"step":"flowkit:sleep","seconds":3600.0}', 48563902);
INSERT INTO "events" VALUES (10, 1, 1795334406.3502607, 'run_started', '', '{"nodes":2}', 4225064962);
INSERT INTO "events" VALUES (10, 2, 1795334406.3505526, 'step_started', 'measure', '{"step":"recorded:measure","attempt":1}', 2876221861);
INSERT INTO "events" VALUES (10, 3, 1795334406.3507404, 'step_succeeded', 'measure', '{"step":"recorded:measure","attempt":1,"seconds":0.00024968300022010226,"error":null}', 871093452);
INSERT INTO "events" VALUES (10, 4, 1795334406.3542871, 'step_started', 'say', '{"step":"recorded:say","attempt":1}', 1645816295);
INSERT INTO "events" VALUES (10, 5, 1795334406.3544865, 'step_succeeded', 'say', '{"step":"recorded:say","attempt":1,"seconds":0.0003172429987898795,"error":null}', 2329966426);
INSERT INTO "events" VALUES (10, 6, 1795334406.3620348, 'run_succeeded', '', '{}', 1151229497);
INSERT INTO "events" VALUES (11, 1, 1795334406.3781557, 'run_started', '', '{"nodes":4}', 2312325936);
INSERT INTO "events" VALUES (11, 2, 1795334406.3785598, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 352478876);
INSERT INTO "events" VALUES (11, 3, 1795334406.3788054, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.00033161499959533103,"error":null}', 2164675609);
INSERT INTO "events" VALUES (11, 4, 1795334406.398559, 'step_started', 'ask', '{"step":"flowkit:ask","attempt":1}', 4146625503);
INSERT INTO "events" VALUES (11, 5, 1795334406.3987606, 'gate_opened', 'ask', '{"step":"flowkit:ask","prompt":"order rum?","options":["now","later"],"seconds":null}', 1473491625);
INSERT INTO "events" VALUES (12, 1, 1795334406.4181721, 'run_started', '', '{"nodes":4}', 4149961352);
INSERT INTO "events" VALUES (12, 2, 1795334406.4186127, 'step_started', 'print', '{"step":"recorded:print","attempt":1}', 3942107799);
INSERT INTO "events" VALUES (12, 3, 1795334406.418945, 'step_succeeded', 'print', '{"step":"recorded:print","attempt":1,"seconds":0.00038902000051166397,"error":null}', 3224200103);
INSERT INTO "events" VALUES (12, 4, 1795334406.4262435, 'step_cancelled', 'ask', '{"step":"flowkit:ask","reason":"the run was stopped (user: enough)"}', 2769049968);
INSERT INTO "events" VALUES (12, 5, 1795334406.426764, 'step_cancelled', 'measure', '{"step":"recorded:measure","reason":"the run was stopped (user: enough)"}', 4170573400);
INSERT INTO "events" VALUES (12, 6, 1795334406.4275944, 'step_cancelled', 'say', '{"step":"recorded:say","reason":"the run was stopped (user: enough)"}', 2603169665);
INSERT INTO "events" VALUES (12, 7, 1795334406.4380522, 'run_cancelled', '', '{"reason":"user","detail":"enough"}', 2346989853);
INSERT INTO "messages" VALUES (1, 12, 'cancel', '', '{"reason": "user", "detail": "enough"}', 1795334406.4183552, NULL, 1, 338098758);
-- file 5f/5f0bd33700e9554fc2bff7780fe53724fed4c7af9cf883853c3a215e3f49c735 eNrtwjENAAAIAzAv88dDMv/I4GnTbEdVVVVVVVVVVVVVVd/nABNmwfE=
-- file 73/731b376edf2820642909c05ad4015ccf7522c64657668d6c396d26d843fa4fc7 eNrtwjENAAAIAzAvM0d45v9EBk+bZraqqqqqqqqqqqqqqvo+B9fkaiI=
-- file b2/b294dd12bc8be97ff5e0071efddf426565d715ee12c7276c62383cb6860d3374 eNrtwjENAAAIAzAvc8aBg/kPMnjaNN1RVVVVVVVVVVVVVdX3OeKcK6I=
