-- A role that may create databases and is a member of the one that owns everything.
-- server:
CREATE ROLE team NOLOGIN;
CREATE ROLE member_of_owner LOGIN CREATEDB PASSWORD 'p' IN ROLE team;
CREATE DATABASE member_of_owner OWNER team;
GRANT CONNECT ON DATABASE postgres TO member_of_owner;
-- database:
GRANT ALL ON SCHEMA public TO team;
-- application:
SET ROLE team;
-- end:
CREATE ROLE reader NOLOGIN;
GRANT SELECT ON orders TO reader;
