-- A project of a service like Neon: a role with CREATEDB and CREATEROLE, the provider's superuser apart.
-- server:
CREATE ROLE cloud_admin SUPERUSER LOGIN PASSWORD 'p';
CREATE ROLE neon_superuser NOLOGIN CREATEDB CREATEROLE BYPASSRLS REPLICATION;
GRANT pg_read_all_data, pg_write_all_data TO neon_superuser;
CREATE ROLE neon_like LOGIN CREATEDB CREATEROLE BYPASSRLS REPLICATION PASSWORD 'p' IN ROLE neon_superuser;
CREATE DATABASE neon_like OWNER neon_like;
GRANT CONNECT ON DATABASE postgres TO neon_like;
-- database:
ALTER DEFAULT PRIVILEGES FOR ROLE cloud_admin IN SCHEMA public GRANT ALL ON TABLES TO neon_superuser WITH GRANT OPTION;
-- application:
CREATE EXTENSION hstore;
-- afterwards:
CREATE PUBLICATION changes FOR TABLE orders;
