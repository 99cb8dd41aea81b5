-- The smallest plan of a small provider: three connections, and none to any other database.
-- server:
CREATE ROLE three_connections LOGIN CREATEDB CONNECTION LIMIT 3 PASSWORD 'p';
CREATE DATABASE three_connections OWNER three_connections;
-- application:
SELECT 1;
