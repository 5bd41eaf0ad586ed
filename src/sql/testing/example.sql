CREATE TABLE "located" (
  "vm" text NOT NULL,
  "host" text NOT NULL
);

CREATE TABLE "kind" (
  "host" text NOT NULL,
  "kind" text NOT NULL
);

CREATE TABLE "same_group" (
  "a" text NOT NULL,
  "b" text NOT NULL
);

CREATE TABLE "capacity" (
  "host" text NOT NULL,
  "cpu" float8 NOT NULL
);

CREATE TABLE "cpu" (
  "vm" text NOT NULL,
  "load" float8 NOT NULL
);

CREATE TABLE "tag" (
  "vm" text NOT NULL,
  "value" jsonb NOT NULL
);

CREATE VIEW "example:pair" ("a", "b") AS
-- example.dl:5  pair(a, b) :- located(a, host), located(b, host), kind(host, "type1"), a < b
SELECT DISTINCT t1."vm", t2."vm"
FROM "located" t1
  CROSS JOIN "located" t2
  CROSS JOIN "kind" t3
WHERE t1."host" = t2."host"
  AND t1."host" = t3."host"
  AND t3."kind" = 'type1'
  AND usher.before(t1."vm", t2."vm");

CREATE VIEW "example:lonely" ("vm") AS
-- example.dl:8  lonely(vm) :- located(vm, _), not same_group(vm, _)
SELECT DISTINCT t1."vm"
FROM "located" t1
WHERE NOT EXISTS (SELECT FROM "same_group" n1 WHERE n1."a" = t1."vm");

CREATE VIEW "example:load" ("host", "u") AS
-- example.dl:11  load(host, u) :- capacity(host, c), u = 100 * sum l : { located(vm, host), cpu(vm, l) } / c
SELECT DISTINCT t1."host", z1.v
FROM "capacity" t1
  LEFT JOIN (SELECT g1, CASE WHEN count(*) = count(b.e) THEN usher.total(coalesce(sum(b.e), 0)) END AS v FROM (
    SELECT DISTINCT t2."host" AS g1, t2."vm" AS v1, t3."load" AS v2, usher.exact(t3."load") AS e
    FROM "located" t2
      CROSS JOIN "cpu" t3
    WHERE t2."vm" = t3."vm"
  ) b GROUP BY g1) a1 ON t1."host" = a1.g1
  CROSS JOIN LATERAL (SELECT usher.divide(usher.multiply(100::float8, CASE WHEN a1.g1 IS NULL THEN 0 ELSE a1.v END), t1."cpu") AS v) z1
WHERE CASE WHEN a1.g1 IS NULL THEN 0 ELSE a1.v END IS NOT NULL
  AND z1.v IS NOT NULL;

CREATE VIEW "example:rank" ("host", "n") AS
-- example.dl:14  rank(host, n) :- capacity(host, c), n = count : { capacity(h, d), d > c }
SELECT DISTINCT t1."host", a1.v
FROM "capacity" t1
  CROSS JOIN LATERAL (SELECT count(*)::float8 AS v FROM (
    SELECT DISTINCT t3."host" AS v1, t3."cpu" AS v2
    FROM "capacity" t3
    WHERE t3."cpu" > t1."cpu"
  ) b) a1;

CREATE VIEW "example:tagged" ("vm") AS
-- example.dl:17  tagged(vm) :- tag(vm, value), value != 1, not lt(value, 3)
SELECT DISTINCT t1."vm"
FROM "tag" t1
WHERE t1."value" <> '1'::jsonb
  AND NOT coalesce(usher.before(t1."value", '3'::jsonb), FALSE);

CREATE VIEW "example:reach" ("a", "b") AS
WITH RECURSIVE "usher recursion" (c1_1, c1_2) AS (
  -- example.dl:20  reach(a, b) :- same_group(a, b)
  SELECT t1."a", t1."b"
  FROM "same_group" t1
  UNION
  SELECT s.* FROM "usher recursion" r CROSS JOIN LATERAL (
    -- example.dl:21  reach(a, c) :- reach(a, b), same_group(b, c)
    SELECT r.c1_1, t1."b"
    FROM "same_group" t1
    WHERE r.c1_2 = t1."a"
  ) s
)
SELECT * FROM "usher recursion";

CREATE VIEW "example:even + example:odd" AS
WITH RECURSIVE "usher recursion" (tbl, c1_1, c2_1) AS (
  -- example.dl:22  even("a")
  SELECT '1'::text, 'a'::text, NULL::text
  UNION
  SELECT s.* FROM "usher recursion" r CROSS JOIN LATERAL (
    -- example.dl:23  even(b) :- odd(a), same_group(a, b)
    SELECT '1'::text, t1."b", NULL::text
    FROM "same_group" t1
    WHERE r.tbl = '2'
      AND r.c2_1 = t1."a"
    UNION ALL
    -- example.dl:24  odd(b) :- even(a), same_group(a, b)
    SELECT '2'::text, NULL::text, t1."b"
    FROM "same_group" t1
    WHERE r.tbl = '1'
      AND r.c1_1 = t1."a"
  ) s
)
SELECT * FROM "usher recursion";

CREATE VIEW "example:even" ("c1") AS SELECT c1_1 FROM "example:even + example:odd" WHERE tbl = '1';

CREATE VIEW "example:odd" ("b") AS SELECT c2_1 FROM "example:even + example:odd" WHERE tbl = '2';

-- Rows of example:path are missing: see example.dl:28, which has no SQL form.
CREATE VIEW "example:path" ("a", "b") AS
-- example.dl:27  path(a, b) :- same_group(a, b)
SELECT DISTINCT t1."a", t1."b"
FROM "same_group" t1;

-- Rows of example:inside are missing: see example.dl:29, which has no SQL form.
CREATE VIEW "example:inside" ("vm") AS
SELECT NULL::jsonb WHERE FALSE;

-- Rows of example:grows are missing: see example.dl:30, which has no SQL form.
CREATE VIEW "example:grows" ("x") AS
SELECT NULL::jsonb WHERE FALSE;

-- Rows of example:outside are missing: see example.dl:31, which has no SQL form.
CREATE VIEW "example:outside" ("vm") AS
SELECT NULL::jsonb WHERE FALSE;

-- Rows of example:all_inside are missing: see example.dl:29, which has no SQL form.
CREATE VIEW "example:all_inside" (holds) AS
-- example.dl:32  all_inside :- inside(_)
SELECT DISTINCT TRUE
FROM "example:inside" t1;
