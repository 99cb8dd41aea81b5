-- A role that owns the database and nothing else: shared hosting, a small provider, a careful administrator.
-- server:
CREATE ROLE owner_only LOGIN PASSWORD 'p';
CREATE DATABASE owner_only OWNER owner_only;
GRANT CONNECT ON DATABASE postgres TO owner_only;
REVOKE CONNECT ON DATABASE owner_only FROM PUBLIC;
-- application:
CREATE EXTENSION pgcrypto;
