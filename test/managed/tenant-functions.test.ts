import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { restoreFixture } from '../../packages/core/src/restore/restore-fixture.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const { contextOf, backup, restore } = restoreFixture(() => cluster)

/** Functions of a tenant's in definitions, which say in whose name they ran. */
const tenants = `
  CREATE ROLE tenant NOLOGIN; CREATE ROLE other NOLOGIN;
  CREATE SCHEMA tenant AUTHORIZATION tenant;
  CREATE SCHEMA shared; GRANT USAGE ON SCHEMA shared TO tenant;
  CREATE TABLE shared.allowed (n int); GRANT SELECT ON shared.allowed TO tenant; INSERT INTO shared.allowed SELECT generate_series(1, 1000);
  SET ROLE tenant;
  CREATE FUNCTION tenant.watch(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('is_superuser') = 'on' THEN RAISE EXCEPTION 'ran as a superuser'; END IF;
    RETURN true; END $$;
  CREATE FUNCTION tenant.twice(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('is_superuser') = 'on' THEN RAISE EXCEPTION 'ran as a superuser'; END IF;
    RETURN n * 2; END $$;
  CREATE TABLE tenant.data (n int CHECK (tenant.watch(n)), twice int GENERATED ALWAYS AS (tenant.twice(n)) STORED);
  INSERT INTO tenant.data SELECT generate_series(1, 1000);
  CREATE TABLE tenant.later (n int);
  INSERT INTO tenant.later SELECT generate_series(1, 1000);
  ALTER TABLE tenant.later ADD CONSTRAINT watched CHECK (tenant.watch(n)) NOT VALID;
  CREATE FUNCTION tenant.is_allowed(n int) RETURNS boolean LANGUAGE sql AS $$ SELECT count(*) >= 0 FROM shared.allowed $$;
  CREATE TABLE tenant.looks_up (n int CHECK (tenant.is_allowed(n)));
  INSERT INTO tenant.looks_up VALUES (1);
  CREATE TABLE tenant.revoked (n int); INSERT INTO tenant.revoked VALUES (1); REVOKE ALL ON tenant.revoked FROM tenant;
  RESET ROLE;
`

test.each(['swap', 'in-place'] as const)("a tenant's function does not run as a superuser: %s", async (strategy) => {
  const name = `tenants_${strategy.replace('-', '_')}`
  await cluster.createDatabase(name)
  if (strategy === 'in-place') await cluster.sql('postgres', 'DROP ROLE IF EXISTS other')
  await cluster.sql(name, strategy === 'swap' ? tenants : tenants.replace(/CREATE ROLE \w+ NOLOGIN;/g, ''))
  const context = await contextOf(name)
  const id = await backup(context)
  await cluster.sql(name, 'DELETE FROM tenant.data')
  const result = await restore(context, id, { strategy })
  expect(result.rows).toBe(3002)
  const owners = await cluster.sql(
    name,
    "SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'tenant'::regnamespace",
  )
  expect(owners).toEqual([{ owner: 'tenant' }])
})
