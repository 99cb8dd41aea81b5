-- An owner that may create databases, behind PgBouncer in session mode.
-- server:
CREATE ROLE session_pooler LOGIN CREATEDB PASSWORD 'p';
CREATE DATABASE session_pooler OWNER session_pooler;
GRANT CONNECT ON DATABASE postgres TO session_pooler;
-- application:
SELECT 1;
