CREATE TABLE "Collectives" (id int PRIMARY KEY, "deletedAt" timestamptz, "isActive" boolean);
CREATE TABLE "Orders" (
  id int PRIMARY KEY, "CollectiveId" int REFERENCES "Collectives", "createdAt" timestamptz NOT NULL, "deletedAt" timestamptz, status text
);
