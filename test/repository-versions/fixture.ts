/** What the committed repositories hold. */

/** Of no other use than to open them. */
export const fixtureKey = '0f'.repeat(32)

export const setUpFixture = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE TABLE notes (id int PRIMARY KEY, body text, m mood DEFAULT 'ok');
  INSERT INTO notes VALUES (1, 'one', 'ok'), (2, E'tab\\there', 'sad'), (3, NULL, NULL);
  CREATE TABLE many AS SELECT i AS id, i * 7 % 13 AS n FROM generate_series(1, 400) i;
  CREATE SEQUENCE counter START 41; SELECT nextval('counter');
  SELECT lo_from_bytea(4711, 'large object');
  COMMENT ON TABLE notes IS 'Read by every later version'`
