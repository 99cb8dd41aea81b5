ALTER TABLE "tickets" ADD COLUMN "answer" text;
--> statement-breakpoint
UPDATE "tickets" SET "answer" = 'We have sent it again.' WHERE "solved";
