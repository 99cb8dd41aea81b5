-- Jobs, history, configuration and audit live in a database of their own, which no restore touches.
CREATE DATABASE notes_lifeboat;
