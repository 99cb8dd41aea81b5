-- A project of a service like Supabase: the application shares its database with the provider's schemas.
-- server:
CREATE ROLE supabase_admin SUPERUSER LOGIN PASSWORD 'p';
CREATE ROLE supabase_auth_admin NOLOGIN NOINHERIT;
CREATE ROLE supabase_storage_admin NOLOGIN NOINHERIT;
CREATE ROLE anon NOLOGIN;
CREATE ROLE authenticated NOLOGIN;
CREATE ROLE service_role NOLOGIN BYPASSRLS;
CREATE ROLE supabase_like LOGIN CREATEDB CREATEROLE BYPASSRLS PASSWORD 'p';
GRANT anon, authenticated, service_role, pg_read_all_data, pg_monitor TO supabase_like;
CREATE DATABASE supabase_like OWNER supabase_like;
GRANT CONNECT ON DATABASE postgres TO supabase_like;
-- database:
SET SESSION AUTHORIZATION supabase_admin;
CREATE SCHEMA extensions;
CREATE EXTENSION "uuid-ossp" SCHEMA extensions;
CREATE EXTENSION pg_stat_statements SCHEMA extensions;
CREATE SCHEMA auth AUTHORIZATION supabase_auth_admin;
CREATE SCHEMA storage AUTHORIZATION supabase_storage_admin;
CREATE SCHEMA realtime;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text UNIQUE);
ALTER TABLE auth.users OWNER TO supabase_auth_admin;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
ALTER FUNCTION auth.uid() OWNER TO supabase_auth_admin;
CREATE TABLE storage.objects (id int PRIMARY KEY, name text);
ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
CREATE TABLE realtime.messages (id int);
INSERT INTO auth.users SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'user' || i || '@example.org' FROM generate_series(1, 50) i;
INSERT INTO storage.objects VALUES (1, 'avatar.png');
GRANT USAGE ON SCHEMA auth, storage, extensions TO supabase_like, anon, authenticated;
GRANT ALL ON auth.users, storage.objects TO supabase_like;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_like IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
CREATE FUNCTION extensions.pgrst_ddl_watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY pgrst, 'reload schema'; END $$;
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.pgrst_ddl_watch();
CREATE PUBLICATION supabase_realtime_all FOR ALL TABLES;
COMMENT ON SCHEMA auth IS 'of the provider';
-- application:
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, key uuid DEFAULT extensions.uuid_generate_v4(), nickname text);
INSERT INTO profiles (id, nickname) SELECT id, split_part(email, '@', 1) FROM auth.users;
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON profiles USING (auth.uid() = id);
CREATE FUNCTION handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN INSERT INTO public.profiles (id) VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION handle_new_user();
