-- A database of a service like Heroku: TLS demanded, 20 connections, no CREATEDB, no other database.
-- server:
CREATE ROLE heroku_admin SUPERUSER LOGIN PASSWORD 'p';
CREATE ROLE heroku_like LOGIN CONNECTION LIMIT 20 PASSWORD 'p';
CREATE DATABASE heroku_like OWNER heroku_like;
REVOKE CONNECT ON DATABASE heroku_like FROM PUBLIC;
-- database:
SET SESSION AUTHORIZATION heroku_admin;
CREATE SCHEMA heroku_ext;
GRANT USAGE ON SCHEMA heroku_ext TO PUBLIC;
CREATE EXTENSION pg_stat_statements SCHEMA heroku_ext;
CREATE EXTENSION "uuid-ossp" SCHEMA heroku_ext;
-- application:
CREATE TABLE keys (id uuid PRIMARY KEY DEFAULT heroku_ext.uuid_generate_v4());
INSERT INTO keys DEFAULT VALUES;
