-- The demo's figures straight from the data files, in whole numbers only: cents, 1/10,000 of a pack, 1/10,000 of a dollar.
-- Rounding is half up and written out: round(a / b) = (2 * a + b) / (2 * b) for a >= 0.

CREATE TABLE item (item INTEGER PRIMARY KEY, size INTEGER NOT NULL);
CREATE TABLE source (store INTEGER, item INTEGER, week INTEGER, ounces INTEGER, price8 INTEGER, deal INTEGER, feat8 INTEGER, margin4 INTEGER,
                     PRIMARY KEY (store, item, week));
CREATE TABLE visit (store INTEGER, week INTEGER, kind TEXT, PRIMARY KEY (store, week));
CREATE TABLE returned (store INTEGER, item INTEGER, week INTEGER, q4 INTEGER, PRIMARY KEY (store, item, week));
CREATE TABLE setting (flyer8 INTEGER, featured_part INTEGER, tolerance4 INTEGER, dm_cents INTEGER, endcap_cents INTEGER, scan_percent INTEGER, uplift INTEGER, tax_percent INTEGER);

CREATE VIEW sale AS
SELECT store, item, week, ounces, price8, deal, feat8,
       (2 * ounces * 10000 + size) / (2 * size) AS q4,
       (2 * price8 * size + 10000) / 20000 AS pack4,
       (price8 * size * (1000000 - margin4) + 5000000000) / 10000000000 AS cost4,
       (2 * ounces * price8 + 1000000) / 2000000 AS retail_cents
FROM source JOIN item USING (item);

CREATE TABLE line AS
SELECT *, (2 * q4 * cost4 + 1000000) / 2000000 AS net_cents FROM sale;
CREATE UNIQUE INDEX line_key ON line (item, week, store);

CREATE TABLE return_line AS
SELECT returned.store, returned.item, returned.week, returned.q4, (2 * returned.q4 * cost4 + 1000000) / 2000000 AS net_cents
FROM returned JOIN line USING (store, item, week);

CREATE TABLE featured AS
SELECT item, week FROM line GROUP BY item, week HAVING 100 * SUM(feat8 > 0) >= (SELECT featured_part FROM setting) * COUNT(*);

CREATE TABLE run AS
WITH island AS (SELECT item, week, week - ROW_NUMBER() OVER (PARTITION BY item ORDER BY week) AS island FROM featured)
SELECT ROW_NUMBER() OVER (ORDER BY MIN(week), item) AS run, item, MIN(week) AS first_week, MAX(week) AS last_week
FROM island GROUP BY item, island;

CREATE TABLE run_store AS
SELECT run, store FROM run JOIN line ON line.item = run.item AND line.week = run.first_week;

CREATE TABLE agreed AS
WITH counted AS (
  SELECT run, pack4, ROW_NUMBER() OVER (PARTITION BY run ORDER BY COUNT(*) DESC, pack4 DESC) AS place
  FROM run JOIN line ON line.item = run.item AND line.week = run.first_week GROUP BY run, pack4)
SELECT run, pack4, (2 * pack4 * (SELECT scan_percent FROM setting) + 100) / 200 AS scan4 FROM counted WHERE place = 1;

-- What the last visit with a finding for the item found; nobody having come leaves the task open.
CREATE TABLE verdict AS
WITH finding AS (
  SELECT run.run, line.store, line.pack4, line.deal, line.feat8, COALESCE(visit.kind, 'normal') AS kind,
         ROW_NUMBER() OVER (PARTITION BY run.run, line.store ORDER BY line.week DESC) AS place
  FROM run JOIN run_store USING (run)
  JOIN line ON line.item = run.item AND line.store = run_store.store AND line.week BETWEEN run.first_week AND run.last_week
  LEFT JOIN visit ON visit.store = line.store AND visit.week = line.week
  WHERE COALESCE(visit.kind, 'normal') <> 'missed')
SELECT run, store, kind <> 'no_photo' AS proven,
       finding.pack4 <= agreed.pack4 + (SELECT tolerance4 FROM setting) AS price_ok,
       feat8 >= (SELECT flyer8 FROM setting) AS dm_ok, deal = 1 AS endcap_ok
FROM finding JOIN agreed USING (run) WHERE place = 1;

-- Packs sold during the run in the stores that kept the price.
CREATE TABLE scanned AS
SELECT run.run, COALESCE(SUM(line.q4), 0) AS q4
FROM run LEFT JOIN verdict ON verdict.run = run.run AND proven AND price_ok
LEFT JOIN line ON line.item = run.item AND line.store = verdict.store AND line.week BETWEEN run.first_week AND run.last_week
GROUP BY run.run;

CREATE TABLE forecast AS
SELECT run, (SELECT uplift FROM setting) * (last_week - first_week + 1) * COALESCE(
         (SELECT SUM(q4) FROM line WHERE line.item = run.item AND line.week = run.first_week - 1),
         (SELECT SUM(q4) FROM line WHERE line.item = run.item AND line.week = run.first_week)) AS q4
FROM run;

CREATE VIEW promotion AS
WITH counted AS (
  SELECT run.run, COUNT(run_store.store) AS stores, COALESCE(SUM(proven AND price_ok), 0) AS price_count,
         COALESCE(SUM(proven AND dm_ok), 0) AS dm_count, COALESCE(SUM(proven AND endcap_ok), 0) AS endcap_count
  FROM run JOIN run_store USING (run) LEFT JOIN verdict ON verdict.run = run.run AND verdict.store = run_store.store GROUP BY run.run)
SELECT run.run, run.item, run.first_week, run.last_week, counted.stores, agreed.pack4, agreed.scan4, forecast.q4 AS forecast_q4, scanned.q4 AS scanned_q4,
       price_count, dm_count, endcap_count,
       (2 * scan4 * forecast.q4 + 1000000) / 2000000 AS price_planned, dm_cents AS dm_planned, endcap_cents * stores AS endcap_planned,
       (2 * scan4 * scanned.q4 + 1000000) / 2000000 AS price_earned,
       (2 * dm_cents * dm_count + stores) / (2 * stores) AS dm_earned, endcap_cents * endcap_count AS endcap_earned
FROM run JOIN counted USING (run) JOIN agreed USING (run) JOIN forecast USING (run) JOIN scanned USING (run) CROSS JOIN setting;
