CREATE TABLE project (id int PRIMARY KEY, verified boolean NOT NULL, "statusId" int);
CREATE TABLE power_round (id boolean PRIMARY KEY CHECK (id), round int NOT NULL);
CREATE TABLE power_snapshot (id int PRIMARY KEY, "roundNumber" int, synced boolean);
CREATE TABLE power_balance_snapshot (
  id int PRIMARY KEY, "userId" int NOT NULL, "powerSnapshotId" int NOT NULL, balance float8 NOT NULL, UNIQUE ("userId", "powerSnapshotId")
);
CREATE TABLE power_boosting_snapshot (
  id int PRIMARY KEY, "userId" int NOT NULL, "projectId" int NOT NULL, "powerSnapshotId" int NOT NULL, percentage numeric(5,2) NOT NULL,
  UNIQUE ("userId", "projectId", "powerSnapshotId")
);
