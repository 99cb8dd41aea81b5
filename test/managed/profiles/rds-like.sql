-- The master user of a service like RDS: no superuser; CREATEDB, CREATEROLE, pg_read_all_data; extensions by the provider.
-- server:
CREATE ROLE rds_superuser NOLOGIN;
CREATE ROLE rdsadmin SUPERUSER LOGIN PASSWORD 'p';
CREATE ROLE rds_like LOGIN CREATEDB CREATEROLE PASSWORD 'p';
GRANT rds_superuser, pg_read_all_data, pg_monitor, pg_signal_backend TO rds_like;
CREATE DATABASE rdsadmin OWNER rdsadmin;
REVOKE CONNECT ON DATABASE rdsadmin FROM PUBLIC;
CREATE DATABASE rds_like OWNER rds_like;
GRANT CONNECT ON DATABASE postgres TO rds_like;
-- database:
SET SESSION AUTHORIZATION rdsadmin;
CREATE EXTENSION pg_stat_statements;
-- application:
CREATE EXTENSION citext;
CREATE TABLE labels (name citext PRIMARY KEY);
INSERT INTO labels VALUES ('Blue');
