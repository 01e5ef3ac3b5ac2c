-- The jobs. What is short and often read stands first; long texts stand last, where they may overflow.
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  account TEXT,
  ready INTEGER NOT NULL,
  cancel_asked INTEGER NOT NULL,
  sends INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  batch TEXT NOT NULL,
  place INTEGER NOT NULL,
  step TEXT NOT NULL,
  priority INTEGER NOT NULL,
  asked_run_at INTEGER NOT NULL,
  deadline INTEGER,
  asked_account TEXT,
  parent INTEGER,
  key TEXT,
  most_sends INTEGER,
  resend_undecided INTEGER NOT NULL,
  reason TEXT NOT NULL,
  title TEXT NOT NULL,
  request TEXT NOT NULL,
  checkpoint TEXT,
  "end" TEXT
) STRICT;

CREATE UNIQUE INDEX job_key ON job (key) WHERE key IS NOT NULL;
CREATE INDEX job_state ON job (state, id);
CREATE INDEX job_batch ON job (batch, id) WHERE batch <> '';
CREATE INDEX job_account ON job (account, id) WHERE account IS NOT NULL;
CREATE INDEX job_parent ON job (parent, id) WHERE parent IS NOT NULL;
-- Whose turn it is: those bound to an account apart from those bound to nobody.
CREATE INDEX job_heads ON job (tenant, batch, priority, account, place, id, run_at)
  WHERE state = 'waiting_for_slot' AND ready = 1 AND cancel_asked = 0;
CREATE INDEX job_due ON job (run_at)
  WHERE state = 'waiting_for_slot' AND ready = 1 AND cancel_asked = 0 AND run_at > 0;

CREATE TABLE note (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER note_is_only_added BEFORE UPDATE ON note BEGIN SELECT RAISE(ABORT, 'notes are only ever added'); END;

CREATE TABLE charge (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  certainty TEXT NOT NULL,
  nonce TEXT NOT NULL,
  interaction TEXT NOT NULL,
  remote_job TEXT NOT NULL,
  mode TEXT NOT NULL,
  milliminutes INTEGER,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER charge_is_only_added BEFORE UPDATE ON charge BEGIN SELECT RAISE(ABORT, 'charges are only ever added'); END;

-- Who holds an account. No owner: it was given back. The token grows with every new owner.
CREATE TABLE lease (account TEXT PRIMARY KEY, owner TEXT, token INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pause (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  why TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE remembered (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE observed (
  series TEXT NOT NULL,
  hour INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (series, hour, bucket)
) STRICT, WITHOUT ROWID;

-- What is counted as it changes, so that nobody must scan the jobs for it.
CREATE TABLE state_count (state TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE class_count (
  tenant TEXT NOT NULL,
  batch TEXT NOT NULL,
  priority INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  PRIMARY KEY (tenant, batch, priority)
) STRICT, WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('last_job', 0), ('version', 0), ('unscrubbed', 0);
