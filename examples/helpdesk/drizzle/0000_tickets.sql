CREATE TABLE "tickets" (
	"id" integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	"customer" integer NOT NULL,
	"subject" text NOT NULL,
	"solved" boolean DEFAULT false NOT NULL,
	"opened_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "tickets_customer" ON "tickets" ("customer");
